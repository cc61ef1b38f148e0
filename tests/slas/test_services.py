"""Clocks on real rows: what every verb of a ticket does to its promises."""

from datetime import UTC, datetime, timedelta

import pytest

from incidents import services as incidents
from incidents.models import ResolutionCode
from journal.models import Event
from slas.engine import settle
from slas.models import Agreement, Clock, ClockEvent, Escalation, Metric
from slas.selectors import Mood, clock_ledger, ticket_clocks
from slas.services import preview_due
from slas.sweep import sweep_due_clocks
from tests.slas.covering import agreement_for
from tickets.models import Channel, WaitingReason
from work.services import edit_ticket, note_on_ticket, reply_to_ticket

HOUR = timedelta(hours=1)


def clock(incident, metric=Metric.RESOLUTION) -> Clock:
    return Clock.objects.filter(ticket=incident.ticket, metric=metric).order_by("generation").last()


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def resolve(alice):
    def _resolve(incident, when):
        incidents.resolve_incident(
            incident=incident, code=ResolutionCode.FIXED, resolution="Renewed the certificate.", actor=alice, now=when
        )

    return _resolve


class TestStartClocks:
    def test_promises_in_the_hours_of_the_calendar(self, incident):
        # P3: 4 h to answer and 24 h to solve, Monday 10:00, 09-17.
        assert clock(incident, Metric.FIRST_RESPONSE).due_at == at(23, 14)
        assert clock(incident).due_at == at(26, 10)
        incident.ticket.refresh_from_db()
        assert incident.ticket.next_due_at == at(23, 14)

    def test_uses_the_targets_own_calendar(self, open_for, bob):
        night = open_for(bob, impact=1, urgency=1, at=at(21, 23))
        assert clock(night).due_at == at(22, 3)

    def test_plans_every_step_of_the_ladder(self, incident):
        response = clock(incident, Metric.FIRST_RESPONSE)
        assert response.fire_plan == [at(23, 12), at(23, 13), at(23, 14), at(23, 15)]
        assert response.next_fire_at == at(23, 12)

    def test_promises_nothing_without_an_agreement(self, open_for, bob):
        Agreement.objects.update(state=Agreement.State.DRAFT)
        incident = open_for(bob)
        assert not Clock.objects.filter(ticket=incident.ticket).exists()
        assert incident.ticket.next_due_at is None


class TestAgreementFor:
    def test_takes_the_most_specific(self, incident, agreement, acme, vpn, office):
        def agree(name, customer=None, services=()):
            made = Agreement.objects.create(name=name, customer=customer, calendar=office, start_date=at(1, 0).date())
            made.services.set(services)
            return made

        assert agreement_for(incident.ticket) == agreement
        service = agree("service", services=[vpn])
        assert agreement_for(incident.ticket) == service
        customer = agree("customer", customer=acme)
        assert agreement_for(incident.ticket) == customer
        both = agree("both", customer=acme, services=[vpn])
        assert agreement_for(incident.ticket) == both

    def test_ignores_what_is_not_in_force_or_not_for_him(self, incident, agreement, globex, office):
        Agreement.objects.create(name="future", calendar=office, start_date=at(24, 0).date())
        Agreement.objects.create(name="past", calendar=office, start_date=at(1, 0).date(), end_date=at(23, 0).date())
        Agreement.objects.create(name="other", customer=globex, calendar=office, start_date=at(1, 0).date())
        assert agreement_for(incident.ticket) == agreement


class TestPause:
    def test_moves_the_deadline_by_the_working_time_paused(self, incident, alice):
        # AC-A1a: a hold over the night takes nothing from an office-hours clock.
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(23, 17)
        )
        assert clock(incident).due_at is None
        incidents.resume_incident(incident=incident, actor=alice, now=at(24, 9))
        assert clock(incident).due_at == at(26, 10)

    def test_counts_neither_the_weekend_nor_the_pause(self, open_for, bob, alice):
        # AC-A1b, 8 h from Friday 15:00, held Friday 16:00 to Monday 10:00; here the 24 h target.
        incident = open_for(bob, impact=3, urgency=1, at=at(20, 15))
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(20, 16)
        )
        assert clock(incident).used == HOUR
        incidents.resume_incident(incident=incident, actor=alice, now=at(23, 10))
        account = clock_ledger(clock(incident), now=at(23, 10))
        assert (account.used, account.paused) == (HOUR, 2 * HOUR)
        assert clock(incident).due_at == at(25, 17)

    def test_never_fires(self, incident, alice):
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(23, 10, 30)
        )
        assert sweep_due_clocks(now=at(30, 12)) == 0
        assert not Escalation.objects.exists()
        assert not Clock.objects.breached(at(30, 12)).exists()

    def test_leaves_the_clock_running_for_other_reasons(self, incident, alice):
        incidents.hold_incident(incident=incident, reason=WaitingReason.SUPPLIER, actor=alice, now=at(23, 11))
        assert clock(incident).state == Clock.State.RUNNING

    def test_keeps_a_deadline_that_had_passed(self, incident, alice):
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Still there?", actor=alice, now=at(27, 12)
        )
        assert clock(incident).due_at == at(26, 10)
        assert clock(incident).has_breached(at(30, 12))


