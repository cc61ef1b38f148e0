"""The verbs of an incident: who may, when it is possible, what it writes, and what it does not."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from core.machine import IllegalMove
from incidents import services
from incidents.models import Incident, ResolutionCode
from incidents.states import MACHINE, State
from journal.models import Event, Outbox, Visibility
from slas.models import Clock
from tickets.models import Channel, InternalNote, Link, Phase, PriorityRule, PublicEntry, Ticket, WaitingReason
from work.services import assign_ticket, note_on_ticket, reply_to_ticket


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def told(notice: str) -> set[int]:
    return set(Outbox.objects.filter(topic="mail", payload__notice=notice).values_list("payload__person", flat=True))


def fresh(incident: Incident) -> Incident:
    return Incident.objects.select_related("ticket").get(pk=incident.pk)


@pytest.fixture
def resolve(alice):
    def _resolve(incident, now=at(23, 12), **fields):
        words = {"code": ResolutionCode.FIXED, "resolution": "Renewed the certificate.", "actor": alice, **fields}
        services.resolve_incident(incident=incident, now=now, **words)

    return _resolve


class TestOpenIncident:
    def test_writes_header_words_event_clocks_and_one_acknowledgement(self, incident, bob, vpn, network):
        ticket = incident.ticket
        assert ticket.number.startswith("INC-")
        assert (ticket.priority, ticket.phase, ticket.team, ticket.organisation) == (
            3,
            Phase.NEW,
            network,
            bob.organisation,
        )
        entry = PublicEntry.objects.get(ticket=ticket)
        assert entry.body_html == "<p>It drops <strong>every</strong> hour.</p>\n"
        assert Clock.objects.filter(ticket=ticket).count() == 2
        assert [e.name for e in Event.objects.filter(subject_id=ticket.pk)] == ["incident.opened"]
        assert told("opened") == {bob.pk}

    def test_numbers_rise(self, open_for, bob):
        first, second = open_for(bob), open_for(bob)
        assert int(second.ticket.number[4:]) > int(first.ticket.number[4:])

    def test_is_refused_for_somebody_else_to_a_customer(self, open_for, agreement, bob, charlie, now):
        with pytest.raises(PermissionDenied):
            services.open_incident(subject="x", body="y", requester=charlie, actor=bob, now=now, channel=Channel.PORTAL)
        assert not Ticket.objects.exists()

    def test_is_refused_to_the_auditor(self, open_for, auditor):
        with pytest.raises(PermissionDenied):
            open_for(auditor)

    def test_is_possible_for_an_agent_on_the_phone(self, agreement, bob, alice, now):
        incident = services.open_incident(
            subject="Phone", body="Called.", requester=bob, actor=alice, now=now, channel=Channel.PHONE
        )
        assert (incident.ticket.requester, incident.ticket.opened_by) == (bob, alice)

    def test_needs_words(self, open_for, bob):
        with pytest.raises(ValidationError) as refused:
            open_for(bob, subject=" ", body="")
        assert set(refused.value.message_dict) == {"subject", "body"}
        assert not Ticket.objects.exists()

    def test_takes_the_priority_from_the_editable_table(self, open_for, bob):
        PriorityRule.objects.filter(impact=3, urgency=3).update(priority=4)
        assert open_for(bob, impact=3, urgency=3).ticket.priority == 4


class TestHold:
    def test_for_the_requester_asks_him_in_public(self, incident, alice, bob):
        services.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(23, 11)
        )
        assert (incident.ticket.phase, incident.ticket.waiting_reason) == (Phase.WAITING, "requester")
        assert PublicEntry.objects.filter(ticket=incident.ticket, body="Which office?").exists()
        assert bob.pk in told("reply")

    def test_for_the_requester_needs_the_question(self, incident, alice):
        with pytest.raises(ValidationError):
            services.hold_incident(incident=incident, reason=WaitingReason.REQUESTER, actor=alice, now=at(23, 11))
        assert fresh(incident).state == State.NEW

    def test_refuses_a_reason_that_is_none(self, incident, alice):
        with pytest.raises(ValidationError):
            services.hold_incident(incident=incident, reason="lunch", actor=alice, now=at(23, 11))

    def test_ends_with_the_requesters_answer(self, incident, alice, bob):
        services.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(23, 11)
        )
        reply_to_ticket(ticket=incident.ticket, body="Lisbon", actor=bob, now=at(23, 12), channel=Channel.PORTAL)
        assert fresh(incident).state == State.IN_PROGRESS
        assert fresh(incident).ticket.waiting_reason == ""
        assert Clock.objects.filter(ticket=incident.ticket, state=Clock.State.PAUSED).count() == 0

    def test_does_not_end_with_a_colleagues_note(self, incident, alice, lead):
        services.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(23, 11)
        )
        note_on_ticket(ticket=incident.ticket, body="Call him?", actor=lead, now=at(23, 12))
        assert fresh(incident).state == State.ON_HOLD

    def test_for_a_supplier_does_not_end_with_the_requesters_answer(self, incident, alice, bob):
        services.hold_incident(incident=incident, reason=WaitingReason.SUPPLIER, actor=alice, now=at(23, 11))
        reply_to_ticket(ticket=incident.ticket, body="Any news?", actor=bob, now=at(23, 12), channel=Channel.PORTAL)
        assert fresh(incident).state == State.ON_HOLD


class TestResolve:
    def test_tells_the_requester_once(self, incident, resolve, bob):
        resolve(incident)
        assert (incident.state, incident.ticket.phase, incident.ticket.resolved_at) == (
            State.RESOLVED, Phase.RESOLVED, at(23, 12),
        )  # fmt: skip
        assert told("resolved") == {bob.pk}
        event = Event.objects.get(name="incident.resolved")
        assert (event.visibility, event.data["resolution"]) == (Visibility.PUBLIC, "Renewed the certificate.")

    @pytest.mark.parametrize("missing", [{"code": ""}, {"resolution": "  "}])
    def test_needs_code_and_text_from_every_door(self, incident, resolve, missing):
        with pytest.raises(ValidationError):
            resolve(incident, **missing)
        assert fresh(incident).state == State.NEW
        assert not Event.objects.filter(name="incident.resolved").exists()

    def test_is_refused_to_the_customer(self, incident, resolve, bob):
        with pytest.raises(PermissionDenied):
            resolve(incident, actor=bob)
        assert fresh(incident).state == State.NEW

    def test_is_refused_to_the_auditor(self, incident, resolve, auditor):
        with pytest.raises(PermissionDenied):
            resolve(incident, actor=auditor)

    def test_twice_is_an_illegal_move_that_names_what_is_possible(self, incident, resolve):
        resolve(incident)
        with pytest.raises(IllegalMove) as refused:
            resolve(incident)
        assert refused.value.allowed == ("reopen", "close")

    def test_by_the_slower_of_two_agents_is_stale(self, incident, resolve, lead):
        slower = fresh(incident)
        resolve(incident)
        with pytest.raises(services.StaleIncident):
            resolve(slower, actor=lead, resolution="Me too.")
        assert fresh(incident).resolution == "Renewed the certificate."


class TestReopen:
    def test_goes_on_with_the_same_incident_within_the_window(self, incident, resolve, bob):
        resolve(incident)
        same = services.reopen_incident(incident=incident, comment="Again.", actor=bob, now=at(24, 9))
        assert (same.pk, same.state, same.ticket.n_reopens) == (incident.pk, State.IN_PROGRESS, 1)
        assert same.ticket.resolved_at is None

    def test_opens_a_linked_one_after_the_window(self, incident, resolve, bob, settings):
        resolve(incident)
        late = at(23, 12) + timedelta(days=settings.REOPEN_WINDOW_DAYS, seconds=1)
        new = services.reopen_incident(incident=incident, comment="It is back.", actor=bob, now=late)
        assert new.pk != incident.pk
        assert Link.objects.filter(source=new.ticket, target=incident.ticket, type=Link.Type.FOLLOWS).exists()
        assert PublicEntry.objects.get(ticket=new.ticket).body == "It is back."
        assert fresh(incident).state == State.RESOLVED

    def test_is_refused_to_a_stranger(self, incident, resolve, charlie):
        resolve(incident)
        with pytest.raises(PermissionDenied):
            services.reopen_incident(incident=incident, comment="Hi", actor=charlie, now=at(24, 9))

    def test_is_possible_for_the_organisations_manager(self, incident, resolve, bea):
        resolve(incident)
        services.reopen_incident(incident=incident, actor=bea, now=at(24, 9))
        assert fresh(incident).state == State.IN_PROGRESS


class TestClose:
    def test_confirms_and_is_final(self, incident, resolve, bob):
        resolve(incident)
        services.close_incident(incident=incident, actor=bob, now=at(23, 13))
        assert (incident.ticket.phase, incident.ticket.closed_at) == (Phase.CLOSED, at(23, 13))
        assert MACHINE.allowed(State.CLOSED) == ()
        assert told("closed") == set()

    def test_takes_no_more_replies(self, incident, resolve, bob):
        resolve(incident)
        services.close_incident(incident=incident, actor=bob, now=at(23, 13))
        with pytest.raises(IllegalMove, match="reply is not possible from closed"):
            reply_to_ticket(ticket=incident.ticket, body="Thanks", actor=bob, now=at(23, 14), channel=Channel.PORTAL)


class TestCloseResolved:
    def test_closes_what_nobody_objected_to(self, incident, resolve, bob, settings):
        resolve(incident)
        days = settings.AUTO_CLOSE_DAYS
        assert services.close_resolved(now=at(23, 12) + timedelta(days=days, seconds=-1)) == 0
        assert services.close_resolved(now=at(23, 12) + timedelta(days=days)) == 1
        assert fresh(incident).state == State.CLOSED
        assert told("closed") == {bob.pk}

    def test_never_a_p1(self, open_for, bob, resolve):
        incident = open_for(bob, impact=1, urgency=1)
        resolve(incident)
        assert services.close_resolved(now=at(23, 12) + timedelta(days=300)) == 0

    def test_never_when_switched_off(self, incident, resolve, settings):
        settings.AUTO_CLOSE_DAYS = 0
        resolve(incident)
        assert services.close_resolved(now=at(23, 12) + timedelta(days=300)) == 0

    def test_goes_on_past_one_that_was_moved_meanwhile(self, incident, resolve, monkeypatch, open_for, bob):
        other = open_for(bob)
        resolve(incident)
        resolve(other)
        real, seen = services.close_incident, []

        def first_is_stale(*, incident, actor, now):
            seen.append(incident)
            if len(seen) == 1:
                raise services.StaleIncident(incident)
            real(incident=incident, actor=actor, now=now)

        monkeypatch.setattr(services, "close_incident", first_is_stale)
        assert services.close_resolved(now=at(23, 12) + timedelta(days=30)) == 1


class TestPriority:
    def test_follows_impact_and_urgency(self, incident, alice):
        services.prioritise_incident(incident=incident, impact=1, urgency=1, actor=alice, now=at(23, 11))
        assert incident.ticket.priority == 1
        event = Event.objects.get(name="incident.prioritised")
        assert event.data["changes"]["priority"] == [3, 1]

    def test_override_needs_the_right_and_a_reason(self, incident, alice, lead):
        with pytest.raises(PermissionDenied):
            services.override_priority(incident=incident, priority=1, reason="VIP", actor=alice, now=at(23, 11))
        with pytest.raises(ValidationError):
            services.override_priority(incident=incident, priority=1, reason=" ", actor=lead, now=at(23, 11))
        services.override_priority(incident=incident, priority=1, reason="Board meeting", actor=lead, now=at(23, 11))
        assert (incident.ticket.priority, fresh(incident).priority_reason) == (1, "Board meeting")

    def test_against_an_older_header_is_stale_and_says_who_changed_what(self, incident, alice, lead, network):
        seen = incident.ticket.version
        assign_ticket(ticket=incident.ticket, team=network, assignee=alice, actor=lead, now=at(23, 11))
        with pytest.raises(services.tickets.StaleTicket) as stale:
            services.prioritise_incident(
                incident=incident, impact=1, urgency=1, actor=alice, now=at(23, 12), expected_version=seen
            )
        assert [(e.actor, e.name) for e in stale.value.changes] == [(lead, "ticket.assigned")]
        assert fresh(incident).ticket.priority == 3


class TestAssign:
    def test_tells_the_new_assignee_but_not_himself(self, incident, alice, lead, network):
        assign_ticket(ticket=incident.ticket, team=network, assignee=alice, actor=lead, now=at(23, 11))
        assert told("assigned") == {alice.pk}
        assign_ticket(ticket=incident.ticket, team=network, assignee=lead, actor=lead, now=at(23, 11))
        assert told("assigned") == {alice.pk}

    def test_refuses_people_who_do_not_work_tickets(self, incident, alice, bob, auditor):
        for person in (bob, auditor):
            with pytest.raises(ValidationError):
                assign_ticket(ticket=incident.ticket, team=None, assignee=person, actor=alice, now=at(23, 11))

    def test_refuses_a_person_outside_the_team(self, incident, alice, manager_user, network):
        with pytest.raises(ValidationError):
            assign_ticket(ticket=incident.ticket, team=network, assignee=manager_user, actor=alice, now=at(23, 11))

    def test_without_a_change_writes_nothing(self, incident, alice, network):
        n_events = Event.objects.count()
        assign_ticket(ticket=incident.ticket, team=network, assignee=None, actor=alice, now=at(23, 11))
        assert Event.objects.count() == n_events


class TestVisibility:
    def test_each_sees_his_own(self, incident, alice, bob, bea, charlie, auditor):
        assert {
            user.name: Ticket.objects.visible_to(user).exists() for user in (alice, bob, bea, charlie, auditor)
        } == {"Alice": True, "Bob": True, "Bea": True, "Charlie": False, "Arthur": True}

    def test_notes_are_for_those_who_may_read_them(self, incident, alice, bob, bea, auditor):
        note_on_ticket(ticket=incident.ticket, body="He is rude.", actor=alice, now=at(23, 11))
        assert {u.name: InternalNote.objects.visible_to(u).exists() for u in (alice, bob, bea, auditor)} == {
            "Alice": True, "Bob": False, "Bea": False, "Arthur": True,
        }  # fmt: skip

    def test_note_tells_no_customer(self, incident, alice, lead, bob):
        incident.ticket.watchers.create(user=bob)
        assign_ticket(ticket=incident.ticket, team=None, assignee=lead, actor=alice, now=at(23, 11))
        note_on_ticket(ticket=incident.ticket, body="He is rude.", actor=alice, now=at(23, 11))
        assert told("note") == {lead.pk}
