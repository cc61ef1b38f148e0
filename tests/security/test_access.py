"""Every address × every role × own and foreign object (STYLE.md section 5).

`access.json` says what each gets: {address: {method: {person: status}}}. An address without a row fails. After adding one,
run with RECORD_ACCESS=1, read the difference as you would read the code, and commit it; the rules below it hold whatever
was recorded.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from files.models import StoredFile
from incidents.services import resolve_incident
from journal.models import Webhook
from slas.agreements.services import revise_agreement
from slas.models import Outage
from slas.replay import start_replay
from slas.rollout import start_roll_out
from tickets.models import Channel
from work.services import note_on_ticket, reply_to_ticket

TABLE = Path(__file__).parent / "access.json"
CANARY = "canary-7f3a"  # planted in everything a customer must never read
TITLE = "Quarterly figures leak"  # the subject of bob's incident, which charlie must never read
METHODS = ("GET", "POST")
ELSEWHERE = {"account/", "api/v1/"}  # allauth's own addresses; the API has its own table in tests/api/

# What a person would send; without a row a POST is empty. Values are strings as from a form.
BODIES: dict[str, dict[str, str]] = {
    "incidents:resolve": {"code": "fixed", "text": "Renewed."},
    "incidents:hold": {"reason": "supplier"},
    "incidents:cancel": {"text": "Not needed."},
    "incidents:prioritise": {"impact": "1", "urgency": "1"},
    "incidents:override_priority": {"priority": "1", "reason": "Board meeting"},
    "slas:activate_agreement": {"applies_to": "new"},
    "slas:add_step": {"percent": "90", "offset_side": "after", "notifies_lead": "on"},
    "slas:set_targets": {"resolution_1": "2h"},
    "work:reply": {"text": "Hello", "kind": "reply"},
    "work:draft": {"kind": "reply", "text": "Hel"},
    "desk:add_webhook": {"name": "Chat", "url": "https://93.184.216.34/hook"},
    "portal:reply": {"text": "Hello"},
    "portal:cancel": {"text": "Found it."},
    "portal:create": {"subject": "Printer", "body": "It smokes.", "impact": "3", "urgency": "3"},
}


def routes() -> Iterator[tuple[str, list[str]]]:
    """(name with namespace, names of its parameters) of every address that is ours."""

    def walk(resolver: URLResolver, namespace: str) -> Iterator[tuple[str, list[str]]]:
        for entry in resolver.url_patterns:
            if str(entry.pattern) in ELSEWHERE:
                continue
            if isinstance(entry, URLResolver):
                yield from walk(entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace)
            elif isinstance(entry, URLPattern):
                yield f"{namespace}{entry.name}", list(entry.pattern.converters)

    yield from walk(get_resolver(), "")


ROUTES = dict(sorted(routes()))


@pytest.fixture
def world(
    incident, alice, lead, manager_user, auditor, admin_user, bob, bea, charlie, network, now, tmp_path, settings
):
    """Bob's incident with a public and an internal file, a note, and one of every row an address can name."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }
    ticket = incident.ticket
    ticket.subject = TITLE
    ticket.save()
    log = SimpleUploadedFile("vpn.log", b"rekey failed")
    reply_to_ticket(ticket=ticket, body="See the log", actor=bob, now=now, channel=Channel.PORTAL, uploads=[log])
    secret = SimpleUploadedFile(f"{CANARY}.log", b"secret")
    note_on_ticket(ticket=ticket, body=f"**{CANARY}**", actor=alice, now=now, uploads=[secret])
    people = {
        "stranger": None, "alice": alice, "lead": lead, "manager": manager_user, "auditor": auditor, "admin": admin_user,
        "bob": bob, "bea": bea, "charlie": charlie,
    }  # fmt: skip
    return {"incident": incident, "people": people, "parameters": parameters(incident, bob)}


def parameters(incident: Any, bob: Any) -> dict[str, Any]:
    """A value for every parameter an address may have: things of bob's."""
    ticket = incident.ticket
    found: dict[str, Any] = {
        "number": ticket.number,
        "key": StoredFile.objects.get(name="vpn.log").key,
        "clock_id": ticket.clocks.first().pk,
        "person_id": bob.pk,
        "webhook_id": Webhook.objects.create(name="Pager", url="https://93.184.216.34/", secret="whsec_c2VjcmV0").pk,
        "user_id": bob.pk,
        "organisation_id": bob.organisation_id,
        "service_id": ticket.service_id,
        "team_id": ticket.team_id,
        "name": "no-such-mail.eml",
        "token": "no-such-token",
        "table": "services",
        "uidb64": "bm8",
        "pk": bob.pk,
        **promises(incident),
    }
    return found


