"""Every minute of a ticket is somebody's, once."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slas.clock import Calendar, is_open
from slas.court import Court, Place, Stretch, life_of, stretches, totals

ALWAYS = Calendar.always()
OFFICE = Calendar("UTC", {day: [("09:00", "17:00")] for day in range(5)})
SHANGHAI = Calendar(
    "Asia/Shanghai", {**{day: [("09:00", "12:00"), ("13:00", "18:00")] for day in range(5)}, 6: [("22:00", "03:00")]}
)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
NETWORK, APPS = 1, 2


def at(hour: float) -> datetime:
    return MONDAY + hour * HOUR


class TestStretches:
    def test_tell_who_had_the_ball_and_when_nobody_had_to(self):
        places = [
            Place(at(10), NETWORK),
            Place(at(12), NETWORK, "requester"),
            Place(at(14), NETWORK),
            Place(at(15), APPS),
            Place(at(33), APPS, "supplier"),
            Place(at(36), APPS, "approval"),
            Place(at(37), APPS, "change"),
            Place(at(38), APPS, is_over=True),
        ]
        assert stretches(OFFICE, places, until=at(100)) == [
            Stretch(at(10), at(12), Court.TEAM, NETWORK),
            Stretch(at(12), at(14), Court.REQUESTER),
            Stretch(at(14), at(15), Court.TEAM, NETWORK),
            Stretch(at(15), at(17), Court.TEAM, APPS),
            Stretch(at(17), at(33), Court.CLOSED),
            Stretch(at(33), at(36), Court.SUPPLIER),
            Stretch(at(36), at(37), Court.APPROVER),
            Stretch(at(37), at(38), Court.TEAM, APPS),  # waiting for our own change is our affair
        ]

    def test_the_time_until_a_reopening_was_the_requesters(self):
        places = [Place(at(1), NETWORK), Place(at(2), NETWORK, is_over=True), Place(at(5), NETWORK)]
        assert stretches(ALWAYS, places, until=at(6)) == [
            Stretch(at(1), at(2), Court.TEAM, NETWORK),
            Stretch(at(2), at(5), Court.REQUESTER),
            Stretch(at(5), at(6), Court.TEAM, NETWORK),
        ]

    def test_nothing_belongs_to_anybody_after_the_end(self):
        places = [Place(at(1)), Place(at(2), is_over=True)]
        assert life_of(places, until=at(500)) == HOUR
        assert totals(ALWAYS, places, until=at(500)) == {(Court.TEAM, None): HOUR}

    def test_neighbours_of_one_court_are_one_stretch(self):
        places = [Place(at(1), NETWORK, "requester"), Place(at(2), APPS, "requester")]
        assert stretches(ALWAYS, places, until=at(3)) == [Stretch(at(1), at(3), Court.REQUESTER)]

    def test_what_happens_later_does_not_count_yet(self):
        places = [Place(at(1), NETWORK), Place(at(2), NETWORK, is_over=True)]
        assert totals(ALWAYS, places, until=at(1.5)) == {(Court.TEAM, NETWORK): HOUR / 2}
        assert totals(ALWAYS, places, until=at(0)) == {}

    def test_refuses_naive_times(self):
        with pytest.raises(ValueError, match="no time zone"):
            stretches(ALWAYS, [Place(datetime(2026, 1, 1))], until=MONDAY)  # noqa: DTZ001


MOMENTS = st.integers(0, 40 * 86_400).map(lambda seconds: MONDAY + timedelta(seconds=seconds))
PLACES = st.lists(
    st.builds(
        Place,
        MOMENTS,
        st.sampled_from([None, NETWORK, APPS]),
        st.sampled_from(["", "requester", "supplier", "approval", "change", "problem", "scheduled"]),
        st.booleans(),
    ),
    max_size=12,
)
CALENDARS = st.sampled_from([ALWAYS, OFFICE, SHANGHAI])


class TestProperties:
    @given(CALENDARS, PLACES, MOMENTS)
    def test_the_courts_add_up_to_the_life_without_gap_or_overlap(self, calendar, places, until):
        found = stretches(calendar, places, until=until)
        for one, other in pairwise(found):
            assert one.ends_at == other.starts_at
            assert (one.court, one.team) != (other.court, other.team)
        known = sorted((place for place in places if place.at < until), key=lambda place: place.at)
        if not known:
            assert found == []
            return
        end = known[-1].at if known[-1].is_over else until
        life = end - known[0].at
        assert sum((one.length for one in found), timedelta(0)) == life == life_of(places, until=until)
        if found:
            assert (found[0].starts_at, found[-1].ends_at) == (known[0].at, end)

    @given(CALENDARS, PLACES, MOMENTS)
    def test_totals_are_the_sums_of_the_stretches(self, calendar, places, until):
        summed = {}
        for one in stretches(calendar, places, until=until):
            summed[one.court, one.team] = summed.get((one.court, one.team), timedelta(0)) + one.length
        assert totals(calendar, places, until=until) == summed

    @given(CALENDARS, PLACES, MOMENTS)
    def test_closed_hours_are_exactly_those_in_which_the_calendar_is_closed(self, calendar, places, until):
        for one in stretches(calendar, places, until=until):
            middle = one.starts_at + one.length / 2
            for moment in (one.starts_at, middle):
                assert is_open(calendar, moment) == (one.court is not Court.CLOSED)

    @given(PLACES, MOMENTS, st.integers(0, 5))
    def test_a_fact_told_twice_changes_nothing(self, places, until, number):
        if places:
            again = [*places, places[number % len(places)]]
            ordered = sorted(again, key=lambda place: place.at)
            if len({place.at for place in places}) == len(places):
                assert stretches(OFFICE, ordered, until=until) == stretches(OFFICE, places, until=until)
