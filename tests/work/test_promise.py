"""A date that a person promises: beside the timers, and moved by none of them (AC-A1d)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from core.machine import IllegalMove
from incidents import services as incidents
from journal.models import Event, Outbox, Visibility
from mail.letters import compose
from slas.models import Clock, Escalation, Metric
from slas.sweep import sweep_due_clocks
from tests.conftest import person
from tickets.models import WaitingReason
from work.services import promise_date, watch_ticket, withdraw_date

HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def promised(incident) -> Clock:
    return Clock.objects.filter(ticket=incident.ticket, metric=Metric.COMMITMENT).latest("generation")


@pytest.fixture
def promise(incident, alice):
    def _promise(due_at, now=at(23, 11), **fields):
        return promise_date(ticket=incident.ticket, due_at=due_at, **{"actor": alice, **fields}, now=now)

    return _promise


class TestPromiseDate:
    def test_is_altered_by_no_timer(self, incident, promise, alice):
        """A pause, a resumption, a new priority, a night: the date stays to the second."""
        due_at = at(25, 12, 34)
        promise(due_at)
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which?", actor=alice, now=at(23, 12)
        )
        held = promised(incident)
        assert (held.state, held.due_at) == (Clock.State.RUNNING, due_at)
        incidents.resume_incident(incident=incident, actor=alice, now=at(24, 12))
        incidents.prioritise_incident(incident=incident, impact=1, urgency=1, actor=alice, now=at(24, 13))
        kept = promised(incident)
        assert (kept.pk, kept.state, kept.due_at, kept.goal) == (held.pk, Clock.State.RUNNING, due_at, held.goal)
        assert Clock.objects.get(ticket=incident.ticket, metric=Metric.RESOLUTION, state="running").due_at != due_at

    def test_leaves_the_timers_alone(self, incident, promise):
        before = list(Clock.objects.filter(ticket=incident.ticket).values())
        promise(at(25, 12))
        assert list(Clock.objects.filter(ticket=incident.ticket).exclude(metric=Metric.COMMITMENT).values()) == before

    def test_is_kept_by_the_resolution_and_broken_by_its_lack(self, incident, promise, alice):
        promise(at(24, 12))
        assert promised(incident).has_breached(at(24, 13))
        incidents.resolve_incident(incident=incident, code="fixed", resolution="Done.", actor=alice, now=at(24, 11))
        kept = promised(incident)
        assert (kept.state, kept.ended_at, kept.has_breached(at(30, 12))) == (Clock.State.MET, at(24, 11), False)

    def test_escalates_once_when_it_passes(self, incident, promise):
        promise(at(23, 12))
        sweep_due_clocks(now=at(23, 12, 1))
        sweep_due_clocks(now=at(23, 12, 2))
        assert Escalation.objects.filter(clock=promised(incident)).count() == 1

    def test_takes_the_place_of_the_one_before(self, incident, promise):
        promise(at(24, 12))
        promise(at(25, 12), now=at(23, 13))
        first, second = Clock.objects.filter(ticket=incident.ticket, metric=Metric.COMMITMENT).order_by("generation")
        assert (first.state, second.state, second.due_at) == (Clock.State.CANCELLED, Clock.State.RUNNING, at(25, 12))

    def test_is_the_next_deadline_where_it_comes_first(self, incident, promise):
        promise(at(23, 12))
        incident.ticket.refresh_from_db()
        assert incident.ticket.next_due_at == at(23, 12)

    def test_is_a_public_fact_and_told_to_requester_and_watchers(self, incident, promise, alice, bob, bea):
        watch_ticket(ticket=incident.ticket, user=bea, actor=bea, now=at(23, 10))
        promise(at(25, 12), words="With the new router.")
        event = Event.objects.get(name="ticket.promised")
        assert (event.visibility, event.data["words"], event.data["before"]) == (
            Visibility.PUBLIC, "With the new router.", None,
        )  # fmt: skip
        told = Outbox.objects.filter(payload__notice="promised").values_list("payload__person", flat=True)
        assert set(told) == {bob.pk, bea.pk}

    @pytest.mark.parametrize("due_at", [at(23, 11), at(22, 11), at(23, 11) + timedelta(days=1096)])
    def test_is_refused_where_it_does_not_lie_ahead(self, incident, promise, due_at):
        with pytest.raises(ValidationError) as refused:
            promise(due_at)
        assert set(refused.value.error_dict) == {"due_at"}
        assert not Clock.objects.filter(metric=Metric.COMMITMENT).exists()
        assert not Event.objects.filter(name="ticket.promised").exists()

    def test_is_refused_to_customers_and_auditors(self, incident, promise, bob, auditor):
        for user in (bob, auditor):
            with pytest.raises(PermissionDenied):
                promise(at(25, 12), actor=user)
        assert not Clock.objects.filter(metric=Metric.COMMITMENT).exists()

    def test_is_not_possible_once_it_is_resolved(self, incident, promise, alice):
        incidents.resolve_incident(incident=incident, code="fixed", resolution="Done.", actor=alice, now=at(23, 12))
        with pytest.raises(IllegalMove):
            promise(at(25, 12), now=at(23, 13))
        assert not Clock.objects.filter(metric=Metric.COMMITMENT).exists()


class TestWithdrawDate:
    def test_ends_it_without_a_result(self, incident, promise, alice, bob):
        promise(at(25, 12))
        assert withdraw_date(ticket=incident.ticket, actor=alice, now=at(23, 13))
        assert promised(incident).state == Clock.State.CANCELLED
        assert Event.objects.get(name="ticket.promise_withdrawn").visibility == Visibility.PUBLIC
        assert Outbox.objects.filter(payload__notice="promise_withdrawn", payload__person=bob.pk).count() == 1
        incident.ticket.refresh_from_db()
        assert incident.ticket.next_due_at == at(23, 14)

    def test_of_nothing_tells_nobody(self, incident, alice):
        assert not withdraw_date(ticket=incident.ticket, actor=alice, now=at(23, 13))
        assert not Event.objects.filter(name="ticket.promise_withdrawn").exists()

    def test_is_refused_to_the_customer(self, incident, promise, bob):
        promise(at(25, 12))
        with pytest.raises(PermissionDenied):
            withdraw_date(ticket=incident.ticket, actor=bob, now=at(23, 13))
        assert promised(incident).state == Clock.State.RUNNING


class TestThePage:
    @pytest.fixture
    def agent(self, client_of, alice, time_machine):
        time_machine.move_to(at(23, 11), tick=False)
        alice.time_zone = "Asia/Shanghai"
        alice.save()
        return client_of(alice)

    def test_takes_the_date_in_the_agents_time_zone(self, agent, incident):
        path = f"/tickets/{incident.ticket.number}/promise-date/"
        assert agent.post(path, {"due_at": "2026-11-25T20:00", "words": "Then."}).status_code == 302
        assert promised(incident).due_at == at(25, 12)
        html = agent.get(f"/incidents/{incident.ticket.number}/").content.decode()
        assert "promised by Alice" in html
        assert "promised it for" in html
        assert agent.post(f"/tickets/{incident.ticket.number}/withdraw-date/").status_code == 302
        assert promised(incident).state == Clock.State.CANCELLED

    def test_keeps_what_was_typed_where_it_is_refused(self, agent, incident):
        answer = agent.post(
            f"/tickets/{incident.ticket.number}/promise-date/", {"due_at": "2026-11-20T20:00", "words": "Soon."}
        )
        assert answer.status_code == 422
        html = answer.content.decode()
        assert "Please promise a moment that lies ahead" in html
        assert 'value="Soon."' in html

    def test_offers_it_to_no_auditor(self, incident, auditor, client_of):
        html = client_of(auditor).get(f"/incidents/{incident.ticket.number}/").content.decode()
        assert "edit=promise_date" not in html


@pytest.mark.parametrize("notice", ["promised", "promise_withdrawn"])
def test_letters_say_the_date_in_the_readers_zone(incident, promise, alice, acme, notice):
    watcher = person("carla", acme, "requester", time_zone="Asia/Shanghai")
    watch_ticket(ticket=incident.ticket, user=watcher, actor=watcher, now=at(23, 10))
    promise(at(25, 12), words="With the new router.")
    withdraw_date(ticket=incident.ticket, actor=alice, now=at(23, 13))
    letter = compose(Outbox.objects.get(payload__notice=notice, payload__person=watcher.pk))
    assert "25 Nov 2026, 20:00" in letter.body
    assert ("With the new router." in letter.body) == (notice == "promised")
