"""/healthz tells which part is missing and stays up with the pages; /metrics is for those who are allowed to read it."""

import re
import time
from contextlib import closing
from datetime import timedelta
from ipaddress import ip_network

import psycopg2
import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.utils import timezone

from itsm import health
from itsm.schedule import LEADER_LOCK, LeaderScheduler
from journal.models import Outbox
from journal.services import post
from slas.models import Clock
from slas.sweep import SWEPT_AT


@pytest.fixture
def leader(db):
    """A beat that leads: another session holds the lock."""
    with closing(LeaderScheduler._connect()) as session:
        session.cursor().execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
        yield session


@pytest.fixture
def well(broker, leader):
    cache.set(SWEPT_AT, int(time.time()), 60)


class TestHealthz:
    def test_is_ok_when_every_part_answers(self, client, well):
        response = client.get("/healthz")
        body = response.json()
        assert (response.status_code, body["status"], body["reasons"]) == (200, "ok", [])
        assert (body["database"], body["broker"], body["beat"]) == (True, True, True)
        assert 0 <= body["sweep_age_seconds"] < 10
        assert body["outbox_oldest_seconds"] is None

    def test_is_degraded_without_a_broker_and_still_200(self, client, leader, settings):
        settings.REDIS_URL = "redis://127.0.0.1:9/0"
        begun = time.monotonic()
        response = client.get("/healthz")
        assert (response.status_code, response.json()["status"]) == (200, "degraded")
        assert response.json()["reasons"] == ["the broker does not answer: pages work, escalations and mail wait"]
        assert time.monotonic() - begun < 3

    def test_is_degraded_without_a_leading_beat(self, client, db, broker):
        cache.set(SWEPT_AT, int(time.time()), 60)
        assert client.get("/healthz").json()["reasons"] == ["no beat leads: nothing asks for sweeps"]

    def test_is_degraded_when_the_clocks_are_not_swept(self, client, broker, leader):
        assert client.get("/healthz").json()["reasons"] == ["the clocks were never swept"]
        cache.set(SWEPT_AT, int(time.time()) - 100, 60)
        (reason,) = client.get("/healthz").json()["reasons"]
        assert re.fullmatch(r"the clocks were last swept 10\d s ago", reason)

    def test_is_degraded_when_the_outbox_waits(self, client, well):
        post(key="old", topic="mail", payload={}, now=timezone.now() - timedelta(minutes=10))
        body = client.get("/healthz").json()
        assert re.fullmatch(r"the outbox has waited 60\d s", body["reasons"][0])
        assert body["outbox_oldest_seconds"] == pytest.approx(600, abs=10)

    def test_is_down_without_a_database(self, client, monkeypatch, settings):
        def gone():
            raise OperationalError('connection to "db.internal" failed: password secret')

        monkeypatch.setattr(health, "_beat_leads", gone)
        monkeypatch.setattr(health.connection, "close", lambda: None)
        settings.REDIS_URL = "redis://127.0.0.1:9/0"
        response = client.get("/healthz")
        assert (response.status_code, response.json()["status"]) == (503, "down")
        assert response.json()["reasons"] == ["the database does not answer"]
        assert "secret" not in response.content.decode()

    def test_tells_no_secret(self, client, well, settings):
        body = client.get("/healthz").content.decode()
        for secret in (settings.SECRET_KEY, settings.REDIS_URL, connection.settings_dict["PASSWORD"]):
            assert secret not in body


class TestLeaderLock:
    def test_of_another_database_does_not_count(self, db, broker):
        place = connection.settings_dict
        known = {
            "user": place["USER"],
            "password": place["PASSWORD"],
            "host": place["HOST"],
            "port": place["PORT"] or None,
        }
        with closing(psycopg2.connect(dbname="postgres", **known)) as session:
            session.cursor().execute("SELECT pg_advisory_lock(%s)", [LEADER_LOCK])
            assert not health._beat_leads()


class TestMetrics:
    def test_has_our_gauges_and_django_s(self, client, well, incident, now):
        Clock.objects.update(due_at=timezone.now() - timedelta(hours=1))
        Outbox.objects.update(is_dead=True)
        response = client.get("/metrics")
        assert response.status_code == 200
        lines = response.content.decode().splitlines()
        assert "portico_clocks_overdue 2.0" in lines
        assert "portico_outbox_dead 1.0" in lines
        assert "portico_outbox_oldest_seconds 0.0" in lines
        assert any(line.startswith("portico_sweep_age_seconds ") for line in lines)
        assert any(line.startswith("django_http_requests_before_middlewares_total") for line in lines)

    def test_is_not_found_by_strangers(self, client, db):
        assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 404

    @pytest.mark.parametrize(
        ("trusted", "forwarded", "status"),
        [
            (0, "127.0.0.1", 404),  # a proxy we were not told of may not lend its own address
            (1, "192.0.2.7", 404),
            (1, "127.0.0.1, 192.0.2.7", 404),  # what the caller says of himself does not count
            (1, "192.0.2.7, 10.1.2.3", 200),
            (2, "10.1.2.3, 192.0.2.7", 200),
            (2, "10.1.2.3", 404),
            (1, "nonsense", 404),
        ],
    )
    def test_asks_the_trusted_proxy_for_the_caller(self, client, db, broker, settings, trusted, forwarded, status):
        settings.ALLAUTH_TRUSTED_PROXY_COUNT = trusted
        settings.METRICS_ALLOW = [ip_network("10.0.0.0/8"), ip_network("127.0.0.1")]
        assert client.get("/metrics", headers={"X-Forwarded-For": forwarded}).status_code == status
