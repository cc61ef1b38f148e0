"""Availability is exact: overlaps count once, planned and closed time never, and no cut of a period changes a sum."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slas.availability import Availability, Span, measure
from slas.clock import Calendar, intervals

ALWAYS = Calendar.always()
OFFICE = Calendar("UTC", {day: [("09:00", "17:00")] for day in range(5)})
SHANGHAI = Calendar("Asia/Shanghai", {0: [("09:00", "12:00"), ("13:00", "18:00")], 5: [("22:00", "04:00")]})
MONDAY = datetime(2026, 11, 2, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WEEK = {"starts_at": MONDAY, "ends_at": MONDAY + 7 * DAY}


def span(start: float, end: float | None = None) -> Span:
    """Hours after that Monday's midnight."""
    return Span(MONDAY + start * HOUR, None if end is None else MONDAY + end * HOUR)


class TestMeasure:
    def test_knows_a_week_without_an_outage(self):
        found = measure(ALWAYS, **WEEK, target=Decimal("99.5"))
        assert (found.committed, found.down, found.achieved) == (7 * DAY, timedelta(0), 100)
        assert found.allowed == found.left == timedelta(minutes=50.4)

    def test_counts_only_the_hours_that_were_committed(self):
        found = measure(OFFICE, **WEEK, outages=[span(8, 10), span(20, 24), span(5 * 24 + 9, 5 * 24 + 12)])
        assert (found.committed, found.down) == (40 * HOUR, HOUR)
        assert found.shares == (HOUR, timedelta(0), timedelta(0))
        assert found.achieved == Decimal("97.5")

    def test_counts_overlapping_outages_once_and_gives_the_earlier_the_common_time(self):
        found = measure(ALWAYS, **WEEK, outages=[span(11, 14), span(10, 12), span(10.5, 11)])
        assert found.shares == (2 * HOUR, 2 * HOUR, timedelta(0))
        assert found.down == 4 * HOUR

    def test_takes_planned_downtime_out_of_promise_and_outage_alike(self):
        found = measure(ALWAYS, **WEEK, outages=[span(1, 4)], planned=[span(2, 3), span(2.5, 6), span(-5, 0.5)])
        assert found.planned == 4.5 * HOUR
        assert (found.committed, found.down) == (7 * DAY - 4.5 * HOUR, HOUR)

    def test_an_outage_that_goes_on_lasts_until_now(self):
        found = measure(ALWAYS, **WEEK, outages=[span(24)], now=MONDAY + 36 * HOUR, target=Decimal(90))
        assert (found.elapsed, found.down, found.achieved) == (36 * HOUR, 12 * HOUR, Decimal("66.666"))
        assert found.allowed == 16.8 * HOUR  # of the whole week
        assert (found.left, found.is_broken) == (4.8 * HOUR, False)

    def test_planned_downtime_ahead_lowers_what_is_committed(self):
        found = measure(ALWAYS, **WEEK, planned=[span(100, 110)], now=MONDAY + 10 * HOUR)
        assert (found.committed, found.elapsed, found.planned) == (158 * HOUR, 10 * HOUR, timedelta(0))

    def test_one_microsecond_too_much_breaks_the_promise_though_the_percentage_looks_met(self):
        month = {"starts_at": MONDAY, "ends_at": MONDAY + 30 * DAY, "target": Decimal("99.9")}
        allowed = measure(ALWAYS, **month).allowed
        end = MONDAY + allowed
        assert not measure(ALWAYS, **month, outages=[Span(MONDAY, end)]).is_broken
        broken = measure(ALWAYS, **month, outages=[Span(MONDAY, end + timedelta(microseconds=1))])
        assert (broken.is_broken, broken.achieved) == (True, Decimal("99.899"))

    def test_rounds_down(self):
        assert measure(ALWAYS, **WEEK, outages=[Span(MONDAY, MONDAY + timedelta(microseconds=1))]).achieved == Decimal(
            "99.999"
        )

    def test_has_no_percentage_where_nothing_was_committed(self):
        sunday = measure(OFFICE, starts_at=MONDAY + 6 * DAY, ends_at=MONDAY + 7 * DAY, outages=[span(150, 151)])
        assert (sunday.achieved, sunday.down) == (None, timedelta(0))
        ahead = measure(ALWAYS, **WEEK, now=MONDAY - DAY, target=Decimal(99))
        assert (ahead.achieved, ahead.elapsed) == (None, timedelta(0))
        assert ahead.is_broken is False

    def test_knows_a_day_of_25_hours(self):
        calendar = Calendar("Europe/Berlin", {day: [("00:00", "24:00")] for day in range(7)})
        start = datetime(2026, 10, 24, 22, tzinfo=UTC)
        assert measure(calendar, starts_at=start, ends_at=start + 25 * HOUR).committed == 25 * HOUR

    def test_without_a_target_there_is_no_budget(self):
        found = measure(ALWAYS, **WEEK, outages=[span(1, 2)])
        assert (found.allowed, found.left, found.is_broken) == (None, None, False)

    def test_a_target_of_everything_leaves_nothing(self):
        assert measure(ALWAYS, **WEEK, outages=[span(1, 1.01)], target=Decimal(100)).is_broken

    def test_refuses_naive_times_and_a_period_that_ends_before_it_starts(self):
        with pytest.raises(ValueError, match="no time zone"):
            measure(ALWAYS, starts_at=datetime(2026, 1, 1), ends_at=MONDAY)  # noqa: DTZ001
        with pytest.raises(ValueError, match="before it starts"):
            measure(ALWAYS, starts_at=MONDAY, ends_at=MONDAY - HOUR)


