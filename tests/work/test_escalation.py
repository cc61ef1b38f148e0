"""What a step plans for a ticket, and what came of it."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connections

from accounts.models import Membership, Role, Team
from catalog.models import Service
from incidents.models import Incident
from incidents.services import hold_incident, resolve_incident
from journal import outbox
from journal.models import Event, Outbox, Webhook
from slas import sweep
from slas.escalation import Deed, Reason, plan_of
from slas.models import Agreement, Clock, Escalation, EscalationNotice, EscalationStep, Metric, Target
from slas.sweep import sweep_due_clocks
from tests.conftest import person
from tickets.models import Channel, WaitingReason
from work.services import reply_to_ticket

HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def rung(**fields: object) -> dict[str, object]:
    return {"percent": 75, "offset": 0, "notify": ["assignee"], **fields}


@pytest.fixture
def clock(incident):
    return Clock.objects.get(ticket=incident.ticket, metric=Metric.RESOLUTION)


@pytest.fixture
def ticket(incident, alice):
    incident.ticket.assignee = alice
    incident.ticket.save()
    return incident.ticket


@pytest.fixture
def field_team(our_organisation, lead):
    team = Team.objects.create(
        name="Field", organisation=our_organisation, lead=person("fay", our_organisation, "agent")
    )
    Membership.objects.create(team=team, user=team.lead)
    return team


@pytest.fixture
def webhook(db):
    return Webhook.objects.create(name="Pager", url="https://pager.example/hook", secret="whsec_c2VjcmV0c2VjcmV0")


class TestPlan:
    def test_tells_the_roles_it_names_each_person_once(self, clock, ticket, now, alice, lead, manager_user):
        plan = plan_of(clock, rung(notify=["assignee", "lead", "manager", "owner"]), ticket, now)
        assert plan.people == (alice, lead, manager_user)  # alice owns the service as well
        assert plan.left_out is None
        assert not plan.is_breach

    def test_tells_the_owner_of_the_service(self, clock, ticket, now, our_organisation):
        owner = person("olga", our_organisation, "agent")
        Service.objects.filter(pk=ticket.service_id).update(owner=owner)
        ticket.service.refresh_from_db()
        assert plan_of(clock, rung(notify=["owner"]), ticket, now).people == (owner,)

    def test_lets_the_lead_stand_in_for_an_assignee_who_has_left(self, clock, ticket, now, alice, lead):
        alice.is_active = False
        alice.save()
        ticket.refresh_from_db()
        assert plan_of(clock, rung(), ticket, now).people == (lead,)

    def test_tells_who_manages_agreements_where_nobody_it_names_works_here(
        self, clock, ticket, now, manager_user, lead
    ):
        lead.roles.set(Role.objects.filter(key="requester"))
        ticket.refresh_from_db()
        assert plan_of(clock, rung(notify=["lead"]), ticket, now).people == (manager_user,)

    def test_tells_nobody_where_it_names_no_role(self, clock, ticket, now):
        plan = plan_of(clock, rung(notify=[]), ticket, now)
        assert plan.people == ()
        assert plan.left_out is None

    @pytest.mark.parametrize(
        ("condition", "reason"),
        [({"priorities": [1, 2]}, Reason.PRIORITY), ({"if_unassigned": True}, Reason.ASSIGNED)],
    )
    def test_is_left_out_where_a_condition_is_not_met(self, clock, ticket, now, condition, reason):
        plan = plan_of(clock, rung(**condition, **{"raise": True}), ticket, now)
        assert plan.left_out == reason
        assert plan.people == ()
        assert plan.actions == ()
        assert not plan.concerns

    def test_fires_where_its_conditions_are_met(self, clock, ticket, now, lead):
        ticket.assignee = None
        conditions = {"priorities": [3], "if_unassigned": True, "if_unanswered": True, "quiet_for": 3600.0}
        assert plan_of(clock, rung(**conditions), ticket, now).people == (lead,)

    def test_is_left_out_once_we_have_answered(self, clock, ticket, now, alice, bob):
        reply_to_ticket(ticket=ticket, body="Still there?", actor=bob, now=now, channel=Channel.PORTAL)
        assert plan_of(clock, rung(if_unanswered=True), ticket, now).left_out is None
        reply_to_ticket(ticket=ticket, body="Looking.", actor=alice, now=now, channel=Channel.DESK)
        assert plan_of(clock, rung(if_unanswered=True), ticket, now).left_out == Reason.ANSWERED

    def test_keeps_quiet_after_a_reply_but_still_changes_what_it_changes(self, clock, ticket, now, alice, webhook):
        reply_to_ticket(ticket=ticket, body="Looking.", actor=alice, now=now, channel=Channel.DESK)
        step = rung(quiet_for=1800.0, webhook=webhook.pk, **{"raise": True})
        quiet = plan_of(clock, step, ticket, now + HOUR / 2 - timedelta(seconds=1))
        assert quiet.left_out == Reason.QUIET
        assert quiet.people == ()
        assert [action.deed for action in quiet.actions] == [Deed.RAISED]
        assert plan_of(clock, step, ticket, now + HOUR / 2).people == (alice,)

    def test_raises_hands_over_and_calls(self, clock, ticket, now, field_team, webhook):
        step = rung(reassign_to=field_team.pk, webhook=webhook.pk, **{"raise": True})
        actions = plan_of(clock, step, ticket, now).actions
        assert [(a.deed, a.priority, a.team, a.webhook) for a in actions] == [
            (Deed.RAISED, 2, None, None), (Deed.HANDED_OVER, 0, field_team, None), (Deed.WEBHOOK, 0, None, webhook),
        ]  # fmt: skip

    def test_does_not_do_what_is_done_or_switched_off(self, clock, ticket, now, network, webhook):
        ticket.priority, webhook.is_active = 1, False
        webhook.save()
        step = rung(reassign_to=network.pk, webhook=webhook.pk, **{"raise": True})
        assert plan_of(clock, step, ticket, now).actions == ()

    def test_does_nothing_once_the_clock_has_ended(self, clock, ticket, now):
        clock.ended_at = now
        plan = plan_of(clock, rung(percent=100, **{"raise": True}), ticket, now)
        assert (plan.left_out, plan.people, plan.actions, plan.is_breach) == (Reason.ENDED, (), (), True)

    def test_writes_nothing(self, clock, ticket, now, field_team, webhook, django_assert_num_queries):
        plan_of(clock, rung(), ticket, now)  # the assignee's roles are known now
        with django_assert_num_queries(0):
            plan_of(clock, rung(), ticket, now)
        assert not Escalation.objects.exists()


@pytest.fixture
def one_step(agreement):
    """Leaves the agreement with one step, which the test makes: one_step(percent=50, ...)."""

    def _make(**fields):
        agreement.steps.all().delete()
        return EscalationStep.objects.create(agreement=agreement, **fields)

    return _make


def fire(now):
    sweep_due_clocks(now=now)
    outbox.dispatch(now=now, only=[sweep.TOPIC])
    return Escalation.objects.latest("id")


class TestCarryOut:
    def test_remembers_whom_it_told_and_what_it_did(self, one_step, open_for, bob, lead, field_team):
        one_step(percent=50, raises_priority=True, reassigns_to=field_team)
        incident = open_for(bob, impact=3, urgency=1)
        escalation = fire(at(23, 12))
        assert escalation.outcome == {
            "told": [{"id": lead.pk, "name": "Lena"}],
            "did": [
                {"deed": "raised", "priority": 2, "to": None},
                {"deed": "handed_over", "priority": None, "to": "Field"},
            ],
        }
        incident = Incident.objects.get(pk=incident.pk)
        assert (incident.ticket.priority, incident.ticket.team) == (2, field_team)
        assert list(EscalationNotice.objects.values_list("person", "digest")) == [(lead.pk, "")]
        told = Outbox.objects.filter(topic="mail", payload__notice__in=["warning", "assigned"])
        assert set(told.values_list("payload__notice", "payload__person")) == {
            ("warning", lead.pk), ("assigned", field_team.lead.pk),
        }  # fmt: skip

    def test_remembers_why_it_told_nobody(self, one_step, open_for, bob):
        one_step(percent=50, only_priorities=[1])
        open_for(bob, impact=3, urgency=1)
        assert fire(at(23, 12)).outcome == {"told": [], "did": [], "left_out": "priority"}
        assert not Event.objects.filter(name__startswith="sla.").exists()
        assert not Outbox.objects.filter(topic="mail", payload__notice="warning").exists()

    def test_records_a_breach_that_it_keeps_quiet_about(self, one_step, open_for, bob, alice):
        one_step(percent=100, metric=Metric.RESOLUTION, quiet_for=HOUR * 10_000)  # the reply is of the real clock's now
        incident = open_for(bob, impact=3, urgency=1)
        reply_to_ticket(ticket=incident.ticket, body="Hi.", actor=alice, now=at(23, 11), channel=Channel.DESK)
        escalation = fire(at(26, 10))
        assert escalation.outcome["left_out"] == "quiet"
        assert Event.objects.filter(name="sla.breached").count() == 1
        assert not EscalationNotice.objects.exists()

    def test_records_no_warning_that_it_keeps_quiet_about(self, one_step, open_for, bob, alice):
        one_step(percent=50, metric=Metric.RESOLUTION, quiet_for=HOUR * 10_000)
        incident = open_for(bob, impact=3, urgency=1)
        reply_to_ticket(ticket=incident.ticket, body="Hi.", actor=alice, now=at(23, 11), channel=Channel.DESK)
        assert fire(at(25, 10)).outcome["left_out"] == "quiet"
        assert not Event.objects.filter(name__startswith="sla.").exists()

    def test_calls_the_webhook_with_the_facts(self, one_step, open_for, bob, webhook):
        one_step(percent=50, metric=Metric.FIRST_RESPONSE, notifies_assignee=False, webhook=webhook)
        incident = open_for(bob, impact=3, urgency=1)
        escalation = fire(at(23, 12, 30))
        row = Outbox.objects.get(topic="webhook")
        clock = escalation.clock
        assert row.dedupe_key == f"webhook:{webhook.pk}:clock:{clock.pk}:1:0"
        assert row.payload == {
            "webhook": webhook.pk,
            "type": "sla.warned",
            "timestamp": "2026-11-23T12:30:00+00:00",
            "data": {
                "ticket": incident.ticket.number, "metric": "first_response", "percent": 50,
                "due_at": "2026-11-23T14:00:00+00:00", "late_by": 1800,
                "link": f"http://127.0.0.1:8000/tickets/{incident.ticket.number}/",
            },
        }  # fmt: skip

    def test_tells_nobody_of_a_clock_that_ended_between_firing_and_telling(self, one_step, open_for, bob):
        one_step(percent=100, metric=Metric.FIRST_RESPONSE, raises_priority=True)
        incident = open_for(bob, impact=3, urgency=1)
        sweep_due_clocks(now=at(23, 14))
        Clock.objects.filter(ticket=incident.ticket, metric=Metric.FIRST_RESPONSE).update(
            state="met", ended_at=at(23, 14, 1), anchor_at=None, next_fire_at=None
        )
        outbox.dispatch(now=at(23, 14, 2), only=[sweep.TOPIC])
        assert Escalation.objects.get().outcome == {"told": [], "did": [], "left_out": "ended"}
        assert Event.objects.filter(name="sla.breached").count() == 1  # that it was late stays true
        incident.ticket.refresh_from_db()
        assert incident.ticket.priority == 3


class TestHours:
    """AC-A6c: what may not page at any hour waits for the opening."""

    @pytest.mark.parametrize(("at_any_hour", "fires_at"), [(False, at(25, 10)), (True, at(24, 18))])
    def test_any_hour_is_an_explicit_switch(self, one_step, open_for, bob, at_any_hour, fires_at):
        """Opened at 16:00 with 4 h in office hours: due on Tuesday at 12:00. Six hours later it is evening."""
        one_step(metric=Metric.FIRST_RESPONSE, percent=100, offset=6 * HOUR, at_any_hour=at_any_hour)
        open_for(bob, impact=3, urgency=1, at=at(23, 16))
        clock = Clock.objects.get(metric=Metric.FIRST_RESPONSE)
        assert (clock.due_at, clock.next_fire_at) == (at(24, 12), fires_at)
        assert sweep_due_clocks(now=fires_at - timedelta(seconds=1)) == 0
        assert sweep_due_clocks(now=fires_at) == 1

    def test_nobody_is_told_at_night(self, one_step, open_for, bob):
        one_step(metric=Metric.FIRST_RESPONSE, percent=50)
        open_for(bob, impact=3, urgency=1, at=at(23, 23))  # at night: its time begins at nine
        assert sweep_due_clocks(now=at(24, 10, 59)) == 0
        assert sweep_due_clocks(now=at(24, 11)) == 1

    def test_resumed_at_night_it_waits_for_the_morning(self, one_step, open_for, bob, alice):
        one_step(metric=Metric.RESOLUTION, percent=0, offset=HOUR)
        incident = open_for(bob, impact=3, urgency=1)
        hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, actor=alice, now=at(23, 10, 30), comment="Which client?"
        )
        assert Clock.objects.get(metric=Metric.RESOLUTION).next_fire_at is None
        reply_to_ticket(ticket=incident.ticket, body="Version 5.", actor=bob, now=at(23, 22), channel=Channel.PORTAL)
        assert Clock.objects.get(metric=Metric.RESOLUTION).next_fire_at == at(24, 9, 30)


def test_a_seeded_case_is_still_found_after_all_migrations(agreement, vpn, bob, lead, open_for):
    """AC-A6f: an agreement, a target and a step as rows, a ticket opened by the service, the sweep's own statement."""
    plain = Agreement.objects.create(
        name="Seeded", calendar=agreement.calendar, start_date=date(2020, 1, 1), customer=bob.organisation
    )
    Target.objects.create(agreement=plain, metric=Metric.RESOLUTION, priority=3, duration=HOUR)
    EscalationStep.objects.create(agreement=plain, percent=100)
    incident = open_for(bob, impact=3, urgency=1)
    assert sweep_due_clocks(now=at(23, 10, 59)) == 0
    assert sweep_due_clocks(now=at(23, 11)) == 1
    outbox.dispatch(now=at(23, 11), only=[sweep.TOPIC])
    escalation = Escalation.objects.get()
    assert (escalation.clock.ticket, escalation.step, escalation.planned_at) == (incident.ticket, 0, at(23, 11))
    letter = Outbox.objects.get(topic="mail", payload__notice="breach")
    assert (letter.payload["person"], letter.payload["metric"]) == (lead.pk, "resolution")


