"""The replay of single incidents: what the log says of them, checked by hand, and every kind of dirt by itself."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Organisation
from core.machine import IllegalMove
from incidents.history import route
from incidents.importing.people import find_cast
from incidents.importing.replay import replay, straightened
from incidents.importing.servicenow import Oddity, Unreadable, parse_update
from incidents.states import State
from slas.models import Clock, Metric
from slas.promises import Promise
from tests.incidents.logs import row, sample_rows
from tickets.models import PriorityRule

LISBON = ZoneInfo("Europe/Lisbon")


def utc(year, month, day, hour=0, minute=0):
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def told(agreement, now):
    """told(rows) → the life of the incident they are about, with clocks by the agreement of the tests; unsaved."""
    customer = Organisation(name="Customer", kind=Organisation.Kind.CUSTOMER)
    provider = Organisation(name="Provider", kind=Organisation.Kind.INTERNAL)
    matrix = {(rule.impact, rule.urgency): rule.priority for rule in PriorityRule.objects.all()}
    promise = Promise.of(agreement, metrics=[Metric.RESOLUTION], warns=False)

    def _told(rows):
        updates = [parse_update(line, fields, zone=LISBON, now=now) for line, fields in enumerate(rows, 2)]
        cast = find_cast(updates, customer=customer, provider=provider, is_dry_run=True)
        life = replay(rows[0]["number"], updates, cast=cast, matrix=matrix, now=now)
        life.past.keep_time(promise)
        return life

    return _told


@pytest.fixture
def of_sample(told):
    return lambda number: told(sample_rows(number))


def moves(life):
    """(event, time, who) of every move between states."""
    return [
        (event.name, event.at, event.actor.name if event.actor else None)
        for event in life.past.story.events
        if event.name.startswith("incident.") and event.name not in {"incident.imported", "incident.categorised"}
    ]


def changes(life, name, field):
    return [
        (event.at, *(each["name"] if isinstance(each, dict) else each for each in event.data["changes"][field]))
        for event in life.past.story.events
        if event.name == name and field in event.data["changes"]
    ]


class TestRealIncidents:
    def test_one_that_was_reopened_from_closed(self, of_sample):
        life = of_sample("INC0001894")
        assert moves(life) == [
            ("incident.opened", utc(2016, 3, 3, 12, 34), "Opened by 131"),
            ("incident.started", utc(2016, 3, 8, 14, 34), "Updated by 777"),
            ("incident.resolved", utc(2016, 3, 22, 15, 5), "Updated by 495"),
            ("incident.closed", utc(2016, 3, 27, 14, 59), "Updated by 908"),  # summer time began that morning
            ("incident.reopened", utc(2016, 4, 28, 10, 12), "Updated by 914"),
            ("incident.resolved", utc(2016, 5, 16, 6, 51), "Updated by 495"),
            ("incident.closed", utc(2016, 5, 21, 7, 7), "Updated by 908"),
        ]
        ticket = life.past.ticket
        assert (ticket.n_reopens, ticket.resolved_at, ticket.closed_at) == (
            1, utc(2016, 5, 16, 6, 51), utc(2016, 5, 21, 7, 7),
        )  # fmt: skip
        assert changes(life, "ticket.assigned", "team") == [
            (utc(2016, 3, 3, 12, 59), None, "Group 70"),
            (utc(2016, 3, 4, 14, 6), "Group 70", "Group 10"),
        ]
        [clock] = life.past.clocks
        assert [(event.kind, event.reason) for event in clock.events] == [
            ("paused", "resolved"), ("resumed", ""), ("stopped", ""),
        ]  # fmt: skip
        # P3 = 24 h of office hours (09-17 UTC): Thursday 12:34 + 4:26 + 8 + 8 + 3:34 on Tuesday.
        assert clock.clock.due_at == utc(2016, 3, 8, 12, 34)
        assert clock.clock.has_breached(utc(2030, 1, 1))
        assert life.oddities == {Oddity.REOPENED_CLOSED, Oddity.COUNT_GAPS}

    def test_one_whose_time_goes_back(self, of_sample):
        life = of_sample("INC0000137")
        assert moves(life) == [
            ("incident.opened", utc(2016, 2, 29, 9, 48), "Opened by 24"),
            ("incident.resolved", utc(2016, 2, 29, 11, 3), "Updated by 60"),
            ("incident.closed", utc(2016, 3, 5, 12, 0), "Updated by 908"),
        ]
        assert life.past.clocks[0].clock.used == timedelta(hours=1, minutes=15)
        assert life.oddities == {Oddity.TIME_GOES_BACK, Oddity.COUNT_GOES_BACK}

    def test_one_that_waits_first_for_a_problem_and_then_for_its_caller(self, of_sample):
        life = of_sample("INC0001452")
        assert moves(life)[1:] == [
            ("incident.held", utc(2016, 3, 7, 8, 45), "Updated by 967"),
            ("incident.resumed", utc(2016, 3, 16, 9, 6), "Updated by 967"),
            ("incident.held", utc(2016, 3, 16, 9, 6), "Updated by 967"),
            ("incident.resolved", utc(2016, 3, 22, 9, 38), "Updated by 967"),
            ("incident.closed", utc(2016, 3, 27, 8, 59), "Updated by 908"),
        ]
        [clock] = life.past.clocks
        # Only the caller's wait stops the clock: 1:08 + 8 + 8 + 5 x 8 + 2 x 8 hours and 6 minutes before it.
        assert [(event.kind, event.reason) for event in clock.events] == [("paused", "requester"), ("stopped", "")]
        assert clock.clock.used == timedelta(hours=73, minutes=14)
        assert clock.clock.due_at == utc(2016, 3, 7, 15, 52)

    def test_one_without_a_caller_that_is_resolved_while_it_waits(self, of_sample):
        life = of_sample("INC0016876")
        assert life.past.ticket.requester.name == "Unknown caller"
        assert moves(life)[-3:] == [
            ("incident.held", utc(2016, 4, 8, 10, 23), "Updated by 960"),
            ("incident.resolved", utc(2016, 4, 15, 14, 39), "Updated by 573"),
            ("incident.closed", utc(2016, 4, 20, 15, 7), "Updated by 908"),
        ]
        [clock] = life.past.clocks
        assert clock.clock.used == timedelta(hours=1, minutes=22)
        # 22:38 were left on Friday 14:39: 2:21 that day, 8 on Monday, 8 on Tuesday, 4:17 on Wednesday.
        assert clock.clock.due_at == utc(2016, 4, 20, 13, 17)
        assert changes(life, "ticket.assigned", "assignee")[-2:] == [
            (utc(2016, 4, 14, 11, 9), "Resolver 219", None),
            (utc(2016, 4, 15, 14, 39), None, "Resolver 149"),
        ]

    def test_one_whose_priority_rises(self, of_sample):
        life = of_sample("INC0000638")
        assert changes(life, "incident.prioritised", "priority") == [(utc(2016, 3, 1, 11, 31), 3, 2)]
        old, new = (each.clock for each in life.past.clocks)
        assert (old.generation, old.state, old.priority) == (1, Clock.State.CANCELLED, 3)
        assert (new.generation, new.state, new.priority) == (2, Clock.State.MET, 2)
        # P2 = 8 h round the clock, from the opening.
        assert (new.due_at, new.used) == (utc(2016, 3, 1, 19, 26), timedelta(hours=1, minutes=32))

    def test_one_whose_priority_the_table_does_not_give(self, of_sample):
        life = of_sample("INC0001984")
        ticket = life.past.ticket
        assert (ticket.impact, ticket.urgency, ticket.priority) == (3, 3, 4)
        assert life.past.incident.priority_reason == "Kept from the import; the table here says P5 Planning."
        assert Oddity.PRIORITY_KEPT in life.oddities

    def test_one_that_was_updated_before_it_was_opened(self, of_sample):
        life = of_sample("INC0000131")
        assert life.past.ticket.opened_at == utc(2016, 2, 29, 7, 14)
        assert {Oddity.EARLY, Oddity.NOT_NEW} == life.oddities


class TestDirt:
    def states(self, told, *states, **fields):
        return told([
            row(incident_state=state, sys_mod_count=str(n), sys_updated_at=f"1/3/2016 1{n}:05", **fields)
            for n, state in enumerate(states)
        ])  # fmt: skip

    def test_an_unknown_state_leaves_the_one_before(self, told):
        life = self.states(told, "New", "Active", "-100", "Resolved")
        assert [name for name, *_rest in moves(life)] == ["incident.opened", "incident.started", "incident.resolved"]
        assert life.oddities == {Oddity.UNKNOWN_STATE}

    def test_an_unknown_state_at_the_beginning_is_new(self, told):
        life = self.states(told, "-100", "Active")
        assert life.past.incident.state == State.IN_PROGRESS
        assert Oddity.UNKNOWN_STATE in life.oddities

    def test_going_back_to_new_is_going_on(self, told):
        life = self.states(told, "Active", "Awaiting Vendor", "New")
        assert life.past.incident.state == State.IN_PROGRESS
        assert Oddity.BACK_TO_NEW in life.oddities

    def test_closed_without_resolved_is_resolved_first(self, told):
        life = self.states(told, "New", "Closed")
        assert [name for name, *_rest in moves(life)] == ["incident.opened", "incident.resolved", "incident.closed"]

    def test_cancelled_ends_the_clock_without_a_result(self, told):
        life = self.states(told, "New", "Canceled")
        assert life.past.incident.state == State.CANCELLED
        assert [each.clock.state for each in life.past.clocks] == [Clock.State.CANCELLED]

    def test_an_incident_still_open_runs_no_clock_on(self, told):
        life = self.states(told, "New", "Active", "Awaiting User Info")
        [clock] = life.past.clocks
        assert (clock.clock.state, clock.clock.ended_at) == (Clock.State.CANCELLED, utc(2016, 3, 1, 12, 5))
        assert life.past.ticket.phase == "waiting"
        assert life.oddities == {Oddity.STILL_OPEN}

    def test_unreadable_levels_stay_as_they_were(self, told):
        life = told(
            [row(impact="1 - High", urgency="1 - High", priority="1 - Critical"), row(impact="?", priority="x")]
        )
        assert (life.past.ticket.impact, life.past.ticket.urgency, life.past.ticket.priority) == (1, 2, 2)
        assert Oddity.NO_PRIORITY in life.oddities

    def test_nothing_known_but_number_state_and_times_is_enough(self, told):
        bare = {name: "?" for name in row() if name not in ("number", "incident_state", "sys_updated_at", "opened_at")}
        life = told([row(**bare)])
        ticket = life.past.ticket
        assert (ticket.subject, ticket.priority, ticket.channel) == ("INC9", 3, "import")
        assert {Oddity.NO_CALLER, Oddity.NO_OPENER, Oddity.NEVER_ASSIGNED, Oddity.NO_PRIORITY} <= life.oddities


class TestParseUpdate:
    @pytest.mark.parametrize(
        ("fields", "reason"),
        [
            ({"number": "?"}, "the number is missing"),
            ({"number": "I" * 81}, "the number is longer than 80 characters"),
            ({"sys_updated_at": "?"}, "sys_updated_at is missing"),
            ({"sys_updated_at": "31/2/2016 10:00"}, "sys_updated_at: '31/2/2016 10:00' is no real date: day is out of range for month"),
            ({"opened_at": "2016-02-29 10:00"}, "opened_at: '2016-02-29 10:00' is not a date like 29/2/2016 01:16"),
            ({"closed_at": "29/2/2016 25:00"}, "closed_at: '29/2/2016 25:00' is no real date: hour must be in 0..23"),
            ({"resolved_at": "1/1/0001 00:00"}, "resolved_at: '1/1/0001 00:00' lies before 1970"),
            ({"sys_updated_at": "24/11/2026 10:00"}, "sys_updated_at: '24/11/2026 10:00' lies in the future"),
        ],
    )  # fmt: skip
    def test_refuses_what_cannot_be(self, now, fields, reason):
        with pytest.raises(Unreadable) as refused:
            parse_update(2, row(**fields), zone=LISBON, now=now)
        assert str(refused.value) == reason

    def test_reads_the_wall_clock_of_the_zone(self, now):
        summer = parse_update(2, row(sys_updated_at="1/7/2016 12:00"), zone=LISBON, now=now)
        assert summer.at == utc(2016, 7, 1, 11)

    def test_tidies_names(self, now):
        assert parse_update(2, row(opened_by="Opened by  8 "), zone=LISBON, now=now).opener == "Opened by 8"


class TestStraightened:
    def test_leaves_what_rises(self):
        times = [utc(2016, 1, day) for day in (1, 2, 2, 3)]
        assert straightened(times) == times

    def test_pulls_one_time_back_that_lies_too_late(self):
        one, two, three = (utc(2016, 1, day) for day in (1, 2, 3))
        assert straightened([three, one, two, three]) == [one, one, two, three]

    def test_lifts_one_time_that_lies_too_early(self):
        one, two, three = (utc(2016, 1, day) for day in (1, 2, 3))
        assert straightened([one, two, utc(1990, 1, 1), three]) == [one, two, two, three]


class TestRoute:
    def test_is_the_shortest_way(self):
        assert route(State.NEW, State.RESOLVED) == ("resolve",)
        assert route(State.NEW, State.CLOSED) == ("resolve", "close")
        assert route(State.CLOSED, State.ON_HOLD) == ("reopen", "hold")
        assert route(State.ON_HOLD, State.ON_HOLD) == ("resume", "hold")

    def test_never_leads_to_new(self):
        with pytest.raises(IllegalMove):
            route(State.RESOLVED, State.NEW)
