"""Every fact of the house has its sentence."""

import re
from datetime import timedelta

import pytest
from django.conf import settings

from incidents.services import (
    cancel_incident,
    categorise_incident,
    close_incident,
    hold_incident,
    override_priority,
    prioritise_incident,
    reopen_incident,
    resolve_incident,
    resume_incident,
    start_incident,
)
from journal.models import Event
from tickets.models import Link
from work.services import assign_ticket, edit_ticket, link_tickets, unwatch_ticket, watch_ticket
from work.wording import in_hours, line_of, names, time_of

APPS = ("tickets", "slas", "work", "incidents")
RECORDED = re.compile(r'(?:event|name)="((?:ticket|sla|incident)\.[a-z_]+)"|"(sla\.[a-z_]+)"')


def recorded_names():
    """The name of every event that the source records."""
    found = set()
    for app in APPS:
        for path in (settings.BASE_DIR / app).rglob("*.py"):
            if path.name != "wording.py":
                found |= {one or other for one, other in RECORDED.findall(path.read_text())}
    return found


def test_every_event_that_is_recorded_is_told():
    assert recorded_names() - names() == set()
    assert len(recorded_names()) > 15


@pytest.fixture
def told(incident):
    """The sentences about bob's incident, oldest first, without markup."""

    def _told():
        events = Event.objects.filter(subject_id=incident.ticket.pk).select_related("actor").order_by("id")
        return [re.sub(r"<[^>]+>", "", line_of(event).text) for event in events]

    return _told


class TestLine:
    def test_tells_the_life_of_an_incident(self, incident, alice, lead, network, now, told):
        start_incident(incident=incident, actor=alice, now=now)
        assign_ticket(ticket=incident.ticket, team=network, assignee=alice, actor=alice, now=now)
        assign_ticket(ticket=incident.ticket, team=network, assignee=lead, actor=alice, now=now)
        assign_ticket(ticket=incident.ticket, team=network, assignee=None, actor=alice, now=now)
        hold_incident(incident=incident, reason="supplier", actor=alice, now=now)
        resume_incident(incident=incident, actor=alice, now=now)
        prioritise_incident(incident=incident, impact=1, urgency=1, actor=alice, now=now)
        categorise_incident(incident=incident, category="Network", actor=alice, now=now)
        resolve_incident(incident=incident, code="fixed", resolution="x", actor=alice, now=now)
        reopen_incident(incident=incident, actor=alice, now=now)
        resolve_incident(incident=incident, code="advice", resolution="x", actor=alice, now=now)
        close_incident(incident=incident, actor=None, now=now)
        assert told() == [
            "Bob opened this (Portal)",
            "Alice started work",
            "Alice took this",
            "Alice assigned this to Lena",
            "Alice took the assignee off",
            "Alice put this on hold: Waiting for a supplier",
            "Alice resumed work",
            "Alice set priority P3 → P1; impact High: a whole organisation",
            "Alice set the category to Network",
            "Alice resolved this: Fixed",
            "Alice reopened this",
            "Alice resolved this: Advice or training given",
            "Portico closed this: nobody objected in time",
        ]

    def test_tells_who_follows_and_what_is_linked(self, incident, open_for, bob, alice, lead, now, told):
        other = open_for(bob, at=now + timedelta(minutes=1)).ticket
        watch_ticket(ticket=incident.ticket, user=alice, actor=alice, now=now)
        watch_ticket(ticket=incident.ticket, user=lead, actor=alice, now=now)
        unwatch_ticket(ticket=incident.ticket, user=lead, actor=alice, now=now)
        edit_ticket(ticket=incident.ticket, actor=alice, now=now, subject="Else", service=None)
        link_tickets(source=incident.ticket, target=other, type=Link.Type.RELATES, actor=alice, now=now)
        assert told()[1:] == [
            "Alice watches this",
            "Alice added Lena as a watcher",
            "Alice removed Lena from the watchers",
            "Alice changed the service from VPN &amp; remote access to none; subject from VPN drops every hour to Else",
            f"Alice linked this with {other.number} (relates to)",
        ]

    def test_gives_reasons_below(self, incident, alice, lead, now):
        override_priority(incident=incident, priority=1, reason="Board meeting", actor=lead, now=now)
        cancel_incident(incident=incident, reason="It was a test.", actor=alice, now=now)
        quotes = [line_of(event).quote for event in Event.objects.order_by("id")]
        assert quotes == ["", "Board meeting", "It was a test."]

    def test_escapes_what_people_typed(self, incident, alice, now):
        edit_ticket(ticket=incident.ticket, actor=alice, now=now, subject="<script>alert(1)</script>")
        assert "<script>" not in line_of(Event.objects.latest("id")).text

    def test_says_when_an_escalation_was_told_late(self, incident, now):
        data = {"metric": "resolution", "percent": 75, "due_at": now.isoformat(), "late_by": 5400}
        event = Event(name="sla.warned", at=now, data=data)
        assert line_of(event).text.endswith("(told 1h 30m late)")

    def test_shows_an_unknown_name_as_it_is(self, now, alice):
        assert "incident.teleported" in line_of(Event(name="incident.teleported", at=now, actor=alice)).text


def test_a_moment_is_told_as_short_as_its_neighbour_allows(now):
    moments = (now + timedelta(hours=4), now + timedelta(days=2), now + timedelta(days=60))
    assert [time_of(at, beside=now) for at in moments] == ["14:00", "25 Nov 10:00", "22 Jan 2027, 10:00"]


def test_working_time_is_told_in_hours_never_in_days():
    lengths = (timedelta(minutes=15), timedelta(hours=4), timedelta(hours=40), timedelta(minutes=90))
    assert [in_hours(length) for length in lengths] == ["15m", "4h", "40h", "1h 30m"]