@pytest.mark.django_db(transaction=True)
class TestBesideAPerson:
    """An escalation that raises and hands over, and somebody who resolves the same ticket at the same moment."""

    def test_neither_waits_in_a_circle_and_nothing_follows_the_end(self, one_step, open_for, bob, alice, field_team):
        one_step(percent=50, metric=Metric.RESOLUTION, raises_priority=True, reassigns_to=field_team)
        incidents = [open_for(bob, impact=3, urgency=1) for _n in range(12)]
        sweep_due_clocks(now=at(25, 9) + timedelta(hours=20))
        rows = list(Outbox.objects.filter(topic=sweep.TOPIC).order_by("id"))
        assert len(rows) == 12
        problems: list[BaseException] = []
        barrier = threading.Barrier(2)

        def run(work, things):
            try:
                for thing in things:
                    barrier.wait(30)
                    work(thing)
            except BaseException as problem:
                problems.append(problem)
                barrier.abort()
            finally:
                connections.close_all()

        def resolve(incident):
            fresh = Incident.objects.with_header().get(pk=incident.pk)
            resolve_incident(incident=fresh, code="fixed", resolution="Done.", actor=alice, now=at(26, 12))

        threads = [
            threading.Thread(target=run, args=(outbox._deliver, rows)),
            threading.Thread(target=run, args=(resolve, incidents)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert problems == []
        assert Outbox.objects.filter(topic=sweep.TOPIC, answer__startswith="told").count() == 12
        for escalation in Escalation.objects.select_related("clock__ticket"):
            was_ended = escalation.outcome.get("left_out") == "ended"
            assert escalation.clock.ticket.priority == (3 if was_ended else 2)
            assert bool(escalation.outcome["did"]) == (not was_ended)
