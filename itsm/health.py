"""Is Portico well? `/healthz` for load balancers and people, `/metrics` for Prometheus.

`/healthz` answers 503 only without a database: then nothing works. Everything else that fails leaves the pages working
(tickets and clocks are rows), so the answer stays 200 and says "degraded" and why.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import redis
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from itsm.schedule import LEADER_LOCK
from itsm.stack import endpoints
from journal import selectors as journal
from slas.models import Clock
from slas.sweep import seconds_since_sweep

SWEEP_TOO_OLD = 30  # seconds; beat asks for one every second
OUTBOX_TOO_OLD = 300  # seconds a deliverable row may wait
BROKER_PATIENCE = 1.0  # seconds


@dataclass
class Health:
    """What was found. `broker`: it answers; `beat`: one leads. Ages in seconds, None = unknown, or nothing waits."""

    database: bool
    broker: bool = False
    beat: bool = False
    sweep_age: int | None = None
    outbox_age: float | None = None
    n_dead: int = 0
    reasons: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        if not self.database:
            return "down"
        return "degraded" if self.reasons else "ok"


def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    found = examine(now=timezone.now())
    body = {
        "status": found.status,
        "reasons": found.reasons,
        "database": found.database,
        "broker": found.broker,
        "beat": found.beat,
        "sweep_age_seconds": found.sweep_age,
        "outbox_oldest_seconds": found.outbox_age,
        "outbox_dead": found.n_dead,
    }
    return JsonResponse(body, status=200 if found.database else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for the addresses of METRICS_ALLOW; everybody else gets a 404."""
    if not _may_scrape(request):
        raise Http404
    counted = REGISTRY
    if settings.PROMETHEUS_MULTIPROC_DIR:
        counted = CollectorRegistry()
        MultiProcessCollector(counted, path=settings.PROMETHEUS_MULTIPROC_DIR)  # type: ignore[no-untyped-call]
    ours = CollectorRegistry()
    ours.register(PorticoCollector())
    return HttpResponse(generate_latest(counted) + generate_latest(ours), content_type=CONTENT_TYPE_LATEST)


def examine(*, now: datetime) -> Health:
    """Ask every part once, with short patience. No secret and no address is in the answer."""
    try:
        found = Health(database=True, beat=_beat_leads(), n_dead=journal.n_dead())
        waits = journal.oldest_unsent_age(now=now)
    except (OperationalError, InterfaceError):
        connection.close()
        return Health(database=False, broker=_broker_answers(), reasons=["the database does not answer"])
    found.outbox_age = waits.total_seconds() if waits else None
    found.broker = _broker_answers()
    found.sweep_age = seconds_since_sweep() if found.broker else None
    found.reasons = list(_reasons(found))
    return found


class PorticoCollector:
    """Gauges read from the database when Prometheus asks."""

    def collect(self) -> Iterable[GaugeMetricFamily]:
        now = timezone.now()
        found = examine(now=now)
        values: dict[str, tuple[str, float | None]] = {
            "portico_up": ("1 while the database answers.", float(found.database)),
            "portico_broker_up": ("1 while the broker answers.", float(found.broker)),
            "portico_beat_leads": ("1 while a beat holds the leader's lock.", float(found.beat)),
            "portico_sweep_age_seconds": ("Since the last sweep of the clocks.", found.sweep_age),
            "portico_outbox_oldest_seconds": ("How long the oldest deliverable row waits.", found.outbox_age or 0.0),
            "portico_outbox_dead": ("Rows given up on.", float(found.n_dead)),
        }
        if found.database:
            overdue = Clock.objects.running().filter(due_at__lt=now).count()
            values["portico_clocks_overdue"] = ("Running clocks past their deadline.", float(overdue))
        for name, (meaning, value) in values.items():
            if value is not None:
                yield GaugeMetricFamily(name, meaning, value=value)


def _reasons(found: Health) -> Iterable[str]:
    if not found.broker:
        yield "the broker does not answer: pages work, escalations and mail wait"
    if not found.beat:
        yield "no beat leads: nothing asks for sweeps"
    if found.broker and found.sweep_age is None:
        yield "the clocks were never swept"
    if found.sweep_age is not None and found.sweep_age > SWEEP_TOO_OLD:
        yield f"the clocks were last swept {found.sweep_age} s ago"
    if found.outbox_age is not None and found.outbox_age > OUTBOX_TOO_OLD:
        yield f"the outbox has waited {found.outbox_age:.0f} s"


def _broker_answers() -> bool:
    url = endpoints.cache_url(settings.REDIS_URL)
    try:
        with redis.Redis.from_url(
            url, socket_timeout=BROKER_PATIENCE, socket_connect_timeout=BROKER_PATIENCE
        ) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _beat_leads() -> bool:
    """Whether some session holds the advisory lock of itsm/schedule.py. PostgreSQL shows a bigint key in two halves."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND classid = %s AND objid = %s)",
            [LEADER_LOCK >> 32, LEADER_LOCK & 0xFFFFFFFF],
        )
        return bool(cursor.fetchone()[0])


def _may_scrape(request: HttpRequest) -> bool:
    """Behind a proxy the caller is the address that the outermost trusted proxy saw (TRUSTED_PROXIES); a forwarded
    request while no proxy is trusted comes from nobody we know."""
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    trusted: int = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if forwarded and not 0 < trusted <= len(forwarded):
        return False
    caller = forwarded[-trusted] if forwarded else request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(caller)
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_ALLOW)