MOMENTS = st.integers(-3 * 86_400, 17 * 86_400).map(lambda seconds: MONDAY + timedelta(seconds=seconds))
SPANS = st.lists(
    st.tuples(MOMENTS, st.one_of(st.none(), st.integers(1, 5 * 86_400))).map(
        lambda pair: Span(pair[0], None if pair[1] is None else pair[0] + timedelta(seconds=pair[1]))
    ),
    max_size=8,
)
CALENDARS = st.sampled_from([ALWAYS, OFFICE, SHANGHAI])
PERIOD = {"starts_at": MONDAY, "ends_at": MONDAY + 14 * DAY}


def seconds_down(calendar: Calendar, outages: list[Span], planned: list[Span], now: datetime) -> int:
    """The plain way: look at every minute's second marks that matter."""

    def covers(spans: list[Span], at: datetime) -> bool:
        return any(one.starts_at <= at and (one.ends_at is None or at < one.ends_at) for one in spans)

    end = min(now, PERIOD["ends_at"])
    marks = {MONDAY, end}
    for one in (*outages, *planned):
        marks |= {at for at in (one.starts_at, one.ends_at) if at is not None and MONDAY < at < end}
    open_time = intervals(calendar, MONDAY, end)
    marks |= {at for pair in open_time for at in pair}
    edges = sorted(at for at in marks if at <= end)
    total = timedelta(0)
    for start, stop in pairwise(edges):
        is_open = any(opens <= start < closes for opens, closes in open_time)
        if is_open and covers(outages, start) and not covers(planned, start):
            total += stop - start
    return int(total.total_seconds())


class TestProperties:
    @given(CALENDARS, SPANS, SPANS, MOMENTS)
    def test_down_is_what_counting_by_hand_gives(self, calendar, outages, planned, now):
        now = max(now, MONDAY)
        found = measure(calendar, **PERIOD, outages=outages, planned=planned, now=now)
        assert found.down == timedelta(seconds=seconds_down(calendar, outages, planned, now))
        assert found.down == sum(found.shares, timedelta(0))
        assert timedelta(0) <= found.down <= found.elapsed <= found.committed

    @given(CALENDARS, SPANS, SPANS, MOMENTS, MOMENTS)
    def test_a_cut_changes_no_sum(self, calendar, outages, planned, cut, now):
        cut = min(max(cut, PERIOD["starts_at"]), PERIOD["ends_at"])
        facts = {"outages": outages, "planned": planned, "now": now}
        whole = measure(calendar, **PERIOD, **facts)
        parts = [
            measure(calendar, starts_at=MONDAY, ends_at=cut, **facts),
            measure(calendar, starts_at=cut, ends_at=PERIOD["ends_at"], **facts),
        ]
        for name in ("committed", "elapsed", "planned", "down"):
            assert sum((getattr(part, name) for part in parts), timedelta(0)) == getattr(whole, name), name

    @given(CALENDARS, SPANS, SPANS, st.randoms())
    def test_order_and_cuts_of_the_outages_change_nothing(self, calendar, outages, planned, random):
        whole = measure(calendar, **PERIOD, outages=outages, planned=planned)
        pieces = []
        for one in outages:
            if one.ends_at is None:
                pieces.append(one)
                continue
            middle = one.starts_at + (one.ends_at - one.starts_at) / 2
            pieces += [Span(one.starts_at, middle), Span(middle, one.ends_at)]
        random.shuffle(pieces)
        again = measure(calendar, **PERIOD, outages=pieces, planned=list(reversed(planned)))
        assert (again.down, again.planned, again.committed) == (whole.down, whole.planned, whole.committed)

    @given(SPANS, SPANS)
    def test_planned_time_never_makes_it_worse(self, outages, planned):
        without = measure(ALWAYS, **PERIOD, outages=outages)
        with_planned = measure(ALWAYS, **PERIOD, outages=outages, planned=planned)
        assert with_planned.down <= without.down
        assert isinstance(with_planned, Availability)
