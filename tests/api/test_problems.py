"""Every error is a problem document, wherever it comes from."""

import json

import pytest
from django.db import OperationalError
from django.test import Client

from api import throttling
from core.cache import ForgivingRedisCache
from incidents.models import Incident


def code(answer):
    """The end of the problem's type; everything a problem must have is there."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"]
    return problem["type"].removeprefix("urn:portico:problem:")


@pytest.mark.parametrize(
    ("body", "media_type", "status", "problem"),
    [
        ("{", "application/json", 400, "parse-error"),
        ("NaN", "application/json", 400, "parse-error"),
        ('{"subject": NaN}', "application/json", 400, "parse-error"),
        ("[" * 100_000, "application/json", 400, "parse-error"),
        (b"\xff\xfe", "application/json", 400, "parse-error"),
        ("[]", "application/json", 422, "invalid"),
        ("7", "application/json", 422, "invalid"),
        ("null", "application/json", 422, "invalid"),
        ('{"subject": "a\\u0000b", "body": "x"}', "application/json", 422, "invalid"),
        ('{"subject": "a\\ud800b", "body": "x"}', "application/json", 422, "invalid"),
        ('{"subject": "x", "body": "y", "service": "a\\u0000b"}', "application/json", 422, "invalid"),
        ('{"subject": 7, "body": "y"}', "application/json", 422, "invalid"),
        ('{"subject": "x", "body": "y", "impact": "1"}', "application/json", 422, "invalid"),
        ("subject=x", "application/x-www-form-urlencoded", 415, "unsupported-media-type"),
        ("<x/>", "text/xml", 415, "unsupported-media-type"),
    ],
)
def test_a_body_nobody_can_read(call_as, bob, body, media_type, status, problem):
    answer = call_as(bob).client.generic("POST", "/api/v1/incidents/", body, content_type=media_type)
    assert (answer.status_code, code(answer)) == (status, problem)
    assert not Incident.objects.exists()


def test_a_body_too_large_is_refused_unread(call_as, bob, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    answer = call_as(bob).post("incidents/", {"subject": "x", "body": "x" * 1000})
    assert (answer.status_code, code(answer)) == (413, "too-large")


def test_a_method_that_is_not_there(call_as, bob):
    for method in ("put", "delete", "options", "trace"):
        answer = getattr(call_as(bob).client, method)("/api/v1/incidents/")
        assert (answer.status_code, code(answer)) == (405, "method-not-allowed")
        assert answer.headers["Allow"] == "GET, HEAD, POST"


def test_a_form_of_answer_that_is_not_there(call_as, bob):
    answer = call_as(bob).get("incidents/", Accept="text/html")
    assert (answer.status_code, code(answer)) == (406, "not-acceptable")
    answer = call_as(bob).get("schema/", Accept="application/x-yaml")
    assert (answer.status_code, code(answer)) == (406, "not-acceptable")


@pytest.mark.parametrize(
    "path", ["nothing/", "incidents", "incidents/inc-1/", "incidents/INC-1/", "incidents/INC-1%00/", "people/99999999999999999999/", "tickets/INC-1/secrets/", "services/nothing/", "files/0/"]
)  # fmt: skip
def test_an_address_that_is_not_there(call_as, alice, path):
    answer = call_as(alice).get(path)
    assert (answer.status_code, code(answer)) == (404, "not-found")


def test_nobody_is_asked_to_sign_in(db):
    answer = Client().get("/api/v1/incidents/")
    assert (answer.status_code, code(answer)) == (401, "not-authenticated")


def test_an_unforeseen_error_tells_nothing_of_its_inside(call_as, bob, monkeypatch):
    monkeypatch.setattr("api.v1.incidents.chosen", lambda *_: 1 / 0)
    answer = call_as(bob).get("incidents/")
    assert (answer.status_code, code(answer)) == (500, "server-error")
    assert "division" not in answer.content.decode()


def test_a_lost_database_is_said_so(call_as, bob, monkeypatch):
    def gone(*_):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("api.v1.incidents.chosen", gone)
    answer = call_as(bob).get("incidents/")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"]


class TestTheLimit:
    def test_holds_one_token_up_and_no_other(self, call_as, bob, bea, broker, settings, monkeypatch):
        settings.API_CALLS_PER_MINUTE = 3
        bobs, beas = call_as(bob), call_as(bea)
        assert [bobs.get("me/").status_code for _ in range(4)] == [200, 200, 200, 429]
        answer = bobs.get("me/")
        assert (code(answer), answer.headers["Retry-After"]) == ("too-many-calls", "61")
        assert beas.get("me/").status_code == 200

    def test_can_be_switched_off(self, call_as, bob, broker, settings):
        settings.API_CALLS_PER_MINUTE = 0
        assert {call_as(bob).get("me/").status_code for _ in range(5)} == {200}

    def test_holds_nobody_up_without_redis(self, call_as, bob, settings, monkeypatch):
        settings.API_CALLS_PER_MINUTE = 1
        gone = ForgivingRedisCache("redis://127.0.0.1:1/0", {"OPTIONS": {"socket_connect_timeout": 1}})
        monkeypatch.setattr(throttling, "cache", gone)
        assert {call_as(bob).get("me/").status_code for _ in range(3)} == {200}


class TestASession:
    def test_reads_without_and_writes_with_the_csrf_token(self, bob, vpn, agreement):
        client = Client(enforce_csrf_checks=True)
        client.force_login(bob, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert client.get("/api/v1/me/").json()["token"] is None
        words = json.dumps({"subject": "No tunnel", "body": "It fails."})
        refused = client.post("/api/v1/incidents/", words, content_type="application/json")
        assert (refused.status_code, code(refused)) == (403, "permission-denied")
        token = client.get("/api/v1/docs/").context["csrf_token"]
        headers = {"X-CSRFToken": str(token)}
        accepted = client.post("/api/v1/incidents/", words, content_type="application/json", headers=headers)
        assert accepted.status_code == 201

    def test_shows_times_in_utc_whatever_the_persons_zone(self, bob, incident):
        bob.time_zone = "Asia/Shanghai"
        bob.save()
        client = Client()
        client.force_login(bob, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert client.get("/api/v1/incidents/").json()["results"][0]["opened_at"] == "2026-11-23T10:00:00Z"
