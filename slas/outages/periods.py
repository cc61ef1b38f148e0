"""Days, weeks, months and years of the reader's time zone, as availability is promised by them."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
FIRST, LAST = date(2000, 1, 1), date(2100, 1, 1)


class Length(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


PARTS = {Length.DAY: Length.DAY, Length.WEEK: Length.DAY, Length.MONTH: Length.DAY, Length.YEAR: Length.MONTH}
"""What the course of a period is drawn in."""


@dataclass(frozen=True)
class Period:
    """The day, week (from Monday), month or year that begins on `first`. `starts_at` and `ends_at` (exclusive) are its
    midnights in `zone`."""

    length: Length
    first: date
    zone: ZoneInfo

    @property
    def after(self) -> date:
        """The day after its last."""
        match self.length:
            case Length.DAY:
                return self.first + ONE_DAY
            case Length.WEEK:
                return self.first + 7 * ONE_DAY
            case Length.MONTH:
                return (self.first + 31 * ONE_DAY).replace(day=1)
        return self.first.replace(year=self.first.year + 1)

    @property
    def last(self) -> date:
        return self.after - ONE_DAY

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.first, time.min, tzinfo=self.zone)

    @property
    def ends_at(self) -> datetime:
        return datetime.combine(self.after, time.min, tzinfo=self.zone)

    def before(self) -> "Period":
        return period_with(self.first - ONE_DAY, self.length, self.zone)

    def next(self) -> "Period":
        return period_with(self.after, self.length, self.zone)

    def parts(self) -> list["Period"]:
        """Its days, of a year its months; a day is its own part."""
        found = [period_with(self.first, PARTS[self.length], self.zone)]
        while found[-1].after < self.after:
            found.append(found[-1].next())
        return found


def period_with(day: date, length: Length, zone: ZoneInfo) -> Period:
    """The period of that length which `day` lies in; days outside of this century count as its edge."""
    day = min(max(day, FIRST), LAST)
    match length:
        case Length.DAY:
            first = day
        case Length.WEEK:
            first = day - timedelta(days=day.weekday())
        case Length.MONTH:
            first = day.replace(day=1)
        case Length.YEAR:
            first = day.replace(month=1, day=1)
    return Period(length, first, zone)
