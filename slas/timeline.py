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
from functools import lru_cache
from itertools import accumulate
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400  # seconds
SECOND = 1_000_000  # microseconds
FIRST_YEAR, LAST_YEAR = 2, 9997  # inside what datetime can hold, with room to look up the neighbouring years

Window = tuple[int, int]  # opens, closes
Week = tuple[tuple[Window, ...], ...]  # the windows of each weekday from Monday, in seconds after its midnight
Special = tuple[tuple[int, tuple[Window, ...]], ...]  # day, and the windows that replace its weekday's


class NoWorkingTime(Exception):
    """The calendar has no instant that could be the answer: it never opens, or never closes, again."""


@dataclass(frozen=True)
class OpenTime:
    """The open windows of the UTC years [first_year, end_year), sorted and disjoint, in microseconds.

    The position of an instant is the open time from the start of the table up to it. The working time between two instants
    is the difference of their positions; adding working time is finding the instant of a later position.
    """

    first_year: int
    end_year: int
    opens: "array[int]"
    closes: "array[int]"
    before: "array[int]"  # the position of each opening
    total: int  # the position of the end of the table

    def position(self, at: int) -> int:
        """Return the open microseconds from the start of the table up to `at`."""
        index = bisect_right(self.opens, at) - 1
        if index < 0:
            return 0
        return self.before[index] + min(at, self.closes[index]) - self.opens[index]

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
        if index < len(self.closes) and self.closes[index] < year_start(self.end_year):
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
        self._zone = zone
        self._week = week
        self._special = dict(special)
        self._special_years = [year_of(day * DAY * SECOND) for day in self._special]
        self._table: OpenTime | None = None

    def around(self, *instants: int) -> OpenTime:
        """Return a table that covers all these instants."""
        first_year, last_year = year_of(min(instants)), year_of(max(instants))
        if first_year < FIRST_YEAR or last_year > LAST_YEAR:
            raise ValueError(f"Working time is only known in the years {FIRST_YEAR} to {LAST_YEAR}.")
        return self._covering(first_year, last_year + 1)

    def ahead_of(self, table: OpenTime) -> OpenTime:
        """Return a table twice as long into the future. NoWorkingTime where nothing can follow."""
        if table.end_year > LAST_YEAR or not (any(self._week) or table.end_year <= max(self._special_years, default=0)):
            raise NoWorkingTime("This calendar has no more working time: it never opens again.")
        return self._covering(table.first_year, 2 * table.end_year - table.first_year)

    def behind(self, table: OpenTime) -> OpenTime:
        """Return a table twice as long into the past. NoWorkingTime where nothing can precede."""
        if table.first_year <= FIRST_YEAR or not (
            any(self._week) or table.first_year > min(self._special_years, default=LAST_YEAR)
        ):
            raise NoWorkingTime("This calendar has no earlier working time: it never opened before.")
        return self._covering(2 * table.first_year - table.end_year, table.end_year)

    def to_the_horizon(self, at: int) -> OpenTime:
        """Return a table from `at` to two years past every special day, both ways: what is not in there never happens."""
        years = [year_of(at), *self._special_years]
        return self._covering(min(years) - 2, max(years) + 3)

    def _covering(self, first_year: int, end_year: int) -> OpenTime:
        table = self._table
        if table is not None:
            if table.first_year <= first_year and end_year <= table.end_year:
                return table
            first_year, end_year = min(first_year, table.first_year), max(end_year, table.end_year)
        self._table = table = self._tabulate(max(first_year, FIRST_YEAR), min(end_year, LAST_YEAR + 1))
        return table

    def _tabulate(self, first_year: int, end_year: int) -> OpenTime:
        local = merged(
            self._local_windows(year_start(first_year) // SECOND // DAY, year_start(end_year) // SECOND // DAY)
        )
        windows = utc_windows(self._zone, local, first_year, end_year)
        opens = array("q", [opens for opens, _ in windows])
        closes = array("q", [closes for _, closes in windows])
        *before, total = accumulate((closes - opens for opens, closes in windows), initial=0)
        return OpenTime(first_year, end_year, opens, closes, array("q", before), total)

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


def utc_windows(zone: str, local: list[Window], first_year: int, end_year: int) -> list[Window]:
    """Return local windows as microseconds UTC, clipped to the UTC years [first_year, end_year), sorted and disjoint."""
    stretches = [stretch for year in range(first_year - 1, end_year + 1) for stretch in utc_offsets(zone, year)]
    offsets = [offset for _, offset in stretches]
    # A wall clock time is read with the offset before a change of offset until it is beyond the reach of both.
    turns = [end + max(before, after) for (end, before), after in zip(stretches[:-1], offsets[1:], strict=True)]
    begin, end = year_start(first_year), year_start(end_year)

    def to_utc(second: int) -> int:
        return min(max((second - offsets[bisect_right(turns, second)]) * SECOND, begin), end)

    return merged((to_utc(opens), to_utc(closes)) for opens, closes in local)


@lru_cache(maxsize=4096)
def utc_offsets(zone: str, year: int) -> list[tuple[int, int]]:
    """Return (end, offset) in seconds for each stretch of the UTC year in which the zone keeps one offset.

    zoneinfo does not tell its changes, so each day's offset is compared with the next day's, and where they differ the
    change is narrowed down to its second.
    """
    info = ZoneInfo(zone)
    year_end = year_start(year + 1) // SECOND
    stretches = []
    begin = year_start(year) // SECOND
    offset = _offset(info, begin)
    for day in range(begin, year_end, DAY):
        while _offset(info, day + DAY) != offset:
            same, changed = max(day, begin), day + DAY
            while changed - same > 1:
                middle = (same + changed) // 2
                same, changed = (middle, changed) if _offset(info, middle) == offset else (same, middle)
            stretches.append((changed, offset))
            begin, offset = changed, _offset(info, changed)
    return [*stretches, (year_end, offset)]


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


def _offset(zone: ZoneInfo, second: int) -> int:
    offset = (EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    return (offset or timedelta()) // timedelta(seconds=1)
