"""The time machine: what the tickets of the past would have come to under another agreement."""

import random
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from incidents.services import hold_incident, resolve_incident, resume_incident
from journal import jobs
from journal.models import Event, Job
from slas import turns
from slas.calendars import content_of
from slas.history import default_agreement
from slas.models import Agreement, Clock, Metric, Target
from slas.replay import Findings, Outcome, start_replay, take_step
from slas.replay.reliving import relive, replay_tickets
from slas.replay.rulebook import Rulebook, trial_of
from slas.turns import read_pasts
from tests.incidents.test_history import live, plot
from tickets.models import Ticket, WaitingReason
from work.services import edit_ticket

HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def replayed(agreement: Agreement, *, until: datetime, **params) -> Findings:
    """What the replay of all tickets finds."""
    book = Rulebook(trial_of({"agreement": agreement.pk, **params}))
    findings = Findings()
    replay_tickets(list(Ticket.objects.order_by("pk")), book=book, until=until, findings=findings)
    return findings


@pytest.fixture
def draft(agreement):
    """The next version of the agreement, word for word."""
    made = Agreement.objects.create(
        name=agreement.name, version=2, state=Agreement.State.DRAFT, replaces=agreement, calendar=agreement.calendar,
        start_date=date(2026, 12, 1), pauses_on=agreement.pauses_on,
    )  # fmt: skip
    for target in agreement.targets.all():
        target.pk, target.agreement = None, made
        target.save()
    return made


@pytest.fixture
def done(open_for, bob, alice):
    """Opened Monday 10:00 with 24 working hours, on hold from 11:00 to 13:00, resolved Thursday 11:00: an hour before the
    deadline, and an hour beyond it had the hold not counted."""
    incident = open_for(bob, impact=3, urgency=1, at=at(23, 10))
    hold_incident(
        incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(23, 11)
    )
    resume_incident(incident=incident, actor=alice, now=at(23, 13))
    resolve_incident(incident=incident, code="fixed", resolution="Renewed.", actor=alice, now=at(26, 11))
    return incident


class TestTheMethod:
    """Held against the agreement that was in force, the replay finds what was recorded."""

    @pytest.mark.parametrize("number", range(12))
    def test_agrees_with_the_live_verbs(self, number, open_for, bob, alice, network, agreement):
        agreement.reopens_as = random.Random(number).choice(Agreement.ReopensAs.values)
        agreement.reply_mode = random.Random(number + 1).choice(Agreement.ReplyMode.values)
        agreement.pauses_on = [WaitingReason.REQUESTER, WaitingReason.SUPPLIER][: 1 + number % 2]
        agreement.save()
        for metric in (Metric.OWN, Metric.NEXT_REPLY, Metric.UPDATE):
            for priority in range(1, 6):
                Target.objects.create(agreement=agreement, metric=metric, priority=priority, duration=priority * HOUR)
        incident = open_for(bob, at=at(2, 9))
        story = plot(number, at(2, 9))
        live(incident, story, bob, alice, network)
        until = at(30, 12)
        findings = replayed(agreement, until=until)
        assert (findings.n_tickets, findings.changed) == (1, [])
        assert {Metric.FIRST_RESPONSE, Metric.RESOLUTION, Metric.OWN} <= set(findings.counts)
        past = read_pasts([incident.ticket], until=until)[incident.ticket.pk]
        again = relive(
            Ticket.objects.get(), past, Rulebook(agreement).promises(bob.organisation_id, past.service, at(2, 9).date()),
            Rulebook(agreement),
        )  # fmt: skip
        assert sorted(map(facts, again)) == sorted(map(facts, Clock.objects.counted()))

    @pytest.mark.parametrize("number", range(4))
    def test_agrees_in_the_middle_of_a_life(self, number, open_for, bob, alice, network, agreement):
        story = plot(number, at(2, 9))[: 5 + number]
        live(open_for(bob, at=at(2, 9)), story, bob, alice, network)
        until = story[-1][2] + timedelta(minutes=20)
        findings = replayed(agreement, until=until)
        assert (findings.n_tickets, findings.changed) == (1, [])