class TestFirstResponse:
    def test_is_met_by_an_agents_public_reply_through_any_channel(self, open_for, bob, alice):
        for channel in (Channel.PORTAL, Channel.DESK, Channel.MAIL, Channel.PHONE, Channel.API):
            incident = open_for(bob, impact=3, urgency=1)
            reply_to_ticket(ticket=incident.ticket, body="Looking at it.", actor=alice, now=at(23, 11), channel=channel)
            response = clock(incident, Metric.FIRST_RESPONSE)
            assert (response.state, response.ended_at, response.used) == (Clock.State.MET, at(23, 11), HOUR), channel

    def test_is_not_met_by_a_note_an_assignment_or_the_customer(self, incident, alice, bob):
        note_on_ticket(ticket=incident.ticket, body="Hm.", actor=alice, now=at(23, 11))
        incidents.start_incident(incident=incident, actor=alice, now=at(23, 11))
        reply_to_ticket(ticket=incident.ticket, body="Hello?", actor=bob, now=at(23, 12), channel=Channel.PORTAL)
        assert clock(incident, Metric.FIRST_RESPONSE).state == Clock.State.RUNNING

    def test_leaves_the_resolution_clock_alone(self, incident, alice):
        reply_to_ticket(ticket=incident.ticket, body="Hi.", actor=alice, now=at(23, 11), channel=Channel.DESK)
        assert clock(incident).state == Clock.State.RUNNING
        incident.ticket.refresh_from_db()
        assert incident.ticket.next_due_at == at(26, 10)


class TestResolutionAndReopen:
    def test_ends_both_clocks_for_good(self, incident, resolve):
        resolve(incident, at(23, 12))
        assert not Clock.objects.live().exists()
        assert clock(incident).ended_at == at(23, 12)
        incident.ticket.refresh_from_db()
        assert incident.ticket.next_due_at is None

    def test_resumes_with_what_was_left(self, incident, resolve, bob):
        resolve(incident, at(23, 12))
        incidents.reopen_incident(incident=incident, comment="Again!", actor=bob, now=at(25, 12))
        again = clock(incident)
        assert (again.generation, again.state, again.used, again.ended_at) == (1, Clock.State.RUNNING, 2 * HOUR, None)
        assert again.due_at == at(30, 10)  # 22 h from Wednesday 12:00

    def test_does_not_repeat_a_warning_after_reopening(self, incident, resolve, bob):
        sweep_due_clocks(now=at(25, 9))
        n_before = Escalation.objects.filter(clock=clock(incident)).count()
        resolve(incident, at(25, 10))
        incidents.reopen_incident(incident=incident, actor=bob, now=at(25, 11))
        sweep_due_clocks(now=at(25, 12))
        assert Escalation.objects.filter(clock=clock(incident)).count() == n_before

    def test_cancelled_ticket_has_clocks_without_result(self, incident, bob):
        incidents.cancel_incident(incident=incident, reason="Found my cable.", actor=bob, now=at(23, 11))
        assert set(Clock.objects.values_list("state", flat=True)) == {Clock.State.CANCELLED}