def promises(incident: Any) -> dict[str, int]:
    """A draft of the next version of bob's agreement with one of its steps, its calendar, an outage and a job."""
    agreement, now = incident.ticket.clocks.first().agreement, incident.ticket.opened_at
    manager = User.objects.get(name="Mona")
    draft = revise_agreement(agreement=agreement, actor=manager, now=now)
    outage = Outage.objects.create(service=incident.ticket.service, starts_at=now)
    job = start_roll_out(agreement=draft, actor=manager, now=now)
    return {
        "agreement_id": draft.pk, "step_id": draft.steps.first().pk, "calendar_id": draft.calendar_id,
        "outage_id": outage.pk, "job_id": job.pk,
        "replay_id": start_replay(agreement=draft, days=30, actor=manager, now=now).pk,
    }  # fmt: skip


class Undo(Exception):
    """Rolls back what the request wrote."""


def ask(client: Client, method: str, path: str, body: dict[str, str]) -> tuple[int, str]:
    """Status and text of one answer; whatever the request wrote is undone."""
    client.raise_request_exception = False
    status, text = 0, b""
    with contextlib.suppress(Undo), transaction.atomic():
        response: Any = client.get(path) if method == "GET" else client.post(path, body)
        status = response.status_code
        text = b"".join(response.streaming_content) if response.streaming else response.content
        raise Undo
    return status, text.decode("utf-8", "replace")


def path_of(name: str, values: dict[str, Any]) -> str:
    missing = set(ROUTES[name]) - set(values)
    assert not missing, f"{name} needs a value for {missing} in parameters()"
    return reverse(name, kwargs={key: values[key] for key in ROUTES[name]})


def measure(world: Any, client_of: Any) -> tuple[dict[str, Any], list[str]]:
    """The table as it is now, and every break of a rule that holds for all addresses."""
    table: dict[str, Any] = {}
    breaks: list[str] = []
    clients = {who: client_of(user) if user else Client() for who, user in world["people"].items()}
    for name in ROUTES:
        path = path_of(name, world["parameters"])
        for method in METHODS:
            for who, client in clients.items():
                status, text = ask(client, method, path, BODIES.get(name, {}))
                table.setdefault(name, {}).setdefault(method, {})[who] = status
                breaks += broken_rules(name, method, who, status, text)
    return table, breaks


def rows() -> dict[str, int]:
    return {
        model._meta.label: model._default_manager.count()
        for model in apps.get_models()
        if model._meta.app_label in OURS
    }


OURS = {"accounts", "catalog", "files", "incidents", "journal", "slas", "tickets"}
# /metrics asks for the address instead of the person (METRICS_ALLOW); the test's own is allowed.
FOR_EVERYBODY = re.compile(r"^(home|healthz|metrics|favicon|accounts:(theme|language|join|accept).*)$")


def broken_rules(name: str, method: str, who: str, status: int, body: str) -> list[str]:
    says = f"{method} {name} by {who}"
    found = []
    if status >= 500 and name != "healthz":
        found.append(f"{says}: {status}")
    if who in {"stranger", "bob", "bea", "charlie"} and CANARY in body:
        found.append(f"{says}: an internal note leaks")
    if who in {"stranger", "charlie"} and TITLE in body:
        found.append(f"{says}: a foreign title leaks")
    if who == "charlie" and "number" in ROUTES[name] and status not in {404, 405}:
        found.append(f"{says}: {status} instead of 404")
    if who == "stranger" and status == 200 and not FOR_EVERYBODY.match(name):
        found.append(f"{says}: open to strangers")
    if who == "auditor" and method == "POST" and status in {200, 201} and name.startswith("incidents"):
        found.append(f"{says}: an auditor writes")
    return found


def test_every_address_answers_as_the_table_says(world, client_of):
    table, breaks = measure(world, client_of)
    if os.environ.get("RECORD_ACCESS"):
        lines = [
            f'  "{name}": {{\n'
            + ",\n".join(f'    "{method}": {json.dumps(statuses)}' for method, statuses in methods.items())
            + "\n  }"
            for name, methods in table.items()
        ]
        TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    assert breaks == []
    assert table == json.loads(TABLE.read_text())


def test_no_get_writes_business_rows(world, client_of):
    """A page that is only looked at changes nothing but "when I last looked"."""
    before = rows()
    for who in ("alice", "admin", "bob"):
        client = client_of(world["people"][who])
        client.raise_request_exception = False
        for name in ROUTES:
            client.get(path_of(name, world["parameters"]))
    after = rows()
    assert {label for label in after if after[label] != before[label]} <= {"tickets.LastSeen"}


def test_verbs_are_refused_without_a_token(world):
    """CSRF: a forged POST from elsewhere changes nothing."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(world["people"]["alice"], backend="allauth.account.auth_backends.AuthenticationBackend")
    open_doors = [
        name
        for name in ROUTES
        if not name.startswith("api:")
        and client.post(path_of(name, world["parameters"])).status_code not in {403, 404, 405}
    ]
    assert open_doors == []


def test_a_resolved_incident_is_still_nobody_elses(incident, alice, charlie, client_of, now):
    resolve_incident(incident=incident, code="fixed", resolution="Done.", actor=alice, now=now)
    for path in (f"/portal/requests/{incident.ticket.number}/", f"/incidents/{incident.ticket.number}/"):
        assert client_of(charlie).get(path).status_code == 404
