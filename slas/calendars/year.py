"""A calendar's year as it is shown: twelve months, each day of one kind. Pure."""

from calendar import Calendar as Weeks
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from slas.calendars import from_content
from slas.calendars.content import Content, NamedDay, hours_text, named_days
from slas.clock import working_between
from slas.durations import in_hours


class DayKind(StrEnum):
    """`extra` is worked although its weekday is closed; `other` has other hours than its weekday."""

    WORKING = "working"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    EXTRA = "extra"
    OTHER = "other"


@dataclass(frozen=True)
class ShownDay:
    date: date
    kind: DayKind
    name: str
    hours: str


@dataclass(frozen=True)
class Month:
    """`weeks` run from Monday; a None is a day of a neighbour month. `named` are the days that differ, in order."""

    first: date
    weeks: Sequence[Sequence[ShownDay | None]]
    named: Sequence[ShownDay]


@dataclass(frozen=True)
class Year:
    number: int
    months: Sequence[Month]
    counts: Mapping[str, int]
    worked: timedelta

    @property
    def n_worked(self) -> int:
        """Days on which work begins."""
        return sum(self.counts[kind] for kind in (DayKind.WORKING, DayKind.EXTRA, DayKind.OTHER))

    @property
    def hours_text(self) -> str:
        return in_hours(self.worked)


def year_of(content: Content, number: int) -> Year:
    """The year `number` of a calendar with this content."""
    special = {day.date: day for day in named_days(content)}
    months = [_month(content, special, date(number, month, 1)) for month in range(1, 13)]
    shown = [day for month in months for week in month.weeks for day in week if day]
    zone = ZoneInfo(content["timezone"])
    begin, end = (datetime(year, 1, 1, tzinfo=zone).astimezone(UTC) for year in (number, number + 1))
    return Year(
        number=number,
        months=months,
        counts={kind: sum(day.kind is kind for day in shown) for kind in DayKind},
        worked=working_between(from_content(content), begin, end),
    )


def _month(content: Content, special: Mapping[date, NamedDay], first: date) -> Month:
    weeks = [
        [_day(content, special.get(day), day) if day.month == first.month else None for day in week]
        for week in Weeks().monthdatescalendar(first.year, first.month)
    ]
    return Month(first, weeks, [day for week in weeks for day in week if day and day.name])


def _day(content: Content, special: NamedDay | None, day: date) -> ShownDay:
    usual = content["hours"].get(str(day.weekday()), ())
    if special is None:
        return ShownDay(day, DayKind.WORKING if usual else DayKind.CLOSED, "", hours_text(usual))
    if not special.hours:
        return ShownDay(day, DayKind.HOLIDAY, special.name, "")
    return ShownDay(day, DayKind.OTHER if usual else DayKind.EXTRA, special.name, special.hours_text)
