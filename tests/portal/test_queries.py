"""The number of queries of each page is the same for one row and for thirty (STYLE.md section 5)."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Service
from incidents import services as incidents
from tickets.models import Channel, WaitingReason
from work.services import reply_to_ticket

MOST = 15
PAGES = [
    "/portal/",
    "/portal/services/",
    "/portal/status/",
    "/portal/requests/",
    "/portal/search/?q=vpn",
    "/portal/requests/new/",
]


def count(client, url):
    client.get(url)  # what is read once per process does not count
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


@pytest.mark.parametrize("url", PAGES)
def test_page_costs_the_same_with_thirty_rows(client_of, bob, alice, acme, open_for, now, url):
    client = client_of(bob)
    held = open_for(bob, impact=1, urgency=1)
    incidents.hold_incident(incident=held, reason=WaitingReason.REQUESTER, comment="Why?", actor=alice, now=now)
    few = count(client, url)
    for number in range(30):
        Service.objects.create(key=f"vpn-{number}", name=f"VPN {number}", owner=alice).customers.add(acme)
        opened = open_for(bob, impact=1, urgency=1, at=now - timedelta(minutes=number))
        if number % 2:
            incidents.hold_incident(
                incident=opened, reason=WaitingReason.REQUESTER, comment="Why?", actor=alice, now=now
            )
    assert count(client, url) == few <= MOST


def test_ticket_costs_the_same_with_thirty_messages(client_of, bob, alice, incident, address, now):
    def talk():
        for author, channel in ((bob, Channel.PORTAL), (alice, Channel.DESK)):
            reply_to_ticket(
                ticket=incident.ticket, body="Well", actor=author, now=now, channel=channel,
                uploads=[SimpleUploadedFile("a.txt", b"a")],
            )  # fmt: skip

    talk()
    client = client_of(bob)
    few = count(client, address)
    for _ in range(15):
        talk()
    assert count(client, address) == few <= MOST
