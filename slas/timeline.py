"""The open time of one calendar, laid out on the UTC axis so that every question is a binary search.

Hours are read as the wall clock of their zone shows them. Where summer time skips an opening or closing, it comes as much
later as the clock jumped; where the clock shows it twice, the first time is meant (the rule of RFC 5545, 3.3.5).

Days are counted from 1970-01-01. A local window is a pair of seconds on the wall clock since 1970-01-01 00:00 local time; the
tables hold microseconds since 1970-01-01 00:00 UTC. Windows are half-open: the opening belongs to them, the closing does not.
Local windows become UTC before anything is subtracted. Pure: no Django, no machine clock.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400  # seconds
SECOND = 1_000_000  # microseconds
FIRST_YEAR, LAST_YEAR = 2, 9998  # one year inside what datetime can hold, so that no zone's local time leaves it

Window = tuple[int, int]  # opens, closes
Week = tuple[tuple[Window, ...], ...]  # the windows of each weekday from Monday, in seconds after its midnight
Special = tuple[tuple[int, tuple[Window, ...]], ...]  # day, and the windows that replace its weekday's


class NoWorkingTime(Exception):
    """The calendar has no instant that could be the answer: it never opens, or never closes, again."""


@dataclass(frozen=True)
class OpenTime:
    """The open windows of the UTC years that begin at `begin` and end at `end`, sorted and disjoint, in microseconds.

    The position of an instant is the open time from `begin` up to it. The working time between two instants is the
    difference of their positions; adding working time is finding the instant of a later position.
    """

    begin: int
    end: int
    opens: "array[int]"
    closes: "array[int]"
    before: "array[int]"  # the position of each opening
    total: int  # the position of `end`

    def position(self, at: int) -> int:
        """Return the open microseconds from `begin` up to `at`."""
        index = bisect_right(self.opens, at) - 1
        if index < 0:
            return 0
        closes = self.closes[index]
        return self.before[index] + (at if at < closes else closes) - self.opens[index]

    def earliest_at(self, position: int) -> int:
        """Return the first instant of a position in (0, total]: the closing, where a window ends exactly there."""
        index = bisect_left(self.before, position) - 1
        return self.opens[index] + position - self.before[index]

    def latest_at(self, position: int) -> int:
        """Return the last instant of a position in [0, total): the opening, where a window begins exactly there."""
        index = bisect_right(self.before, position) - 1
        return self.opens[index] + position - self.before[index]

    def next_open(self, at: int) -> int | None:
        """Return `at` if open, else the next opening in the table."""
        index = bisect_right(self.closes, at)
        return max(at, self.opens[index]) if index < len(self.opens) else None

    def prev_open(self, at: int) -> int | None:
        """Return `at` if time was open right up to it, else the last closing in the table."""
        index = bisect_left(self.opens, at) - 1
        return min(at, self.closes[index]) if index >= 0 else None

    def next_close(self, at: int) -> int | None:
        """Return the end of the window that is open at `at` or opens next, None where that end is not in the table."""
        index = bisect_right(self.closes, at)
        if index < len(self.closes) and self.closes[index] < self.end:
            return self.closes[index]
        return None

    def within(self, start: int, end: int) -> list[Window]:
        """Return the windows that overlap [start, end), clipped to it."""
        indexes = range(bisect_right(self.closes, start), bisect_left(self.opens, end))
        return [(max(self.opens[index], start), min(self.closes[index], end)) for index in indexes]


class Timeline:
    """Tables of one calendar's open time, built by whole years when first asked for, and kept.

    Threads may share it without a lock: a table is never changed, only replaced by a wider one.
    """

    def __init__(self, zone: str, week: Week, special: Special) -> None:
        self._zone = ZoneInfo(zone)
        self._week = week
        self._special = dict(special)
        self._special_years = [year_of(day * DAY * SECOND) for day in self._special]
        self._table: OpenTime | None = None

    def around(self, earliest: int, latest: int) -> OpenTime:
        """Return a table that covers both instants and all between."""
        table = self._table
        if table is not None and table.begin <= earliest and latest < table.end:
            return table
        first_year, last_year = year_of(earliest), year_of(latest)
        if first_year < FIRST_YEAR or last_year > LAST_YEAR:
            raise ValueError(f"Working time is only known in the years {FIRST_YEAR} to {LAST_YEAR}.")
        return self._widened(first_year, last_year)

    def later(self, table: OpenTime, missing: int) -> OpenTime:
        """Return a table with probably `missing` more open microseconds after it. NoWorkingTime where nothing can follow."""
        last_year = year_of(table.end - 1)
        if any(self._week):
            end = last_year + self._years_for(missing)
        else:
            end = max(self._special_years, default=FIRST_YEAR) + 1
        if not last_year < end <= LAST_YEAR:
            raise NoWorkingTime("This calendar has no more working time: it never opens again.")
        return self._widened(year_of(table.begin), end)

    def earlier(self, table: OpenTime, missing: int) -> OpenTime:
        """Return a table with probably `missing` more open microseconds before it. NoWorkingTime where nothing precedes."""
        first_year = year_of(table.begin)
        if any(self._week):
            begin = first_year - self._years_for(missing)
        else:
            begin = min(self._special_years, default=LAST_YEAR) - 1
        if not FIRST_YEAR <= begin < first_year:
            raise NoWorkingTime("This calendar has no earlier working time: it never opened before.")
        return self._widened(begin, year_of(table.end - 1))

    def to_the_horizon(self, at: int) -> OpenTime:
        """Return a table from `at` to two years past every special day, both ways: what is not in there never happens."""
        years = [year_of(at), *self._special_years]
        return self._widened(min(years) - 2, max(years) + 2)

    def _years_for(self, missing: int) -> int:
        regular_week = sum(closes - opens for windows in self._week for opens, closes in windows) * SECOND
        return missing // (52 * regular_week) + 1

    def _widened(self, first_year: int, last_year: int) -> OpenTime:
        """Return a table of these years (as far as there are such), that keeps the years there were."""
        begin, end = year_start(max(first_year, FIRST_YEAR)), year_start(min(last_year, LAST_YEAR) + 1)
        table = self._table
        if table is not None:
            begin, end = min(begin, table.begin), max(end, table.end)
        if table is None or (begin, end) != (table.begin, table.end):
            self._table = table = self._tabulate(begin, end)
        return table

    def _tabulate(self, begin: int, end: int) -> OpenTime:
        local = merged(self._local_windows(begin // SECOND // DAY, end // SECOND // DAY))
        windows = merged(
            (max(to_utc(self._zone, opens), begin), min(to_utc(self._zone, closes), end)) for opens, closes in local
        )
        opens = array("q", [opens for opens, _ in windows])
        closes = array("q", [closes for _, closes in windows])
        *before, total = accumulate((closes - opens for opens, closes in windows), initial=0)
        return OpenTime(begin, end, opens, closes, array("q", before), total)

    def _local_windows(self, first_day: int, end_day: int) -> list[Window]:
        """Return the unsorted local windows of the days, with two more on each side for zones far from UTC and night shifts."""
        first_day, end_day = first_day - 2, end_day + 2
        regular = [
            (day * DAY + opens, day * DAY + closes)
            for weekday, windows in enumerate(self._week)
            for opens, closes in windows
            for day in range(first_day + (weekday - EPOCH.weekday() - first_day) % 7, end_day, 7)
            if day not in self._special
        ]
        special = [
            (day * DAY + opens, day * DAY + closes)
            for day, windows in self._special.items()
            if first_day <= day < end_day
            for opens, closes in windows
        ]
        return regular + special


def to_utc(zone: ZoneInfo, second: int) -> int:
    """Return the microsecond UTC at which the zone's wall clock shows `second`, by the rule at the top of this module."""
    # Adding to a datetime is arithmetic of the wall clock, and its offset that of the first showing, or before the jump.
    shown = datetime(1970, 1, 1, tzinfo=zone) + timedelta(seconds=second)
    return (second - (shown.utcoffset() or timedelta()) // timedelta(seconds=1)) * SECOND


def merged(windows: Iterable[Window]) -> list[Window]:
    """Return the windows sorted, with those that overlap or touch made one and empty ones dropped."""
    result: list[Window] = []
    for opens, closes in sorted(windows):
        if result and opens <= result[-1][1]:
            result[-1] = (result[-1][0], max(closes, result[-1][1]))
        elif opens < closes:
            result.append((opens, closes))
    return result


def year_start(year: int) -> int:
    """Return the first microsecond of the UTC year."""
    return (date(year, 1, 1).toordinal() - EPOCH.toordinal()) * DAY * SECOND


def year_of(at: int) -> int:
    """Return the UTC year of an instant."""
    return date.fromordinal(EPOCH.toordinal() + at // SECOND // DAY).year
