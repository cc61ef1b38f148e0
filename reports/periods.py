"""Periods of whole days in the reader's time zone, and the one before of the same length."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LENGTHS = {"7d": 7, "30d": 30, "90d": 90}
DEFAULT = "30d"
CUSTOM = "custom"
LONGEST = 366  # days
DAILY_UP_TO = 92  # days; longer periods are drawn in weeks


@dataclass(frozen=True)
class Period:
    """Whole days from `first` to `last`, both included. `starts_at` and `ends_at` (exclusive) are their midnights."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def starts_at(self) -> datetime:
        return _midnight(self.first, self.zone)

    @property
    def ends_at(self) -> datetime:
        return _midnight(self.last + timedelta(days=1), self.zone)

    @property
    def n_days(self) -> int:
        return (self.last - self.first).days + 1

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range(self.n_days))

    def before(self) -> "Period":
        """The period of the same length that ends where this one starts."""
        length = timedelta(days=self.n_days)
        return Period(self.first - length, self.last - length, self.zone)

    def steps(self) -> list["Period"]:
        """Its days, or its weeks where it is long; the last may be shorter."""
        return self._cut(1 if self.n_days <= DAILY_UP_TO else 7)

    def parts(self, most: int) -> list["Period"]:
        """At most `most` pieces of equal length; the last may be shorter."""
        return self._cut(-(-self.n_days // most))

    def _cut(self, width: int) -> list["Period"]:
        starts = [self.first + timedelta(days=n) for n in range(0, self.n_days, width)]
        return [Period(first, min(first + timedelta(days=width - 1), self.last), self.zone) for first in starts]

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def last_days(n_days: int, *, now: datetime, zone: ZoneInfo) -> Period:
    """Today and the days before it, `n_days` in all."""
    today = now.astimezone(zone).date()
    return Period(today - timedelta(days=n_days - 1), today, zone)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day there. Where midnight does not exist (a clock put forward at 00:00), the time after."""
    return datetime.combine(day, time.min, tzinfo=zone)
