"""AC-A6a: sweepers and dispatchers are killed in mid-run, and every due step is still recorded, carried out and told of exactly
once. benchmarks/chaos_sla.py is its long form."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings

from itsm.stack.endpoints import database_url
from journal.models import Event, Outbox
from slas import sweep
from slas.models import Clock, Escalation, EscalationNotice, Metric
from tests.crowd import multiply
from work import digest

N_DUE = 500
N_KILLS = 4
SECONDS = 240  # a limit for a broken run, not an expectation

# Sweeps and carries escalations out for ever, slowly enough to be caught inside a transaction.
WORKER = """
import os, time, datetime
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itsm.settings")
import django; django.setup()
from journal import outbox
from slas import sweep
from work import digest
NOW = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)
real = sweep._fire
def slow(**kwargs):
    from django.db import transaction
    with transaction.atomic():
        n = real(**kwargs)
        time.sleep(0.05)
        return n
sweep._fire = slow
while True:
    sweep.sweep_due_clocks(now=NOW, batch=25)
    outbox.dispatch(now=datetime.datetime.now(datetime.UTC), limit=25, only=[sweep.TOPIC, digest.TOPIC])
"""


@pytest.fixture
def due(transactional_db, open_for, bob, now):
    """Five hundred clocks whose first step is due at noon, copied from one real incident."""
    first = open_for(bob, impact=3, urgency=1)
    clock = Clock.objects.get(ticket=first.ticket, metric=Metric.FIRST_RESPONSE)
    Clock.objects.exclude(pk=clock.pk).delete()
    multiply(clock, N_DUE - 1)
    Outbox.objects.all().delete()
    return Clock.objects.count()


def start_worker() -> subprocess.Popen[bytes]:
    database = settings.DATABASES["default"]
    url = database_url(database["USER"], database["PASSWORD"], Path(database["HOST"]), database["NAME"])
    environment = {**os.environ, "DATABASE_URL": url, "DATABASE_OWNER_URL": url, "LOG_LEVEL": "ERROR"}
    return subprocess.Popen([sys.executable, "-c", WORKER], cwd=settings.BASE_DIR, env=environment)


def test_every_step_once_though_workers_are_killed(due):
    assert due == N_DUE
    workers = [start_worker(), start_worker()]
    n_kills, ends = 0, time.monotonic() + SECONDS
    try:
        while time.monotonic() < ends and not _is_done(n_kills):
            time.sleep(random.uniform(0.2, 0.9))
            if n_kills < N_KILLS and Escalation.objects.exists():
                victim = random.randrange(2)
                workers[victim].send_signal(signal.SIGKILL)
                workers[victim].wait()
                workers[victim] = start_worker()
                n_kills += 1
            for topic in (sweep.TOPIC, digest.TOPIC):  # two minutes of lease, skipped
                Outbox.objects.filter(topic=topic, done_at=None).update(lease_until=None)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert Counter(Escalation.objects.values_list("step", flat=True)) == {0: N_DUE}
    assert Outbox.objects.filter(topic=sweep.TOPIC, done_at__isnull=False).count() == N_DUE
    assert Event.objects.filter(name="sla.warned").count() == N_DUE
    assert _n_told_once() == EscalationNotice.objects.count() == N_DUE


def _is_done(n_kills: int) -> bool:
    inside = Outbox.objects.filter(topic__in=[sweep.TOPIC, digest.TOPIC])
    return (
        n_kills >= N_KILLS
        and Event.objects.filter(name="sla.warned").count() == N_DUE
        and not inside.filter(done_at=None)
    )


def _n_told_once() -> int:
    """Notices with a letter of their own, and those of digests that were posted; a notice in both would count twice."""
    own = Outbox.objects.filter(topic="mail", payload__notice="warning").count()
    digests = Outbox.objects.filter(topic="mail", payload__notice="digest").values_list("payload__digest", flat=True)
    return own + EscalationNotice.objects.filter(digest__in=list(digests)).count()
