"""Open tickets follow an edited calendar or a new version of an agreement: what is foretold is what comes, once."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from incidents import services as incidents
from journal import jobs
from journal.models import Event, Job
from slas.calendars import content_of
from slas.calendars.services import apply_to_open, save_calendar
from slas.models import Agreement, Clock, Escalation, EscalationStep, Metric, Target
from slas.rollout import Effect, preview_roll_out, start_roll_out
from slas.rollout import job as job_module
from slas.selectors import clock_ledger
from slas.sweep import sweep_due_clocks
from tickets.models import WaitingReason
from work.wording import line_of

HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def clock(incident, metric=Metric.RESOLUTION) -> Clock:
    return Clock.objects.filter(ticket=incident.ticket, metric=metric).order_by("generation").last()


def with_hours(calendar, *intervals):
    """The calendar's content with these hours on every weekday."""
    return {**content_of(calendar), "hours": {str(day): [list(pair) for pair in intervals] for day in range(5)}}


def numbers(impact):
    return impact.n_open, impact.n_moved, impact.n_breached, impact.n_recovered


def carry_out(job, now, *, times=None) -> Job:
    """Take the job's steps at `now`: all of them, or so many."""
    n = 0
    while (times is None or n < times) and jobs._steps[job.kind](job, now):
        n += 1
    job.save()
    return job


@pytest.fixture
def edit(office, admin_user):
    """Save the office hours anew and let open tickets follow, at `now`; the finished job."""

    def _edit(*intervals, now, applies=True):
        saved = save_calendar(calendar=office, content=with_hours(office, *intervals), actor=admin_user, now=now)
        return carry_out(apply_to_open(calendar=saved, actor=admin_user, now=now), now) if applies else saved

    return _edit


class TestPreviewOfACalendar:
    # 24 h to solve from Monday 10:00: due Thursday 10:00 at 8 h a day, Wednesday 14:00 at 10 h, 1 December 10:00 at 4 h.

    def foretold(self, office, manager_user, *intervals, now):
        return preview_roll_out(calendar=office, content=with_hours(office, *intervals), reader=manager_user, now=now)

    def test_counts_who_becomes_late(self, incident, office, manager_user, alice):
        impact = self.foretold(office, manager_user, ("08:00", "18:00"), now=at(25, 15))
        assert numbers(impact) == (1, 1, 1, 0)
        [shift] = [shift for _ticket, shift in impact.rows if shift.metric == Metric.RESOLUTION]
        assert (shift.before.due_at, shift.after.due_at, shift.effect) == (at(26, 10), at(25, 14), Effect.BREACHES)

    def test_counts_who_is_no_longer_late(self, incident, office, manager_user):
        impact = self.foretold(office, manager_user, ("09:00", "13:00"), now=at(26, 11))
        assert numbers(impact) == (1, 1, 0, 1)
        shifts = {shift.metric: (shift.effect, shift.after.due_at) for _ticket, shift in impact.rows}
        assert shifts == {
            Metric.FIRST_RESPONSE: (Effect.MOVES, at(24, 10)),
            Metric.RESOLUTION: (Effect.RECOVERS, datetime(2026, 12, 1, 10, tzinfo=UTC)),
        }

    def test_sees_the_time_left_of_a_paused_clock_change(self, incident, office, manager_user, alice):
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which?", actor=alice, now=at(24, 10)
        )
        impact = self.foretold(office, manager_user, ("09:00", "13:00"), now=at(24, 11))
        [shift] = [shift for _ticket, shift in impact.rows if shift.metric == Metric.RESOLUTION]
        assert (shift.before.due_at, shift.after.due_at) == (None, None)
        assert (shift.before.left, shift.after.left) == (16 * HOUR, 20 * HOUR)
        assert numbers(impact) == (1, 1, 0, 0)

    def test_moves_nobody_where_nothing_changes(self, incident, office, manager_user):
        impact = self.foretold(office, manager_user, ("09:00", "17:00"), now=at(24, 11))
        assert (numbers(impact), impact.rows) == ((1, 0, 0, 0), [])

    def test_leaves_out_clocks_of_other_calendars_and_those_that_ended(
        self, open_for, bob, alice, office, manager_user
    ):
        open_for(bob, impact=1, urgency=1)
        solved = open_for(bob, impact=3, urgency=1)
        incidents.resolve_incident(incident=solved, code="fixed", resolution="Done.", actor=alice, now=at(23, 11))
        assert numbers(self.foretold(office, manager_user, ("09:00", "13:00"), now=at(23, 12))) == (0, 0, 0, 0)

    def test_writes_nothing(self, incident, office, manager_user):
        before = (list(Clock.objects.order_by("pk").values()), Event.objects.count())
        self.foretold(office, manager_user, ("09:00", "13:00"), now=at(26, 11))
        assert (list(Clock.objects.order_by("pk").values()), Event.objects.count()) == before

    def test_asks_as_often_for_many_tickets_as_for_one(self, open_for, bob, office, manager_user):
        def n_queries():
            with CaptureQueriesContext(connection) as queries:
                self.foretold(office, manager_user, ("09:00", "13:00"), now=at(23, 11))
            return len(queries)

        open_for(bob, impact=3, urgency=1)
        n_queries()  # a process reads each version of a calendar once
        one = n_queries()
        for _n in range(12):
            open_for(bob, impact=3, urgency=1)
        assert n_queries() == one

    def test_hides_tickets_the_reader_may_not_see(self, incident, office, charlie):
        impact = preview_roll_out(
            calendar=office, content=with_hours(office, ("09:00", "13:00")), reader=charlie, now=at(26, 11)
        )
        assert (impact.n_moved, impact.rows) == (1, [])


