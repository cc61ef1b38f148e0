"""Working time: when a calendar is open, and how to add and measure time in which only its open hours count.

All functions take aware datetimes of any zone (a naive one is a ValueError) and return UTC. They are exact to the microsecond,
also over the hours that summer time skips or repeats. Pure: no Django, and `now` is always an argument.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from slas.timeline import DAY, EPOCH, NoWorkingTime, Special, Timeline, Week, Window

__all__ = [
    "Calendar",
    "NoWorkingTime",
    "add_working",
    "holidays_between",
    "intervals",
    "is_open",
    "next_close",
    "next_open",
    "prev_open",
    "working_between",
]

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MICROSECOND = timedelta(microseconds=1)
TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")

Hours = Sequence[tuple[str, str]]  # ("HH:MM", "HH:MM") intervals of one day


@dataclass(frozen=True, eq=False)
class Calendar:
    """The hours in which an organisation works. Immutable, hashable, and equal to every calendar of the same content.

    `hours` gives the intervals of each weekday (0 = Monday), `exceptions` those that replace a date's own hours, and
    `holidays` the name of each date that is closed, whatever its hours or exceptions say. An interval is ("HH:MM", "HH:MM")
    on the wall clock of `timezone`; its end may be "24:00", and an end before its start lies on the next day. An interval
    belongs to the day it starts on: a night shift that begins before a holiday is worked to its end. Overlapping intervals
    count once. ValueError names the first thing that is wrong.
    """

    timezone: str
    hours: Mapping[int, Hours]
    holidays: Mapping[date, str] = field(default_factory=dict)
    exceptions: Mapping[date, Hours] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_zone(self.timezone)
        for weekday in self.hours:
            if weekday not in range(7):
                raise ValueError(f"{weekday!r} is not a weekday: use 0 for Monday to 6 for Sunday.")
        for day in (*self.holidays, *self.exceptions):
            if not isinstance(day, date) or isinstance(day, datetime):
                raise ValueError(f"{day!r} is not a date.")
        hours = {weekday: tuple(map(tuple, self.hours[weekday])) for weekday in sorted(self.hours)}
        exceptions = {day: tuple(map(tuple, self.exceptions[day])) for day in sorted(self.exceptions)}
        object.__setattr__(self, "hours", MappingProxyType(hours))
        object.__setattr__(self, "holidays", MappingProxyType(dict(sorted(self.holidays.items()))))
        object.__setattr__(self, "exceptions", MappingProxyType(exceptions))
        _ = self._week, self._special  # refuse bad intervals now

    @classmethod
    def always(cls) -> "Calendar":
        """Return the calendar that is open 24 hours on 7 days."""
        return cls("UTC", dict.fromkeys(range(7), (("00:00", "24:00"),)))

    def is_working_day(self, day: date) -> bool:
        """Say whether any interval starts on this date."""
        if day in self.holidays:
            return False
        return bool(self.exceptions[day] if day in self.exceptions else self.hours.get(day.weekday()))

    @cached_property
    def _week(self) -> Week:
        return tuple(_windows(self.hours.get(weekday, ()), WEEKDAYS[weekday]) for weekday in range(7))

    @cached_property
    def _special(self) -> Special:
        windows = {day: _windows(hours, day.isoformat()) for day, hours in self.exceptions.items()}
        windows |= dict.fromkeys(self.holidays, ())
        return tuple((day.toordinal() - EPOCH.toordinal(), windows[day]) for day in sorted(windows))

    @cached_property
    def _closed_days(self) -> tuple[date, ...]:
        return tuple(self.holidays)  # sorted above

    @cached_property
    def timeline(self) -> Timeline:
        """The tables that answer the questions, shared by all calendars with the same hours."""
        return _timeline(self.timezone, self._week, self._special)

    @cached_property
    def _content(self) -> tuple[object, ...]:
        return (self.timezone, *(tuple(part.items()) for part in (self.hours, self.holidays, self.exceptions)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Calendar) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    def __reduce__(self) -> tuple[object, ...]:
        return Calendar, (self.timezone, dict(self.hours), dict(self.holidays), dict(self.exceptions))


def add_working(calendar: Calendar, start: datetime, duration: timedelta) -> datetime:
    """Return the first instant by which `duration` of working time has passed since `start`.

    Work that fills a day to its end ends at the closing, not at the next opening. A negative duration goes back, to the
    last instant that fits: an opening rather than the closing before it. Zero leaves an instant in or at the end of working
    time where it is and moves any other to the next opening. NoWorkingTime where the calendar has not that much time.
    """
    timeline, at, amount = calendar.timeline, _microseconds(start), duration // MICROSECOND
    if amount == 0:
        ends_work = timeline.around(at - 1, at).prev_open(at) == at
        return _datetime(at) if ends_work else next_open(calendar, start)
    table = timeline.around(at, at)
    while not 0 <= (position := table.position(at) + amount) <= table.total:
        table = timeline.earlier(table, -position) if amount < 0 else timeline.later(table, position - table.total)
    return _datetime(table.latest_at(position) if amount < 0 else table.earliest_at(position))


def working_between(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """Return the working time from `start` to `end`, negative when `end` is the earlier."""
    first, last = _microseconds(start), _microseconds(end)
    table = calendar.timeline.around(min(first, last), max(first, last))
    return timedelta(microseconds=table.position(last) - table.position(first))


def is_open(calendar: Calendar, at: datetime) -> bool:
    """Say whether the calendar is open: from the opening, and no longer at the closing."""
    instant = _microseconds(at)
    return calendar.timeline.around(instant, instant).next_open(instant) == instant


def next_open(calendar: Calendar, at: datetime) -> datetime:
    """Return `at` if the calendar is open, else the next opening. NoWorkingTime if there is none."""
    instant, timeline = _microseconds(at), calendar.timeline
    found = timeline.around(instant, instant).next_open(instant)
    if found is None:
        found = timeline.to_the_horizon(instant).next_open(instant)
    if found is None:
        raise NoWorkingTime("This calendar never opens again.")
    return _datetime(found)


def prev_open(calendar: Calendar, at: datetime) -> datetime:
    """Return `at` if the calendar was open right up to it, else the last closing. NoWorkingTime if there is none."""
    instant, timeline = _microseconds(at), calendar.timeline
    found = timeline.around(instant, instant).prev_open(instant)
    if found is None:
        found = timeline.to_the_horizon(instant).prev_open(instant)
    if found is None:
        raise NoWorkingTime("This calendar never opened before.")
    return _datetime(found)


def next_close(calendar: Calendar, at: datetime) -> datetime:
    """Return the end of the working time that is on at `at` or comes next. NoWorkingTime if it never ends or never comes."""
    instant, timeline = _microseconds(at), calendar.timeline
    found = timeline.around(instant, instant).next_close(instant)
    if found is None:
        found = timeline.to_the_horizon(instant).next_close(instant)
    if found is None:
        raise NoWorkingTime("This calendar never closes again.")
    return _datetime(found)


def intervals(calendar: Calendar, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return the (opening, closing) pairs of the working time in [start, end), clipped to it and in order."""
    first, last = _microseconds(start), _microseconds(end)
    if last <= first:
        return []
    windows = calendar.timeline.around(first, last).within(first, last)
    return [(_datetime(opens), _datetime(closes)) for opens, closes in windows]


