"""What must hold for every calendar and every time, against an oracle that walks minute by minute.

The oracle knows no tables and no positions: it lists the windows of each local day, turns them into UTC one by one and asks
each minute whether a window contains it.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from slas.clock import (
    Calendar,
    add_working,
    intervals,
    is_open,
    next_close,
    next_open,
    prev_open,
    working_between,
)

MINUTE, DAY, NOTHING = timedelta(minutes=1), timedelta(days=1), timedelta(0)
SPAN = 5 * DAY  # how far the oracle walks

# A day near which each zone's wall clock jumps; several jump at midnight, one by half an hour, one by a whole day.
JUMPS = {
    "UTC": [date(2026, 1, 1)],
    "Europe/Berlin": [date(2026, 3, 29), date(2026, 10, 25)],
    "Europe/Dublin": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "America/Sao_Paulo": [date(2018, 2, 18), date(2018, 11, 4)],
    "America/Havana": [date(2026, 3, 8), date(2026, 11, 1)],
    "America/St_Johns": [date(2010, 3, 14), date(2010, 11, 7)],
    "Africa/Casablanca": [date(2026, 2, 15), date(2026, 3, 22)],
    "Asia/Tehran": [date(2021, 3, 22), date(2021, 9, 22)],
    "Asia/Beirut": [date(2026, 3, 29), date(2026, 10, 25)],
    "Asia/Shanghai": [date(2026, 2, 17)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],
    "Pacific/Apia": [date(2011, 12, 30), date(2012, 4, 1)],
    "Pacific/Kiritimati": [date(1994, 12, 31)],
    "Pacific/Chatham": [date(2026, 4, 5), date(2026, 9, 27)],
}


def clock_text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def one_interval(draw) -> tuple[str, str]:
    opens = draw(st.integers(0, 95)) * 15
    closes = draw(st.integers(0, 96).filter(lambda quarter: quarter * 15 != opens and quarter != 0)) * 15
    return clock_text(opens), clock_text(closes)


hours_of_a_day = st.lists(one_interval(), min_size=1, max_size=3)


@st.composite
def calendars_and_days(draw) -> tuple[Calendar, date]:
    """A calendar that works every week, and a day near which its zone may change its offset."""
    zone = draw(st.sampled_from(sorted(JUMPS)))
    day = draw(st.sampled_from(JUMPS[zone]))
    near = st.integers(-6, 6).map(lambda days: day + days * DAY)
    hours = draw(st.dictionaries(st.integers(0, 6), hours_of_a_day, min_size=1))
    holidays = draw(st.dictionaries(near, st.just("a holiday"), max_size=2))
    exceptions = draw(st.dictionaries(near, st.just(()) | hours_of_a_day, max_size=2))
    return Calendar(zone, hours, holidays, exceptions), day


def instants_near(day: date, days: int = 3) -> st.SearchStrategy[datetime]:
    noon = datetime.combine(day, time(12), UTC)
    return st.integers(-days * 1440, days * 1440).map(lambda minutes: noon + minutes * MINUTE)


@st.composite
def calendars_and_instants(draw) -> tuple[Calendar, datetime]:
    calendar, day = draw(calendars_and_days())
    return calendar, draw(instants_near(day))


durations = st.timedeltas(NOTHING, 4 * DAY)


def oracle_windows(calendar: Calendar, first: date, last: date) -> list[tuple[datetime, datetime]]:
    """The windows of the local days, in UTC. Overlapping ones are joined on the wall clock first."""
    local = []
    for number in range((last - first).days + 1):
        day = first + number * DAY
        hours = calendar.exceptions.get(day, calendar.hours.get(day.weekday(), ()))
        for opens, closes in () if day in calendar.holidays else hours:
            begin = datetime.combine(day, time.fromisoformat(opens))
            end = (
                datetime.combine(day, time()) + DAY
                if closes == "24:00"
                else datetime.combine(day, time.fromisoformat(closes))
            )
            local.append((begin, end if end > begin else end + DAY))
    joined = []
    for begin, end in sorted(local):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    zone = ZoneInfo(calendar.timezone)
    return [
        (begin.replace(tzinfo=zone).astimezone(UTC), end.replace(tzinfo=zone).astimezone(UTC)) for begin, end in joined
    ]


def oracle_open_minutes(calendar: Calendar, start: datetime, end: datetime) -> list[bool]:
    """Whether each minute of [start, end) is open; all windows begin and end at whole minutes."""
    open_minutes = {
        begin + number * MINUTE
        for begin, stop in oracle_windows(calendar, start.date() - 3 * DAY, end.date() + 3 * DAY)
        for number in range((stop - begin) // MINUTE)
    }
    return [start + number * MINUTE in open_minutes for number in range((end - start) // MINUTE)]


class TestAgainstTheOracle:
    @settings(deadline=None, max_examples=50)
    @given(calendars_and_instants())
    def test_the_same_minutes_are_open(self, pair):
        calendar, start = pair
        is_open_in = oracle_open_minutes(calendar, start, start + SPAN)
        walked = [working_between(calendar, start, start + number * MINUTE) for number in range(0, len(is_open_in), 60)]
        assert walked == [MINUTE * sum(is_open_in[:number]) for number in range(0, len(is_open_in), 60)]
        for number in range(0, len(is_open_in), 97):
            assert is_open(calendar, start + number * MINUTE) is is_open_in[number]

    @settings(deadline=None, max_examples=50)
    @given(calendars_and_instants(), st.data())
    def test_adding_walks_that_many_open_minutes(self, pair, data):
        calendar, start = pair
        open_minutes = [
            at for at, is_open_then in enumerate(oracle_open_minutes(calendar, start, start + SPAN)) if is_open_then
        ]
        assume(open_minutes)
        count = data.draw(st.integers(1, len(open_minutes)))
        assert add_working(calendar, start, count * MINUTE) == start + (open_minutes[count - 1] + 1) * MINUTE

    @settings(deadline=None, max_examples=50)
    @given(calendars_and_instants(), st.data())
    def test_going_back_walks_that_many_open_minutes(self, pair, data):
        calendar, end = pair
        open_minutes = [
            at for at, is_open_then in enumerate(oracle_open_minutes(calendar, end - SPAN, end)) if is_open_then
        ]
        assume(open_minutes)
        count = data.draw(st.integers(1, len(open_minutes)))
        assert add_working(calendar, end, -count * MINUTE) == end - SPAN + open_minutes[-count] * MINUTE

    @settings(deadline=None, max_examples=50)
    @given(calendars_and_instants())
    def test_next_open_prev_open_and_next_close_are_the_nearest(self, pair):
        calendar, start = pair
        ahead, behind = (
            oracle_open_minutes(calendar, *span) for span in ((start, start + SPAN), (start - SPAN, start))
        )
        assume(any(ahead) and any(behind) and not all(ahead))
        opening = ahead.index(True)
        assert next_open(calendar, start) == start + opening * MINUTE
        assert prev_open(calendar, start) == start - list(reversed(behind)).index(True) * MINUTE
        assume(False in ahead[opening:])
        assert next_close(calendar, start) == start + ahead.index(False, opening) * MINUTE


class TestArithmetic:
    @settings(deadline=None)
    @given(calendars_and_instants(), durations)
    def test_between_is_the_inverse_of_add(self, pair, duration):
        calendar, start = pair
        for signed in (duration, -duration):
            end = add_working(calendar, start, signed)
            assert working_between(calendar, start, end) == signed
            assert working_between(calendar, end, start) == -signed

    @settings(deadline=None)
    @given(calendars_and_instants(), durations, durations)
    def test_adding_is_additive(self, pair, one, two):
        calendar, start = pair
        assert add_working(calendar, add_working(calendar, start, one), two) == add_working(calendar, start, one + two)
        assert add_working(calendar, add_working(calendar, start, -one), -two) == add_working(
            calendar, start, -one - two
        )

    @settings(deadline=None)
    @given(calendars_and_days().flatmap(lambda pair: st.tuples(st.just(pair[0]), *[instants_near(pair[1], 900)] * 3)))
    def test_between_is_additive(self, drawn):
        calendar, *instants = drawn
        one, two, three = instants
        assert working_between(calendar, one, three) == (
            working_between(calendar, one, two) + working_between(calendar, two, three)
        )

    @settings(deadline=None)
    @given(
        calendars_and_days().flatmap(lambda pair: st.tuples(st.just(pair[0]), *[instants_near(pair[1], 900)] * 2)),
        durations,
    )
    def test_a_later_start_or_a_longer_duration_is_never_due_earlier(self, drawn, duration):
        calendar, *instants = drawn
        earlier, later = sorted(instants)
        due = add_working(calendar, earlier, duration)
        assert due <= add_working(calendar, later, duration)
        assert due <= add_working(calendar, earlier, duration + MINUTE)

    @settings(deadline=None)
    @given(calendars_and_instants(), durations)
    def test_going_there_and_back_returns_to_an_open_start(self, pair, duration):
        calendar, start = pair
        opening = next_open(calendar, start)
        assert add_working(calendar, add_working(calendar, opening, duration), -duration) == opening

    @settings(deadline=None)
    @given(calendars_and_instants(), durations)
    def test_the_intervals_sum_up_to_the_working_time(self, pair, span):
        calendar, start = pair
        windows = intervals(calendar, start, start + span)
        assert sum((closes - opens for opens, closes in windows), NOTHING) == working_between(
            calendar, start, start + span
        )
        edges = [edge for window in windows for edge in window]
        assert edges == sorted(set(edges))

    @settings(deadline=None)
    @given(calendars_and_instants(), durations)
    def test_the_order_of_questions_does_not_matter(self, pair, duration):
        """The tables a calendar has grown so far change no answer."""
        calendar, start = pair
        long_ago = {date(1900, 1, 1): "gives it tables of its own"}
        fresh = Calendar(calendar.timezone, calendar.hours, calendar.holidays | long_ago, calendar.exceptions)
        due = add_working(fresh, start, duration)
        for years in (-3, 4):
            is_open(calendar, start.replace(year=start.year + years, day=1))
        assert add_working(calendar, start, duration) == due

    @settings(deadline=None)
    @given(calendars_and_instants(), durations)
    def test_the_zone_of_a_datetime_does_not_matter(self, pair, duration):
        calendar, start = pair
        due = add_working(calendar, start, duration)
        for zone in ("Asia/Kathmandu", calendar.timezone):
            local = start.astimezone(ZoneInfo(zone))
            assert add_working(calendar, local, duration) == due
            assert working_between(calendar, local, due.astimezone(ZoneInfo(zone))) == duration
