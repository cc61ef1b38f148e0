"""Every endpoint × every role × own and foreign rows, and a word planted where no customer may read it."""

import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from api.urls import urlpatterns
from files.models import StoredFile
from incidents.services import override_priority
from slas.models import Metric
from tickets.models import Channel, Link
from work.services import link_tickets, note_on_ticket, reply_to_ticket

CANARY = "canary-7f3a"
ROLES = ("nobody", "charlie", "bob", "bea", "alice", "auditor")
"""Nobody signed in; a stranger of another organisation; the requester; his manager; an agent; a pure reader."""

# What each gets of bob's rows, in the order of ROLES. 401 sign in, 403 not allowed, 404 not there for you.
TABLE = """
me                  GET   401 200 200 200 200 200
organisations       GET   401 200 200 200 200 200
organisation        GET   401 404 200 200 200 200
people              GET   401 200 200 200 200 200
person              GET   401 404 200 200 200 200
teams               GET   401 200 200 200 200 200
team                GET   401 404 404 404 200 200
services            GET   401 200 200 200 200 200
service             GET   401 404 200 200 200 200
outages             GET   401 200 200 200 200 200
availability        GET   401 403 403 403 200 200
file                GET   401 404 200 200 200 200
secret_file         GET   401 404 404 404 200 200
schema              GET   401 200 200 200 200 200
incidents           GET   401 200 200 200 200 200
incidents           POST  401 201 201 201 201 403
incident            GET   401 404 200 200 200 200
incident            PATCH 401 404 403 403 200 403
start               POST  401 404 403 403 200 403
hold                POST  401 404 403 403 200 403
resume              POST  401 404 403 403 409 403
resolve             POST  401 404 403 403 200 403
reopen              POST  401 404 409 409 409 403
follow_up           POST  401 404 409 409 409 403
close               POST  401 404 409 409 409 403
cancel              POST  401 404 200 403 200 403
assign              POST  401 404 403 403 200 403
prioritise          POST  401 404 403 403 200 403
override_priority   POST  401 404 403 403 403 403
mark_outage         POST  401 404 403 403 200 403
entries             GET   401 404 200 200 200 200
entries             POST  401 404 201 201 201 403
notes               GET   401 404 403 403 200 200
notes               POST  401 404 403 403 201 403
clocks              GET   401 404 200 200 200 200
clock               GET   401 404 200 200 200 200
inner_clock         GET   401 404 404 404 200 200
promise_date        POST  401 404 403 403 200 403
withdraw_date       POST  401 404 403 403 200 403
events              GET   401 404 200 200 200 200
links               GET   401 404 200 200 200 200
links               POST  401 404 403 403 201 403
watch               POST  401 404 200 200 200 200
unwatch             POST  401 404 200 200 200 200
"""
CASES = [
    (name, method, dict(zip(ROLES, map(int, statuses), strict=True)))
    for name, method, *statuses in (line.split() for line in TABLE.strip().splitlines())
]
SECOND = {"secret_file": "file", "inner_clock": "clock"}
"""A second row of an endpoint, whose address it is."""
PAGES = {"tokens", "create_token", "revoke_token", "docs", "unknown"}  # tests/api/test_token_page.py, test_schema.py


@pytest.fixture
def owned(agreement):
    """A promise that is between us: somebody owns it in time."""
    agreement.targets.create(metric=Metric.OWN, priority=3, duration=timedelta(hours=1))
    agreement.targets.create(metric=Metric.OWN, priority=2, duration=timedelta(hours=1))


