"""The number of queries of a list does not grow with its rows."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Organisation, Team
from catalog.models import Service
from incidents.services import override_priority
from slas.models import Outage
from tests.conftest import person
from tickets.models import Channel, Link
from work.services import link_tickets, note_on_ticket, reply_to_ticket

# Two are the caller's: his token with himself, and his roles. The rest is the list's own.
EXPECTED = {
    "incidents/": 3,
    "people/": 3,
    "organisations/": 3,
    "teams/": 4,
    "services/": 3,
    "outages/": 3,
    "tickets/{}/entries/": 5,
    "tickets/{}/notes/": 5,
    "tickets/{}/events/": 4,
    "tickets/{}/links/": 4,
    "tickets/{}/clocks/": 6,
}


@pytest.fixture
def grow(incident, open_for, alice, lead, bob, acme, network, vpn, now, tmp_path, settings):
    """Thirty more of everything."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }

    def one(n):
        other = open_for(bob, subject=f"No {n}").ticket
        ticket = incident.ticket
        upload = SimpleUploadedFile(f"{n}.log", b"rekey failed")
        reply_to_ticket(ticket=ticket, body=f"No {n}", actor=bob, now=now, channel=Channel.API, uploads=[upload])
        note_on_ticket(ticket=ticket, body=f"No {n}", actor=alice, now=now)
        link_tickets(source=ticket, target=other, type=Link.Type.RELATES, actor=alice, now=now)
        override_priority(incident=incident, priority=1 + n % 2, reason=f"No {n}", actor=lead, now=now)
        member = person(f"person-{n}", Organisation.objects.create(name=f"Organisation {n}", kind="customer"))
        team = Team.objects.create(name=f"Team {n}", organisation=acme, lead=member)
        Membership.objects.create(team=team, user=member)
        service = Service.objects.create(key=f"service-{n}", name=f"Service {n}", owner=alice, support_team=team)
        Outage.objects.create(service=service, starts_at=now, ticket=other)

    return one


@pytest.mark.parametrize("path", EXPECTED)
def test_a_list_asks_the_same_for_one_row_and_for_thirty(grow, call_as, alice, incident, path):
    caller, address = call_as(alice), path.format(incident.ticket.number)
    grow(0)
    caller.get(address)  # calendars are read once per process
    with CaptureQueriesContext(connection) as few:
        caller.get(address)
    for n in range(1, 30):
        grow(n)
    with CaptureQueriesContext(connection) as many:
        answer = caller.get(address)
    assert len(answer.json()["results"]) >= 30
    assert (len(few), len(many)) == (EXPECTED[path], EXPECTED[path]), [query["sql"] for query in many]