class TestDefaultAgreement:
    def test_is_a_promise_to_customers_and_no_teams_own(self, agreement, network, globex):
        fields = {"calendar": agreement.calendar, "start_date": date(2026, 1, 1)}
        Agreement.objects.create(name="Network", kind=Agreement.Kind.OLA, team=network, **fields)
        Agreement.objects.create(name="Carrier", kind=Agreement.Kind.UC, supplier=globex, **fields)
        Agreement.objects.create(name="Gold", version=2, state=Agreement.State.DRAFT, **fields)
        assert default_agreement() == agreement


class TestFindings:
    def test_counts_before_and_after_and_lists_what_changes(self, done, agreement, draft):
        assert asdict(replayed(agreement, until=at(30, 12)))["changed"] == []
        draft.pauses_on = []
        draft.save()
        findings = replayed(draft, until=at(30, 12))
        assert findings.counts[Metric.RESOLUTION] == {"3": [{"m": 1}, {"b": 1}]}
        assert findings.counts[Metric.FIRST_RESPONSE] == {"3": [{"m": 1}, {"m": 1}]}
        # 24 h were promised, 23 used; the two of the hold come to 25.
        assert findings.changed == [[done.ticket_id, "resolution", 3, "m", 3600, "b", -3600]]
        assert [findings.n(Outcome.BREACHED, after=after) for after in (False, True)] == [0, 1]

    def test_tries_other_targets(self, done, draft):
        draft.targets.filter(metric=Metric.RESOLUTION).update(duration=22 * HOUR)
        assert replayed(draft, until=at(30, 12)).changed == [
            [done.ticket_id, "resolution", 3, "m", 3600, "b", -3600]
        ]  # fmt: skip

    def test_tries_another_calendar_and_other_reasons(self, done, agreement, always):
        findings = replayed(agreement, until=at(30, 12), calendar=always.pk)
        # Three days and an hour round the clock, less the two hours of the hold.
        assert findings.changed == [[done.ticket_id, "resolution", 3, "m", 3600, "b", (24 - 71) * 3600]]
        assert replayed(agreement, until=at(30, 12), pauses_on=[]).changed[0][5] == "b"
        agreement.refresh_from_db()
        assert agreement.pauses_on == [WaitingReason.REQUESTER]

    def test_says_of_a_new_promise_that_there_was_none(self, done, draft):
        Target.objects.create(agreement=draft, metric=Metric.OWN, priority=3, duration=HOUR)
        assert replayed(draft, until=at(30, 12)).changed == [[done.ticket_id, "own", 3, "-", 0, "b", -22 * 3600]]

    def test_calls_open_what_may_still_be_kept(self, incident, draft):
        draft.targets.filter(metric=Metric.FIRST_RESPONSE).update(duration=2 * HOUR)
        findings = replayed(draft, until=at(23, 13))
        assert findings.counts[Metric.RESOLUTION] == {"3": [{"o": 1}, {"o": 1}]}
        assert findings.changed == [[incident.ticket_id, "first_response", 3, "o", 3600, "b", -3600]]

    def test_leaves_alone_what_the_draft_does_not_concern(self, done, draft, globex):
        draft.customer = globex
        draft.targets.filter(metric=Metric.RESOLUTION).delete()
        draft.save()
        findings = replayed(draft, until=at(30, 12))
        # It leaves the tickets of others without a promise: they were under its earlier version.
        assert {(each[1], each[3], each[5]) for each in findings.changed} == {
            ("first_response", "m", "-"), ("resolution", "m", "-"),
        }  # fmt: skip
        draft.replaces, draft.name = None, "Another document"
        draft.save()
        assert replayed(draft, until=at(30, 12)).n_tickets == 0

    def test_follows_a_ticket_to_another_service(self, open_for, bob, alice, agreement, vpn, network):
        own = Agreement.objects.create(name="VPN only", calendar=agreement.calendar, start_date=date(2020, 1, 1))
        own.services.add(vpn)
        Target.objects.create(agreement=own, metric=Metric.RESOLUTION, priority=3, duration=2 * HOUR)
        incident = open_for(bob, impact=3, urgency=1, at=at(23, 10), service=None, team=network)
        edit_ticket(ticket=incident.ticket, actor=alice, now=at(23, 11), service=vpn)
        resolve_incident(incident=incident, code="fixed", resolution="Renewed.", actor=alice, now=at(23, 14))
        findings = replayed(own, until=at(30, 12))
        assert findings.counts == {"resolution": {"3": [{"b": 1}, {"b": 1}]}}
        assert findings.changed == []

    def test_does_not_guess_what_a_log_without_words_cannot_tell(self, done, draft, monkeypatch):
        Ticket.objects.update(external_source="servicenow-log", external_id="INC1")
        assert set(replayed(draft, until=at(30, 12)).counts) == {Metric.FIRST_RESPONSE, Metric.RESOLUTION}
        silent = {name: reader for name, reader in turns._readers.items() if name != "ticket.replied"}
        monkeypatch.setattr(turns, "_readers", silent)
        assert set(replayed(draft, until=at(30, 12)).counts) == {Metric.RESOLUTION}


