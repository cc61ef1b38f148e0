"""The account of a clock: the worked examples of ACCEPTANCE.md A1-A3 and BEHAVIOUR.md rule 8, odd histories, and what holds
for all of them."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slas.clock import Calendar, NoWorkingTime, add_working, is_open, working_between
from slas.ledger import Event, EventKind, SegmentKind, State, Step, due_at, fire_plan, write_ledger
from tests.slas.test_clock_properties import calendars_and_days, instants_near

HOUR, MINUTE, NOTHING = timedelta(hours=1), timedelta(minutes=1), timedelta(0)
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar("UTC", {day: [("09:00", "17:00")] for day in range(5)})
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


def at(text: str) -> datetime:
    """A time in the fortnight from Monday 2026-11-23, "Mon 10:00"; a "+" means the second week."""
    name, clock = text.removeprefix("+").split()
    day = date(2026, 11, 23) + timedelta(days=DAYS.index(name) + (7 if text.startswith("+") else 0))
    return datetime.fromisoformat(f"{day}T{clock}:00+00:00")


def paused(text: str, reason: str = "requester", actor: str = "alice") -> Event:
    return Event(EventKind.PAUSED, at(text), reason, actor)


def resumed(text: str) -> Event:
    return Event(EventKind.RESUMED, at(text))


def stopped(text: str) -> Event:
    return Event(EventKind.STOPPED, at(text))


def ledger(start, target, *events, now="+Sun 23:00", calendar=OFFICE):
    return write_ledger(calendar=calendar, started_at=at(start), target=target, events=events, now=at(now))


def kinds(account):
    return [(segment.kind.value, segment.label) for segment in account.segments]


class TestDeadline:
    def test_without_a_pause_is_eight_hours_of_work_away(self):
        assert ledger("Mon 10:00", 8 * HOUR, now="Mon 10:00").due_at == at("Tue 10:00")

    def test_does_not_move_for_a_hold_outside_business_hours(self):
        """AC-A1a; shifting by the length of the hold would give Tuesday 17:00 and more."""
        account = ledger("Mon 10:00", 8 * HOUR, paused("Mon 17:00"), resumed("Tue 09:00"), now="Tue 09:00")
        assert account.due_at == at("Tue 10:00")
        assert account.paused == NOTHING

    def test_moves_by_the_business_time_of_a_hold_over_the_weekend(self):
        """AC-A1b, with the target of eight hours."""
        account = ledger("Fri 15:00", 8 * HOUR, paused("Fri 16:00"), resumed("+Mon 10:00"), now="+Mon 10:00")
        assert account.due_at == at("+Mon 17:00")
        assert account.used == 1 * HOUR
        assert account.paused == 2 * HOUR

    def test_of_a_higher_priority_keeps_the_start_and_the_pause(self):
        """AC-A2: started Monday 10:00, two hours of pause, target 16 h -> 4 h; assignment on Monday 14:00 as the other policy."""
        hold = [paused("Mon 11:00"), resumed("Mon 13:00")]
        assert ledger("Mon 10:00", 16 * HOUR, *hold, now="Mon 14:00").due_at == at("Wed 12:00")
        assert ledger("Mon 10:00", 4 * HOUR, *hold, now="Mon 14:00").due_at == at("Mon 16:00")
        assert ledger("Mon 14:00", 4 * HOUR, *hold, now="Mon 14:00").due_at == at("Tue 10:00")

    def test_of_a_higher_priority_may_be_past_at_once(self):
        account = ledger("Mon 10:00", 1 * HOUR, paused("Mon 12:00"), resumed("Mon 13:00"), now="Mon 14:00")
        assert account.due_at == at("Mon 11:00")
        assert account.has_breached

    def test_of_24_hours_over_the_change_to_summer_time(self):
        """AC-A3c."""
        start = datetime(2026, 3, 28, 12, tzinfo=BERLIN)
        account = write_ledger(calendar=Calendar.always(), started_at=start, target=24 * HOUR, events=[], now=start)
        assert account.due_at == datetime(2026, 3, 29, 13, tzinfo=BERLIN)

    def test_of_four_hours_from_16_to_18_closing_is_ten_the_next_day(self):
        """BEHAVIOUR rule 8, GLPI."""
        calendar = Calendar("UTC", {day: [("08:00", "18:00")] for day in range(5)})
        assert due_at(calendar, at("Mon 16:00"), 4 * HOUR, NOTHING) == at("Tue 10:00")

    def test_of_16_hours_in_days_of_eight_is_two_business_days(self):
        """BEHAVIOUR rule 8, Zammad."""
        assert due_at(OFFICE, at("Mon 10:00"), 16 * HOUR, NOTHING) == at("Wed 10:00")

    def test_of_a_day_stored_as_24_hours_is_three_business_days(self):
        """BEHAVIOUR rule 8, the ServiceNow trap: 24 hours of an eight-hour schedule."""
        assert due_at(OFFICE, at("Mon 10:00"), timedelta(days=1), NOTHING) == at("Thu 10:00")

    def test_is_none_while_paused(self):
        assert ledger("Mon 10:00", 8 * HOUR, paused("Mon 12:00"), now="Mon 13:00").due_at is None

    def test_that_passed_stays_through_a_later_pause(self):
        events = [paused("Mon 14:00"), resumed("Mon 15:00")]
        for now in ("Mon 14:00", "Mon 14:30", "Mon 15:00", "Tue 12:00"):
            assert ledger("Mon 10:00", 2 * HOUR, *events, now=now).due_at == at("Mon 12:00")

    def test_that_passed_in_closed_hours_stays_through_a_later_pause(self):
        account = ledger("Mon 10:00", 7 * HOUR, paused("Mon 20:00"), now="Tue 12:00")
        assert account.due_at == at("Mon 17:00")
        assert account.has_breached

    def test_cannot_pass_while_paused_at_the_last_moment(self):
        """AC-A1c: paused exactly when due, nothing is breached however long the pause."""
        account = ledger("Mon 10:00", 2 * HOUR, paused("Mon 12:00"), now="Fri 12:00")
        assert account.due_at is None
        assert not account.has_breached
        assert account.remaining == NOTHING

    def test_is_kept_by_ending_exactly_on_it(self):
        assert not ledger("Mon 10:00", 2 * HOUR, stopped("Mon 12:00")).has_breached

    def test_is_missed_by_a_second(self):
        stop = Event(EventKind.STOPPED, at("Mon 12:00") + timedelta(seconds=1))
        assert ledger("Mon 10:00", 2 * HOUR, stop).has_breached

    def test_of_a_clock_stopped_in_a_pause_is_as_if_resumed_then(self):
        account = ledger("Mon 10:00", 2 * HOUR, paused("Mon 11:00"), stopped("Wed 10:00"))
        assert account.due_at == at("Wed 11:00")
        assert not account.has_breached

    def test_is_none_where_the_calendar_never_has_the_time(self):
        account = ledger("Mon 10:00", HOUR, calendar=Calendar("UTC", {}))
        assert account.due_at is None
        assert not account.has_breached
        with pytest.raises(NoWorkingTime):
            due_at(Calendar("UTC", {}), at("Mon 10:00"), HOUR, NOTHING)

    def test_remaining_after_a_pause_is_the_remaining_at_the_pause(self):
        """AC-A1c, to the microsecond."""
        start = at("Mon 10:00") + timedelta(microseconds=123)
        events = [paused("Mon 12:00"), resumed("Thu 10:00")]
        for now in (at("Mon 12:00"), at("Wed 03:00"), at("Thu 10:00")):
            account = write_ledger(calendar=OFFICE, started_at=start, target=8 * HOUR, events=events, now=now)
            assert account.remaining == 6 * HOUR + timedelta(microseconds=123)


class TestSegments:
    def test_tell_the_story_of_a_clock(self):
        calendar = Calendar("UTC", OFFICE.hours, holidays={date(2026, 11, 24): "Feast"})
        account = ledger(
            "Mon 16:00", 8 * HOUR, paused("Wed 10:00"), resumed("Wed 12:00"), now="Wed 18:00", calendar=calendar
        )
        assert [
            (segment.kind.value, segment.starts_at, segment.ends_at, segment.worked, segment.label, segment.actor)
            for segment in account.segments
        ] == [
            ("running", at("Mon 16:00"), at("Mon 17:00"), HOUR, "", ""),
            ("closed", at("Mon 17:00"), at("Tue 00:00"), NOTHING, "", ""),
            ("holiday", at("Tue 00:00"), at("Wed 00:00"), NOTHING, "Feast", ""),
            ("closed", at("Wed 00:00"), at("Wed 09:00"), NOTHING, "", ""),
            ("running", at("Wed 09:00"), at("Wed 10:00"), HOUR, "", ""),
            ("paused", at("Wed 10:00"), at("Wed 12:00"), 2 * HOUR, "requester", "alice"),
            ("running", at("Wed 12:00"), at("Wed 17:00"), 5 * HOUR, "", ""),
            ("closed", at("Wed 17:00"), at("Wed 18:00"), NOTHING, "", ""),
        ]
        assert account.used == 7 * HOUR
        assert account.remaining == HOUR

    def test_are_none_at_the_start(self):
        account = ledger("Mon 10:00", HOUR, now="Mon 10:00")
        assert account.segments == ()
        assert account.due_at == at("Mon 11:00")

    def test_are_none_before_the_start(self):
        account = ledger("Wed 10:00", HOUR, now="Mon 10:00")
        assert account.segments == ()
        assert account.until == at("Wed 10:00")
        assert account.due_at == at("Wed 11:00")

    def test_name_two_holidays_in_a_row(self):
        calendar = Calendar("UTC", OFFICE.hours, {date(2026, 11, 24): "Feast", date(2026, 11, 25): "Fast"})
        account = ledger("Mon 17:00", HOUR, now="Thu 09:00", calendar=calendar)
        assert kinds(account) == [("closed", ""), ("holiday", "Feast"), ("holiday", "Fast"), ("closed", "")]

    def test_run_on_where_a_night_shift_is_worked_into_a_holiday(self):
        nights = Calendar("UTC", {0: [("22:00", "06:00")]}, {date(2026, 11, 24): "Feast"})
        account = ledger("Mon 22:00", HOUR, now="Tue 08:00", calendar=nights)
        assert kinds(account) == [("running", ""), ("holiday", "Feast")]
        assert account.used == 8 * HOUR


class TestHistories:
    def test_a_pause_in_closed_hours_costs_nothing(self):
        account = ledger("Mon 16:00", 8 * HOUR, paused("Mon 18:00"), resumed("Mon 20:00"), now="Tue 10:00")
        assert kinds(account) == [
            ("running", ""),
            ("closed", ""),
            ("paused", "requester"),
            ("closed", ""),
            ("running", ""),
        ]
        assert account.used == 2 * HOUR

    def test_a_second_pause_goes_on_under_its_own_reason(self):
        account = ledger(
            "Mon 10:00", 8 * HOUR, paused("Mon 11:00"), paused("Mon 12:00", "supplier", "bob"), now="Mon 14:00"
        )
        assert kinds(account) == [("running", ""), ("paused", "requester"), ("paused", "supplier")]
        assert account.state is State.PAUSED
        assert account.used == HOUR
        assert account.paused == 3 * HOUR

    def test_one_resume_ends_both_pauses(self):
        account = ledger(
            "Mon 10:00", 8 * HOUR, paused("Mon 11:00"), paused("Mon 12:00"), resumed("Mon 13:00"), now="Mon 14:00"
        )
        assert account.state is State.RUNNING
        assert account.used == 2 * HOUR

    def test_a_resume_without_a_pause_changes_nothing(self):
        assert ledger("Mon 10:00", 8 * HOUR, resumed("Mon 11:00"), now="Mon 14:00") == ledger(
            "Mon 10:00", 8 * HOUR, now="Mon 14:00"
        )

    def test_a_stop_in_a_pause_ends_the_clock(self):
        account = ledger("Mon 10:00", 8 * HOUR, paused("Mon 11:00"), stopped("Mon 13:00"))
        assert account.state is State.STOPPED
        assert account.until == at("Mon 13:00")
        assert account.used == HOUR

    def test_nothing_counts_after_a_stop(self):
        end = ledger("Mon 10:00", 8 * HOUR, stopped("Mon 13:00"))
        assert ledger("Mon 10:00", 8 * HOUR, stopped("Mon 13:00"), paused("Mon 14:00"), stopped("Tue 10:00")) == end

    def test_what_lies_in_the_future_has_not_happened(self):
        assert ledger("Mon 10:00", 8 * HOUR, paused("Tue 11:00"), now="Mon 14:00") == ledger(
            "Mon 10:00", 8 * HOUR, now="Mon 14:00"
        )

    def test_a_pause_from_before_the_start_begins_with_it(self):
        account = ledger("Mon 12:00", 8 * HOUR, paused("Mon 10:00"), resumed("Mon 13:00"), now="Mon 14:00")
        assert kinds(account) == [("paused", "requester"), ("running", "")]
        assert account.used == HOUR

    def test_a_stop_before_the_start_leaves_an_empty_clock(self):
        account = ledger("Mon 12:00", 8 * HOUR, stopped("Mon 10:00"))
        assert account.segments == ()
        assert account.state is State.STOPPED

    def test_events_told_out_of_order_count_by_their_times(self):
        events = [paused("Mon 11:00"), resumed("Mon 12:00"), stopped("Mon 15:00")]
        assert ledger("Mon 10:00", 8 * HOUR, *reversed(events)) == ledger("Mon 10:00", 8 * HOUR, *events)

    def test_a_reopened_clock_is_one_that_paused_as_resolved(self):
        """BEHAVIOUR rule 4, "resume": what was left is left."""
        account = ledger("Mon 10:00", 8 * HOUR, paused("Mon 12:00", "resolved"), resumed("Wed 10:00"), now="Wed 10:00")
        assert account.due_at == at("Wed 16:00")

    @pytest.mark.parametrize("place", ["started_at", "now", "event"])
    def test_naive_times_are_refused(self, place):
        naive = datetime(2026, 11, 23, 10)  # noqa: DTZ001 (the point of the test)
        times = {"started_at": at("Mon 10:00"), "now": at("Mon 12:00"), "event": at("Mon 11:00")} | {place: naive}
        with pytest.raises(ValueError, match="no time zone"):
            write_ledger(
                calendar=OFFICE,
                started_at=times["started_at"],
                target=HOUR,
                events=[Event(EventKind.PAUSED, times["event"])],
                now=times["now"],
            )


LADDER = [Step(50), Step(75), Step(100), Step(100, HOUR), Step(100, 2 * HOUR)]


class TestFirePlan:
    def test_climbs_the_ladder_in_working_time(self):
        assert fire_plan(OFFICE, at("Mon 10:00"), 8 * HOUR, NOTHING, LADDER) == [
            at("Mon 14:00"),
            at("Mon 16:00"),
            at("Tue 10:00"),
            at("Tue 11:00"),
            at("Tue 12:00"),
        ]

    def test_takes_off_what_is_used(self):
        assert fire_plan(OFFICE, at("Tue 09:00"), 8 * HOUR, 5 * HOUR, LADDER) == [
            at("Tue 09:00"),
            at("Tue 10:00"),
            at("Tue 12:00"),
            at("Tue 13:00"),
            at("Tue 14:00"),
        ]

    def test_counts_on_from_the_breach_when_more_than_all_is_used(self):
        assert fire_plan(OFFICE, at("Tue 09:00"), 8 * HOUR, 9 * HOUR + 30 * MINUTE, LADDER)[3:] == [
            at("Tue 09:00"),
            at("Tue 09:30"),
        ]

    def test_may_come_before_the_deadline(self):
        steps = [Step(100, -HOUR), Step(100)]
        assert fire_plan(OFFICE, at("Mon 16:30"), HOUR + 30 * MINUTE, NOTHING, steps) == [
            at("Mon 17:00"),
            at("Tue 10:00"),
        ]

    def test_waits_for_the_opening_with_a_step_that_lies_behind(self):
        """AC-A6c: resumed on a Saturday, a step that is over already disturbs nobody before Monday."""
        assert fire_plan(OFFICE, at("Sat 03:00"), 8 * HOUR, 7 * HOUR, LADDER)[0] == at("+Mon 09:00")

    def test_pages_at_any_hour_where_the_step_says_so(self):
        steps = [Step(100, HOUR), Step(100, HOUR, at_any_hour=True)]
        assert fire_plan(OFFICE, at("Fri 10:00"), 7 * HOUR, NOTHING, steps[1:]) == [at("Fri 18:00")]
        assert fire_plan(OFFICE, at("Fri 10:00"), 7 * HOUR, NOTHING, steps[:1]) == [at("+Mon 10:00")]

    def test_of_an_any_hour_step_that_lies_behind_is_now(self):
        steps = [Step(100, -72 * HOUR, at_any_hour=True)]
        assert fire_plan(OFFICE, at("Sat 03:00"), 8 * HOUR, 7 * HOUR, steps) == [at("Sat 03:00")]

    def test_never_climbs_down(self):
        steps = [Step(100, 2 * HOUR), Step(100, HOUR, at_any_hour=True)]
        assert fire_plan(OFFICE, at("Fri 10:00"), 7 * HOUR, NOTHING, steps) == [at("+Mon 11:00"), at("+Mon 11:00")]

    def test_of_no_steps_is_empty(self):
        assert fire_plan(OFFICE, at("Mon 10:00"), HOUR, NOTHING, []) == []


@st.composite
def histories(draw):
    """(calendar, start, target, events, now): pauses, resumes and perhaps a stop around a change of the wall clock."""
    calendar, day = draw(calendars_and_days())
    moments = instants_near(day, 10)
    kinds = st.sampled_from(
        [EventKind.PAUSED, EventKind.PAUSED, EventKind.RESUMED, EventKind.RESUMED, EventKind.STOPPED]
    )
    events = draw(st.lists(st.builds(Event, kinds, moments, st.sampled_from(["requester", "supplier"])), max_size=8))
    target = draw(st.timedeltas(MINUTE, timedelta(days=5)))
    return calendar, draw(moments), target, events, draw(moments)


def account_for(history, *more_events):
    calendar, start, target, events, now = history
    return write_ledger(calendar=calendar, started_at=start, target=target, events=[*events, *more_events], now=now)


class TestEveryHistory:
    @settings(deadline=None)
    @given(histories())
    def test_is_covered_without_gap_or_overlap(self, history):
        account = account_for(history)
        edges = [(segment.starts_at, segment.ends_at) for segment in account.segments]
        assert all(start < end for start, end in edges)
        assert all(before[1] == after[0] for before, after in pairwise(edges))
        assert (edges[0][0], edges[-1][1]) == (history[1], account.until) if edges else account.until == history[1]

    @settings(deadline=None)
    @given(histories())
    def test_adds_up(self, history):
        calendar, _, target, _, _ = history
        account = account_for(history)
        worked = {kind: sum((s.worked for s in account.segments if s.kind is kind), NOTHING) for kind in SegmentKind}
        assert worked[SegmentKind.RUNNING] == account.used == target - account.remaining
        assert worked[SegmentKind.CLOSED] == worked[SegmentKind.HOLIDAY] == NOTHING
        assert worked[SegmentKind.PAUSED] == account.paused
        for segment in account.segments:
            assert segment.worked == working_between(calendar, segment.starts_at, segment.ends_at)

    @settings(deadline=None)
    @given(histories(), st.data())
    def test_is_not_changed_by_a_pause_that_takes_no_time(self, history, data):
        """A split of a running time at any moment changes nothing that counts."""
        account = account_for(history)
        running = [segment for segment in account.segments if segment.kind is SegmentKind.RUNNING]
        if running:
            segment = data.draw(st.sampled_from(running))
            moment = segment.starts_at + (segment.ends_at - segment.starts_at) / 3
            split = account_for(history, Event(EventKind.PAUSED, moment), Event(EventKind.RESUMED, moment))
            assert (split.used, split.paused, split.due_at, split.state) == (
                account.used,
                account.paused,
                account.due_at,
                account.state,
            )

    @settings(deadline=None)
    @given(histories(), st.data())
    def test_is_not_changed_by_a_pause_within_closed_hours(self, history, data):
        account = account_for(history)
        closed = [segment for segment in account.segments if segment.kind is SegmentKind.CLOSED]
        if closed:
            segment = data.draw(st.sampled_from(closed))
            third = (segment.ends_at - segment.starts_at) / 3
            times = segment.starts_at + third, segment.ends_at - third
            split = account_for(history, Event(EventKind.PAUSED, times[0]), Event(EventKind.RESUMED, times[1]))
            assert (split.used, split.paused, split.remaining) == (account.used, account.paused, account.remaining)
            assert split.due_at == account.due_at

    @settings(deadline=None)
    @given(histories())
    def test_equals_a_row_that_is_brought_forward_event_by_event(self, history):
        """What a table with `used`, `anchor` and `due` would say, that never looks back at the story."""
        calendar, start, target, events, now = history
        row = Row(calendar, target, start)
        for event in sorted(events, key=lambda event: event.at):
            if event.at <= now:
                row.happen(event.kind, max(event.at, start))
        account = account_for(history)
        assert row.used_by(max(now, start)) == account.used
        assert row.due == account.due_at

    @settings(deadline=None)
    @given(histories())
    def test_has_a_plan_that_only_climbs(self, history):
        calendar, _, target, _, _ = history
        account = account_for(history)
        plan = fire_plan(calendar, account.until, target, account.used, LADDER)
        assert [max(account.until, planned) for planned in plan] == sorted(plan)
        if account.remaining > NOTHING:
            assert plan[2] == add_working(calendar, account.until, account.remaining)
        else:
            assert plan[0] == plan[2] == add_working(calendar, account.until, NOTHING)
        for planned in plan:
            assert is_open(calendar, planned) or working_between(calendar, planned - timedelta(microseconds=1), planned)


class Row:
    """A clock as a row of a table: running since `anchor` (None = not), `used` until then."""

    def __init__(self, calendar, target, start):
        self.calendar, self.target, self.used, self.is_over = calendar, target, NOTHING, False
        self.due = None
        self.run_from(start)

    def run_from(self, at):
        self.anchor = at
        if self.due is None:
            self.due = due_at(self.calendar, at, self.target, self.used)

    def used_by(self, at):
        return self.used if self.anchor is None else self.used + working_between(self.calendar, self.anchor, at)

    def happen(self, kind, at):
        if self.is_over:
            return
        if kind is EventKind.RESUMED and self.anchor is None:
            self.run_from(at)
        elif kind is EventKind.PAUSED:
            self.used, self.anchor = self.used_by(at), None
            self.due = self.due if self.due is not None and self.due < at else None
        elif kind is EventKind.STOPPED:
            self.used, self.is_over = self.used_by(at), True
            self.run_from(at)
            self.anchor = None