class TestRollOutOfACalendar:
    def test_does_what_was_foretold_and_tells_each_ticket(self, open_for, bob, office, manager_user, edit, admin_user):
        tickets = [open_for(bob, impact=3, urgency=1), open_for(bob, impact=3, urgency=1, at=at(20, 15))]
        now = at(25, 15)
        foretold = preview_roll_out(
            calendar=office, content=with_hours(office, ("08:00", "18:00")), reader=manager_user, now=now
        )
        job = edit(("08:00", "18:00"), now=now)
        assert job.result == {"n_moved": 2, "n_breached": foretold.n_breached, "n_recovered": foretold.n_recovered}
        assert (job.n_done, job.n_total) == (2, 2)
        assert clock(tickets[0]).due_at == at(25, 14)
        for ticket, shift in foretold.rows:
            moved = Clock.objects.get(ticket=ticket, metric=shift.metric)
            assert (moved.due_at, moved.calendar_version) == (shift.after.due_at, 2)
            [event] = Event.objects.filter(name="sla.recalculated", subject_id=ticket.pk)
            told = {each["metric"]: each["due_at"] for each in event.data["clocks"]}
            assert told[shift.metric] == moved.due_at.isoformat()
            assert event.actor == admin_user
        [done] = Event.objects.filter(name="calendar.rolled_out")
        assert (done.subject_id, done.data["n_moved"], done.data["n_breached"]) == (office.pk, 2, foretold.n_breached)

    def test_keeps_the_ledger_equal_to_the_row(self, incident, edit):
        edit(("09:00", "13:00"), now=at(24, 11))
        moved = clock(incident)
        account = clock_ledger(moved, now=at(24, 11))
        assert account.due_at == moved.due_at
        assert account.used == 3 * HOUR + 2 * HOUR  # Monday 10-13, Tuesday 9-11

    def test_brings_the_queue_up_to_date(self, incident, edit):
        edit(("09:00", "13:00"), now=at(23, 11))
        incident.ticket.refresh_from_db()
        assert incident.ticket.next_due_at == at(24, 10)

    def test_only_new_leaves_open_tickets_as_they_are(self, incident, open_for, bob, alice, edit):
        edit(("09:00", "13:00"), now=at(23, 11), applies=False)
        assert (clock(incident).due_at, clock(incident).calendar_version) == (at(26, 10), 1)
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which?", actor=alice, now=at(23, 14)
        )
        incidents.resume_incident(incident=incident, actor=alice, now=at(23, 15))
        assert clock(incident).due_at == at(26, 11)  # the old hours still count for it
        assert clock(open_for(bob, impact=3, urgency=1, at=at(23, 10))).due_at == datetime(2026, 12, 1, 10, tzinfo=UTC)

    def test_does_not_storm(self, incident, edit):
        """Becoming late by the edit sends the last step once, not the three before it."""
        assert sweep_due_clocks(now=at(23, 11)) == 0
        edit(("00:00", "24:00"), now=at(26, 9))
        late = clock(incident)
        assert (late.due_at, late.step, late.next_fire_at) == (at(24, 10), 3, late.fire_plan[3])
        assert sweep_due_clocks(now=at(26, 9)) > 0
        sent = Escalation.objects.filter(clock=late)
        assert [(each.step, each.is_collapsed) for each in sent] == [(3, False)]

    def test_fires_no_step_again_that_has_fired(self, incident, edit):
        sweep_due_clocks(now=at(25, 11))  # 75 % of 24 h: Wednesday 11:00 - steps 0 and 1 have fired
        assert clock(incident).step == 1
        edit(("09:00", "16:00"), now=at(25, 12))
        assert (clock(incident).step, clock(incident).generation) == (1, 1)
        assert clock(incident).next_fire_at > at(25, 12)

    def test_a_clock_that_recovers_may_warn_again(self, incident, edit):
        sweep_due_clocks(now=at(26, 12))
        assert clock(incident).step == 4
        n_sent = Escalation.objects.filter(clock=clock(incident)).count()
        edit(("09:00", "13:00"), now=at(26, 12))
        recovered = clock(incident)
        # 15 h 45 of 24 h are used then: 50 % lies behind, 75 % ahead
        assert (recovered.generation, recovered.step, recovered.has_breached(at(26, 12))) == (2, 1, False)
        sweep_due_clocks(now=recovered.fire_plan[1])
        again = Escalation.objects.filter(clock=recovered, generation=2)
        assert [each.step for each in again] == [1]
        assert Escalation.objects.filter(clock=recovered).count() == n_sent + 1

    def test_a_paused_clock_that_recovers_starts_its_ladder_where_it_stands(self, incident, edit, alice):
        sweep_due_clocks(now=at(26, 12))
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which?", actor=alice, now=at(26, 12)
        )
        assert clock(incident).has_breached(at(26, 13))
        edit(("09:00", "13:00"), now=at(26, 13))
        recovered = clock(incident)
        assert (recovered.due_at, recovered.generation, recovered.step, recovered.next_fire_at) == (None, 2, 1, None)
        incidents.resume_incident(incident=incident, actor=alice, now=at(27, 9))
        assert clock(incident).next_fire_at == clock(incident).fire_plan[1]

    def test_goes_on_where_a_killed_worker_stopped(self, open_for, bob, office, admin_user, monkeypatch):
        monkeypatch.setattr("slas.rollout.job.CHUNK", 1)
        for _n in range(3):
            open_for(bob, impact=3, urgency=1)
        now = at(23, 11)
        saved = save_calendar(
            calendar=office, content=with_hours(office, ("09:00", "13:00")), actor=admin_user, now=now
        )
        job = carry_out(apply_to_open(calendar=saved, actor=admin_user, now=now), now, times=1)
        assert Event.objects.filter(name="sla.recalculated").count() == 1
        again = carry_out(Job.objects.get(pk=job.pk), now)
        assert (again.n_done, again.result["n_moved"]) == (3, 3)
        assert Event.objects.filter(name="sla.recalculated").count() == 3

    def test_goes_one_by_one_where_several_deadlock(self, open_for, bob, office, admin_user, monkeypatch):
        for _n in range(3):
            open_for(bob, impact=3, urgency=1)
        now, move = at(23, 11), job_module._move_to_version

        def deadlocking(job, ids, now):
            if len(ids) > 1:
                move(job, ids, now)
                raise OperationalError("deadlock detected")
            return move(job, ids, now)

        monkeypatch.setattr(job_module, "_move_to_version", deadlocking)
        saved = save_calendar(
            calendar=office, content=with_hours(office, ("09:00", "13:00")), actor=admin_user, now=now
        )
        job = carry_out(apply_to_open(calendar=saved, actor=admin_user, now=now), now)
        assert (job.n_done, job.result["n_moved"]) == (3, 3)
        assert Event.objects.filter(name="sla.recalculated").count() == 3

    def test_moves_to_the_version_it_was_asked_for(self, incident, edit, office, admin_user):
        now = at(23, 11)
        second = save_calendar(
            calendar=office, content=with_hours(office, ("09:00", "13:00")), actor=admin_user, now=now
        )
        job = apply_to_open(calendar=second, actor=admin_user, now=now)
        save_calendar(calendar=second, content=with_hours(office, ("09:00", "10:00")), actor=admin_user, now=now)
        carry_out(job, now)
        assert (clock(incident).calendar_version, clock(incident).due_at) == (2, datetime(2026, 12, 1, 10, tzinfo=UTC))

    def test_runs_as_a_job_with_its_steps_committed(self, incident, office, admin_user, now):
        saved = save_calendar(
            calendar=office, content=with_hours(office, ("09:00", "13:00")), actor=admin_user, now=now
        )
        apply_to_open(calendar=saved, actor=admin_user, now=now)
        done = jobs.run_next(now=now)
        assert (done.state, done.n_done, done.problem) == (Job.State.DONE, 1, "")
        assert clock(incident).calendar_version == 2