class TestTheJob:
    def start(self, agreement, actor):
        return start_replay(agreement=agreement, days=30, actor=actor, now=at(30, 12))

    def test_is_refused_to_who_does_not_manage_agreements(self, agreement, alice, auditor):
        for who in (alice, auditor):
            with pytest.raises(PermissionDenied):
                self.start(agreement, who)
        assert not Job.objects.exists()

    def test_goes_in_steps_and_says_how_far_it_is(self, open_for, bob, draft, manager_user, monkeypatch):
        monkeypatch.setattr("slas.replay.job.STEP", 2)
        for hour in range(5):
            open_for(bob, impact=3, urgency=1, at=at(23, 10 + hour))
        open_for(bob, impact=3, urgency=1, at=at(23, 10) - timedelta(days=60))
        draft.targets.filter(metric=Metric.RESOLUTION).update(duration=HOUR)
        job = self.start(draft, manager_user)
        assert take_step(job, at(30, 12)) is True
        assert (job.n_done, job.n_total, Findings(**job.result).n_tickets) == (2, 5, 2)
        done = jobs.run_next(now=timezone.now())
        assert (done.state, done.n_done, done.n_total) == (Job.State.DONE, 5, 5)
        findings = Findings(**done.result)
        assert findings.n_tickets == 5
        assert len({each[0] for each in findings.changed}) == 0  # 37 hours late already, as recorded

    def test_goes_on_where_a_dead_worker_stopped(self, open_for, bob, agreement, manager_user, monkeypatch):
        monkeypatch.setattr("slas.replay.job.STEP", 2)
        for hour in range(5):
            open_for(bob, impact=3, urgency=1, at=at(23, 10 + hour))
        job = self.start(agreement, manager_user)
        take_step(job, at(30, 12))
        job.state, job.lease_until = Job.State.RUNNING, at(1, 12)
        job.save()
        done = jobs.run_next(now=timezone.now())
        assert (done.n_done, Findings(**done.result).n_tickets) == (5, 5)

    def test_stops_when_it_is_cancelled(self, open_for, bob, agreement, manager_user):
        open_for(bob, at=at(23, 10))
        job = self.start(agreement, manager_user)
        assert jobs.cancel(job=job, now=at(30, 12))
        assert jobs.run_next(now=timezone.now()) is None
        job.refresh_from_db()
        assert (job.state, job.result) == (Job.State.CANCELLED, {})

    def test_writes_nothing_but_its_result_and_that_it_was_done(self, done, agreement, draft, manager_user):
        draft.pauses_on = []
        draft.save()
        before = [model.objects.count() for model in (Clock, Ticket, Target)], content_of(agreement.calendar)
        self.start(draft, manager_user)
        job = jobs.run_next(now=timezone.now())
        assert ([model.objects.count() for model in (Clock, Ticket, Target)], content_of(agreement.calendar)) == before
        event = Event.objects.get(name="agreement.replayed")
        assert (event.subject_kind, event.subject_id, event.actor) == ("agreement", draft.pk, manager_user)
        assert event.data == {"job": job.pk, "days": 30, "tickets": 1, "breaches": [0, 1], "changed": 1}


def facts(clock: Clock):
    return clock.metric, clock.priority, clock.goal, clock.used, clock.started_at, clock.due_at, clock.ended_at