class TestRetarget:
    def test_starts_at_creation_with_earlier_pauses_kept(self, incident, alice):
        # AC-A2: P3 → P2 after a hold of 2 h: 8 h round the clock from 10:00 plus the pause.
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(23, 11)
        )
        incidents.resume_incident(incident=incident, actor=alice, now=at(23, 13))
        incidents.prioritise_incident(incident=incident, impact=2, urgency=1, actor=alice, now=at(23, 14))
        old, new = Clock.objects.filter(ticket=incident.ticket, metric=Metric.RESOLUTION).order_by("generation")
        assert (old.state, old.ended_at) == (Clock.State.CANCELLED, at(23, 14))
        assert (new.state, new.generation, new.due_at) == (Clock.State.RUNNING, 2, at(23, 20))
        assert not Event.objects.filter(name="sla.target_changed").exists()

    def test_late_by_the_change_is_one_record_and_one_step(self, incident, alice):
        incidents.prioritise_incident(incident=incident, impact=1, urgency=1, actor=alice, now=at(24, 9))
        assert Event.objects.filter(name="sla.target_changed", data__metric="resolution").count() == 1
        sweep_due_clocks(now=at(24, 9, 1))
        assert Escalation.objects.filter(clock=clock(incident), is_collapsed=False).count() == 1

    def test_previews_without_writing(self, incident):
        found = preview_due(ticket=incident.ticket, priority=2, now=at(23, 11))
        assert found == {Metric.FIRST_RESPONSE: at(23, 10, 30), Metric.RESOLUTION: at(23, 18)}
        assert clock(incident).generation == 1

    def test_stays_paused_when_the_old_clock_was(self, incident, alice):
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(23, 11)
        )
        incidents.prioritise_incident(incident=incident, impact=2, urgency=1, actor=alice, now=at(23, 14))
        new = clock(incident)
        assert (new.generation, new.state, new.due_at, new.next_fire_at) == (2, Clock.State.PAUSED, None, None)

    def test_follows_a_change_of_service(self, incident, alice, office, vpn, network):
        from catalog.models import Service

        mail = Service.objects.create(key="mail", name="Mail", owner=alice, support_team=network)
        gold = Agreement.objects.create(name="Mail", calendar=office, start_date=at(1, 0).date())
        gold.services.add(mail)
        gold.targets.create(metric=Metric.RESOLUTION, priority=3, duration=2 * HOUR)
        edit_ticket(ticket=incident.ticket, actor=alice, now=at(23, 11), service=mail)
        assert clock(incident).due_at == at(23, 12)
        assert clock(incident, Metric.FIRST_RESPONSE).state == Clock.State.CANCELLED


class TestColumnsAreACache:
    def test_settling_again_from_the_events_changes_nothing(self, incident, alice, bob, resolve):
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(23, 11)
        )
        reply_to_ticket(ticket=incident.ticket, body="Lisbon", actor=bob, now=at(23, 12), channel=Channel.PORTAL)
        incidents.prioritise_incident(incident=incident, impact=2, urgency=1, actor=alice, now=at(23, 14))
        resolve(incident, at(23, 15))
        incidents.reopen_incident(incident=incident, actor=bob, now=at(23, 16))
        columns = ("used", "due_at", "anchor_at", "ended_at", "next_fire_at", "fire_plan")
        for row in Clock.objects.exclude(state=Clock.State.CANCELLED):
            stored = [getattr(row, name) for name in columns]
            settle(row, ClockEvent.objects.filter(clock=row).order_by("at", "id"))
            assert [getattr(row, name) for name in columns] == stored


class TestClockFace:
    def test_explains_every_minute(self, incident, alice):
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(23, 11)
        )
        incidents.resume_incident(incident=incident, actor=alice, now=at(23, 12))
        face = next(f for f in ticket_clocks(ticket=incident.ticket, now=at(24, 10)) if f.clock.metric == "resolution")
        story = [(s.kind.value, s.label, s.actor, s.worked) for s in face.account.segments]
        assert story == [
            ("running", "", "", HOUR),
            ("paused", "requester", "Alice", HOUR),
            ("running", "", "", 5 * HOUR),
            ("closed", "", "", timedelta(0)),
            ("running", "", "", HOUR),
        ]
        assert face.account.used == 7 * HOUR

    def test_moods_follow_share_and_time_left(self, incident):
        def mood(when):
            faces = {f.clock.metric: f.mood for f in ticket_clocks(ticket=incident.ticket, now=when)}
            return faces[Metric.FIRST_RESPONSE]

        assert mood(at(23, 10, 30)) == Mood.ON_TRACK
        assert mood(at(23, 12)) == Mood.DUE_SOON
        assert mood(at(23, 13)) == Mood.AT_RISK
        assert mood(at(23, 14, 1)) == Mood.BREACHED