class TestRollOutOfAnAgreement:
    @pytest.fixture
    def draft(self, agreement):
        """The next version of Gold: 16 h instead of 24 h to solve P3."""
        new = Agreement.objects.create(
            name=agreement.name, version=2, state=Agreement.State.DRAFT, replaces=agreement, calendar=agreement.calendar,
            start_date=date(2026, 11, 25), pauses_on=agreement.pauses_on,
        )  # fmt: skip
        for target in agreement.targets.all():
            is_changed = (target.metric, target.priority) == (Metric.RESOLUTION, 3)
            Target.objects.create(
                agreement=new, metric=target.metric, priority=target.priority, calendar=target.calendar,
                duration=16 * HOUR if is_changed else target.duration,
            )  # fmt: skip
        EscalationStep.objects.create(agreement=new, percent=100, notifies_lead=True)
        return new

    def activate(self, draft, *, applies):
        old = draft.replaces
        old.state, old.end_date = Agreement.State.SUPERSEDED, draft.start_date
        old.save()
        draft.state, draft.applies_to_open = Agreement.State.ACTIVE, applies
        draft.save()

    def test_does_what_was_foretold(self, open_for, bob, draft, manager_user, admin_user):
        incident = open_for(bob, impact=3, urgency=1)  # due Thursday 10:00; with 16 h on Wednesday 10:00
        other = open_for(bob, impact=2, urgency=3)
        now = at(25, 11)
        impact = preview_roll_out(agreement=draft, reader=manager_user, now=now)
        assert numbers(impact) == (2, 1, 1, 0)
        [(ticket, shift)] = impact.rows
        assert (ticket, shift.after.due_at, shift.effect) == (incident.ticket, at(25, 10), Effect.BREACHES)
        self.activate(draft, applies=True)
        job = carry_out(start_roll_out(agreement=draft, actor=admin_user, now=now), now)
        assert job.result == {"n_moved": 1, "n_breached": 1, "n_recovered": 0}
        moved = clock(incident)
        assert (moved.agreement, moved.generation, moved.due_at) == (draft, 2, at(25, 10))
        assert clock(other).agreement == draft
        names = list(Event.objects.filter(subject_id=ticket.pk, name__startswith="sla.").values_list("name", flat=True))
        assert sorted(names) == ["sla.recalculated", "sla.target_changed"]
        assert Event.objects.filter(name="agreement.rolled_out", subject_id=draft.pk).count() == 1
        assert clock(incident).next_fire_at == at(25, 10)  # late by the new version: told once
        # The first response has been late since Monday, and told then.
        assert clock(incident, Metric.FIRST_RESPONSE).next_fire_at is None
        told = re.sub(r"<[^>]+>", "", line_of(Event.objects.get(name="sla.recalculated")).text)
        assert told == "The agreement Gold changed: Resolution is due 10:00, before that 26 Nov 10:00"

    def test_takes_nothing_twice(self, incident, draft, admin_user):
        self.activate(draft, applies=True)
        for _time in range(2):
            job = carry_out(start_roll_out(agreement=draft, actor=admin_user, now=at(25, 11)), at(25, 11))
        assert job.result == {"n_moved": 0, "n_breached": 0, "n_recovered": 0}
        assert Clock.objects.filter(ticket=incident.ticket, metric=Metric.RESOLUTION).count() == 2

    def test_leaves_open_tickets_alone_where_it_is_for_new_ones(self, incident, draft, admin_user):
        self.activate(draft, applies=False)
        carry_out(start_roll_out(agreement=draft, actor=admin_user, now=at(25, 11)), at(25, 11))
        assert clock(incident).agreement == draft.replaces

    def test_foretells_clocks_that_nothing_is_promised_for_any_more(self, incident, draft, manager_user):
        draft.targets.filter(metric=Metric.FIRST_RESPONSE).delete()
        impact = preview_roll_out(agreement=draft, reader=manager_user, now=at(23, 11))
        ended = [shift.metric for _ticket, shift in impact.rows if shift.effect is Effect.ENDS]
        assert (ended, impact.n_ended) == ([Metric.FIRST_RESPONSE], 1)

    def test_asks_as_often_for_many_tickets_as_for_one(self, open_for, bob, draft, manager_user):
        def n_queries():
            with CaptureQueriesContext(connection) as queries:
                preview_roll_out(agreement=draft, reader=manager_user, now=at(23, 11))
            return len(queries)

        open_for(bob, impact=3, urgency=1)
        n_queries()  # a process reads each version of a calendar once
        one = n_queries()
        for _n in range(12):
            open_for(bob, impact=3, urgency=1)
        assert n_queries() == one