@pytest.fixture
def world(owned, incident, open_for, alice, lead, auditor, bob, bea, charlie, network, vpn, now, tmp_path, settings):
    """Bob's incident, full of internal things; and the addresses and bodies of every endpoint."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }
    ticket, foreign = incident.ticket, open_for(charlie, subject=f"{CANARY} of Globex").ticket
    log = SimpleUploadedFile("vpn.log", b"rekey failed")
    reply_to_ticket(ticket=ticket, body="See the log", actor=bob, now=now, channel=Channel.PORTAL, uploads=[log])
    secret = SimpleUploadedFile(f"{CANARY}.log", b"secret")
    note_on_ticket(ticket=ticket, body=f"**{CANARY}**", actor=alice, now=now, uploads=[secret])
    override_priority(incident=incident, priority=2, reason=CANARY, actor=lead, now=now)
    link_tickets(source=ticket, target=foreign, type=Link.Type.RELATES, actor=alice, now=now)
    number = {"number": ticket.number}
    rows = {
        "organisation": {"pk": bob.organisation_id},
        "person": {"pk": bob.pk},
        "team": {"pk": network.pk},
        "service": {"key": vpn.key},
        "file": {"key": StoredFile.objects.get(name="vpn.log").key},
        "secret_file": {"key": StoredFile.objects.get(name=f"{CANARY}.log").key},
        "clock": {"pk": ticket.clocks.live().get(metric="resolution").pk},
        "inner_clock": {"pk": ticket.clocks.live().get(metric="own").pk},
    }
    bodies = {
        "incidents": {"subject": "No tunnel", "body": "It fails."},
        "incident": {"subject": "VPN is down"},
        "hold": {"reason": "supplier"},
        "resolve": {"code": "fixed", "resolution": "Renewed."},
        "follow_up": {"body": "It is back."},
        "cancel": {"reason": "Found it."},
        "assign": {"assignee": alice.pk},
        "prioritise": {"impact": 1, "urgency": 1},
        "override_priority": {"priority": 1, "reason": "Board meeting"},
        "promise_date": {"due_at": (timezone.now() + timedelta(days=2)).isoformat()},
        "mark_outage": {"starts_at": "2026-11-22T10:00:00Z", "ends_at": "2026-11-22T10:30:00Z"},
        "entries": {"body": "Hello"},
        "notes": {"body": "Hello"},
        "links": {"type": "duplicates", "target": foreign.number},
    }
    people = dict(zip(ROLES, (None, charlie, bob, bea, alice, auditor), strict=True))

    def address(name):
        plain = {"me", "organisations", "people", "teams", "services", "outages", "availability", "schema", "incidents"}
        route = SECOND.get(name, name)
        return reverse(f"api:{route}", kwargs={} if name in plain else rows.get(name, number))

    return {"people": people, "address": address, "bodies": bodies}


class Undo(Exception):
    """Rolls back what the call wrote."""


def ask(caller, method, path, body):
    """The answer of one call; whatever it wrote is undone."""
    answer = None
    try:
        with transaction.atomic():
            answer = caller.get(path) if method == "GET" else getattr(caller, method.lower())(path, body)
            raise Undo
    except Undo:
        return answer


def text(answer):
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()


def test_every_endpoint_is_in_the_table():
    named = {pattern.name for pattern in urlpatterns} - PAGES
    assert named == {name for name, _method, _statuses in CASES} - set(SECOND)


@pytest.mark.parametrize("role", ROLES)
def test_every_endpoint_answers_as_the_table_says(world, call_as, role):
    caller, found = call_as(world["people"][role]), {}
    for name, method, _statuses in CASES:
        answer = ask(caller, method, world["address"](name), world["bodies"].get(name, {}))
        found[name, method] = answer.status_code
        if answer.status_code >= 400:
            assert answer.headers["Content-Type"] == "application/problem+json"
    assert found == {(name, method): statuses[role] for name, method, statuses in CASES}


@pytest.mark.parametrize("role", ["charlie", "bob", "bea"])
def test_nothing_internal_or_foreign_is_in_anything_a_customer_can_get(world, call_as, role):
    """Crawls from every endpoint along every address that an answer names."""
    caller, seen = call_as(world["people"][role]), {}
    to_read = [world["address"](name) for name, method, _statuses in CASES if method == "GET"]
    to_read += [world["address"]("incidents") + query for query in ("?total=1&q=canary", "?breached=0&limit=1", "?q=x")]
    while to_read:
        path = to_read.pop()
        if path not in seen:
            seen[path] = text(caller.get(path))
            to_read += re.findall(r'"(?:url|next)":"(?:http://[^/"]+)?(/[^"]+)"', seen[path])
    allowed = "of Globex" if role == "charlie" else "\0"
    leaks = {path: body for path, body in seen.items() if CANARY in body.replace(f"{CANARY} {allowed}", "")}
    assert leaks == {}
    assert len(seen) > 15


def test_the_crawl_would_find_a_leak(world, call_as):
    """The same words are there for the desk."""
    caller = call_as(world["people"]["alice"])
    for name in ("notes", "incident", "events"):
        assert CANARY in text(caller.get(world["address"](name)))


def test_no_get_changes_anything(world, call_as):
    from django.apps import apps

    def counts():
        return {model._meta.label: model._default_manager.count() for model in apps.get_models()}

    caller = call_as(world["people"]["alice"])
    before = counts()
    for name, method, _statuses in CASES:
        if method == "GET":
            caller.get(world["address"](name))
    assert counts() == before