def holidays_between(calendar: Calendar, start: datetime, end: datetime) -> list[tuple[datetime, datetime, str]]:
    """Return (start, end, name) of each holiday in [start, end), clipped to it: its local day from midnight to midnight."""
    zone, one_day = ZoneInfo(calendar.timezone), timedelta(days=1)
    start, end = _datetime(_microseconds(start)), _datetime(_microseconds(end))
    found = []
    days = calendar._closed_days
    near = slice(bisect_left(days, start.date() - one_day), bisect_right(days, end.date() + one_day))
    for day in days[near]:  # no zone is more than a day from UTC
        starts_at = max(start, datetime.combine(day, time(), zone).astimezone(UTC))
        ends_at = min(end, datetime.combine(day + one_day, time(), zone).astimezone(UTC))
        if starts_at < ends_at:
            found.append((starts_at, ends_at, calendar.holidays[day]))
    return found


def _microseconds(at: datetime) -> int:
    try:
        return (at - EPOCH) // MICROSECOND
    except TypeError as error:
        raise ValueError(f"{at!r} has no time zone: working time is only known for aware datetimes.") from error


def _datetime(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


@lru_cache(maxsize=256)
def _timeline(zone: str, week: Week, special: Special) -> Timeline:
    return Timeline(zone, week, special)


def _check_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, TypeError, OSError) as error:
        raise ValueError(f"{zone!r} is not a known time zone: use a name like 'Europe/Berlin'.") from error


def _windows(hours: Hours, where: str) -> tuple[Window, ...]:
    """Return the intervals of a day in seconds after its midnight; ValueError says `where` one is wrong."""
    return tuple(_window(interval, where) for interval in hours)


def _window(interval: Sequence[str], where: str) -> Window:
    if len(interval) != 2:
        raise ValueError(f"{where}: {interval!r} is not an interval: give its opening and its closing.")
    opens = _seconds(interval[0], where)
    closes = DAY if interval[1] == "24:00" else _seconds(interval[1], where)
    if opens == closes:
        raise ValueError(f"{where}: the interval {interval[0]}-{interval[1]} is empty; a whole day is 00:00-24:00.")
    return (opens, closes if closes > opens else closes + DAY)


def _seconds(text: str, where: str) -> int:
    match = TIME_OF_DAY.fullmatch(str(text))
    if match is None:
        raise ValueError(f"{where}: {text!r} is not a time of day: write HH:MM, 00:00 to 23:59 (24:00 only as an end).")
    return int(match[1]) * 3600 + int(match[2]) * 60
