"""The sweep fires each step once, whatever runs beside it, dies or comes late."""

import threading
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, connections

from accounts.models import Role
from incidents.models import Incident
from journal import outbox
from journal.models import Event, Outbox
from slas import sweep
from slas.models import Clock, Escalation, Metric
from slas.sweep import sweep_due_clocks
from tickets.models import Channel
from work.services import reply_to_ticket


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def steps(metric: Metric) -> list[tuple[int, bool]]:
    rows = Escalation.objects.filter(clock__metric=metric).order_by("step")
    return [(row.step, row.is_collapsed) for row in rows]


class TestSweep:
    def test_fires_what_is_due_and_nothing_else(self, incident):
        assert sweep_due_clocks(now=at(23, 11, 59)) == 0
        assert sweep_due_clocks(now=at(23, 12)) == 1
        assert steps(Metric.FIRST_RESPONSE) == [(0, False)]
        assert steps(Metric.RESOLUTION) == []
        assert Clock.objects.get(metric=Metric.FIRST_RESPONSE).next_fire_at == at(23, 13)

    def test_is_idempotent(self, incident):
        sweep_due_clocks(now=at(23, 12))
        assert sweep_due_clocks(now=at(23, 12)) == 0
        assert Outbox.objects.filter(topic=sweep.TOPIC).count() == 1

    def test_records_every_missed_step_and_sends_only_the_newest(self, incident):
        sweep_due_clocks(now=at(23, 15, 30))
        assert steps(Metric.FIRST_RESPONSE) == [(0, True), (1, True), (2, True), (3, False)]
        assert Outbox.objects.filter(topic=sweep.TOPIC).count() == 1
        planned = Escalation.objects.get(step=0).planned_at
        assert planned == at(23, 12)

    def test_stops_at_the_end_of_the_ladder(self, incident):
        sweep_due_clocks(now=at(30, 12))
        assert not Clock.objects.filter(next_fire_at__isnull=False).exists()
        assert sweep_due_clocks(now=at(30, 13)) == 0

    def test_does_not_fire_for_a_clock_that_ended(self, incident, alice):
        reply_to_ticket(ticket=incident.ticket, body="Hi.", actor=alice, now=at(23, 11), channel=Channel.DESK)
        sweep_due_clocks(now=at(23, 16))
        assert steps(Metric.FIRST_RESPONSE) == []

    def test_sets_a_bad_row_aside_and_goes_on(self, incident, open_for, bob, monkeypatch):
        other = open_for(bob, impact=3, urgency=1)
        bad = Clock.objects.get(ticket=incident.ticket, metric=Metric.FIRST_RESPONSE)
        real = sweep._fire

        def fails_for_the_bad_row(*, now, limit, only=None):
            if only is None or only == bad.pk:
                raise DatabaseError("numeric overflow")
            return real(now=now, limit=limit, only=only)

        monkeypatch.setattr(sweep, "_fire", fails_for_the_bad_row)
        sweep_due_clocks(now=at(23, 12))
        assert list(Escalation.objects.values_list("clock__ticket", flat=True)) == [other.ticket.pk]
        bad.refresh_from_db()
        assert bad.next_fire_at == at(23, 13)


@pytest.mark.django_db(transaction=True)
class TestTwoSweepsAtOnce:
    def test_fire_each_step_once(self, open_for, bob):
        for _n in range(40):
            open_for(bob, impact=3, urgency=1)
        barrier = threading.Barrier(4)

        def run() -> None:
            barrier.wait()
            sweep_due_clocks(now=at(23, 12), batch=7)
            connections.close_all()

        threads = [threading.Thread(target=run) for _n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Escalation.objects.count() == 40
        assert Outbox.objects.filter(topic=sweep.TOPIC).count() == 40

    def test_loses_nothing_when_its_connection_is_killed(self, open_for, bob):
        open_for(bob, impact=3, urgency=1)
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(sweep._FIRE, {"now": at(23, 12), "limit": 10, "only": None, "topic": sweep.TOPIC})
        connection.close()  # the process died between the statement and its commit
        assert not Escalation.objects.exists()
        assert sweep_due_clocks(now=at(23, 12)) == 1


class TestEscalation:
    def carry_out(self, now):
        sweep_due_clocks(now=now)
        outbox.dispatch(now=now)

    def told(self, notice):
        return set(
            Outbox.objects.filter(topic="mail", payload__notice=notice).values_list("payload__person", flat=True)
        )

    def test_warns_the_assignee_and_the_lead_as_the_ladder_says(self, incident, alice, lead):
        incident.ticket.assignee = alice
        incident.ticket.save()
        self.carry_out(at(23, 12))
        assert self.told("warning") == {alice.pk}
        self.carry_out(at(23, 13))
        assert self.told("warning") == {alice.pk, lead.pk}
        names = Event.objects.filter(name__startswith="sla.").values_list("name", "data__percent")
        assert list(names) == [("sla.warned", 50), ("sla.warned", 75)]

    def test_stands_in_for_a_missing_assignee(self, incident, lead):
        self.carry_out(at(23, 12))
        assert self.told("warning") == {lead.pk}

    def test_never_reaches_nobody(self, open_for, bob, manager_user):
        orphan = open_for(bob, impact=3, urgency=1, service=None)
        assert orphan.ticket.team is None
        self.carry_out(at(23, 12))
        assert self.told("warning") == {manager_user.pk}

    def test_raises_the_priority_after_the_breach(self, incident, manager_user):
        self.carry_out(at(23, 14))
        assert self.told("breach") >= {manager_user.pk}
        self.carry_out(at(23, 15))
        incident.ticket.refresh_from_db()
        assert incident.ticket.priority == 2
        assert Incident.objects.get(pk=incident.pk).priority_reason == "escalation 100 %"

    def test_says_how_late_it_is(self, incident):
        self.carry_out(at(23, 12, 40))
        assert Event.objects.get(name="sla.warned").data["late_by"] == 40 * 60

    def test_leaves_a_ticket_in_peace_that_was_answered_in_time(self, incident, alice):
        sweep_due_clocks(now=at(23, 12))
        clock = Clock.objects.get(metric=Metric.FIRST_RESPONSE)
        Clock.objects.filter(pk=clock.pk).update(state="met", ended_at=at(23, 11), anchor_at=None, next_fire_at=None)
        outbox.dispatch(now=at(23, 12))
        assert not Event.objects.filter(name="sla.warned").exists()
        assert Outbox.objects.get(topic=sweep.TOPIC).answer == "the clock had ended before"

    def test_happens_once_when_two_dispatchers_hold_the_same_row(self, incident):
        sweep_due_clocks(now=at(23, 12))
        row = Outbox.objects.get(topic=sweep.TOPIC)
        outbox.dispatch(now=at(23, 12))
        n_mails = Outbox.objects.filter(topic="mail").count()
        outbox._deliver(row)  # the other dispatcher, whose lease had run out while it waited
        assert Outbox.objects.filter(topic="mail").count() == n_mails
        assert Event.objects.filter(name="sla.warned").count() == 1


def test_a_demoted_manager_is_not_told(incident, manager_user):
    manager_user.roles.set(Role.objects.filter(key="requester"))
    manager_user.is_active = False
    manager_user.save()
    sweep_due_clocks(now=at(23, 14))
    outbox.dispatch(now=at(23, 14))
    told = Outbox.objects.filter(topic="mail", payload__person=manager_user.pk)
    assert not told.exists()
