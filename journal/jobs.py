"""Long pieces of work in small steps: each step is a transaction that moves `Job.cursor` on, so that a killed worker's
successor goes on where it stopped and nothing is done twice.

An app registers per kind a function `step(job, now) -> bool`: it does a bounded part (a second or so), sets
`job.cursor`, `job.n_done`, `job.n_total` and `job.result`, and says whether there is more. What it writes is committed
together with the cursor. It may raise: the step is undone, the job has failed, and says why.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from journal.models import Job

logger = logging.getLogger(__name__)

Step = Callable[[Job, datetime], bool]

LEASE = timedelta(seconds=60)
"""A worker that says nothing for so long has died; its job goes on elsewhere."""

CHOOSING = 0x4A6F62  # "Job": the advisory lock of whoever chooses the next one

_steps: dict[str, Step] = {}


def register(kind: str, step: Step) -> None:
    """Called by an upper app's AppConfig.ready()."""
    _steps[kind] = step


def start(*, kind: str, params: dict[str, Any], owner: Any, now: datetime) -> Job:
    """Ask for a job; a worker takes it within seconds of the commit."""
    if kind not in _steps:
        raise ValueError(f"no app registered the job {kind!r}")
    return Job.objects.create(kind=kind, params=params, owner=owner, created_at=now)


def cancel(*, job: Job, now: datetime) -> bool:
    """Stop it after the step it is in. What its steps wrote stays. False when it was over already."""
    is_cancelled = Job.objects.filter(pk=job.pk, ended_at=None).update(
        state=Job.State.CANCELLED, ended_at=now, lease_until=None
    )
    return bool(is_cancelled)


def run_next(*, now: datetime) -> Job | None:
    """Take the oldest job that nobody works on and carry it to its end, or until it is cancelled. None = there was none,
    or another is under way: they go one after the other, so that long work never takes the workers that sweep clocks."""
    with transaction.atomic():
        _queue_up()
        if Job.objects.filter(ended_at=None, lease_until__gte=now).exists():
            return None
        job = Job.objects.select_for_update(skip_locked=True).filter(ended_at=None).order_by("id").first()
        if job is None:
            return None
        Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, lease_until=now + LEASE)
    while _take_step(job):
        pass
    job.refresh_from_db()
    return job


def _queue_up() -> None:
    """One at a time may choose a job; freed at the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHOOSING])


def _take_step(job: Job) -> bool:
    """One step with its own transaction. True when there is more to do."""
    now = timezone.now()
    try:
        with transaction.atomic():
            held = Job.objects.select_for_update().get(pk=job.pk)
            if held.ended_at is not None:
                return False  # cancelled meanwhile
            has_more = _steps[held.kind](held, now)
            held.lease_until = timezone.now() + LEASE if has_more else None
            if not has_more:
                held.state, held.ended_at = Job.State.DONE, now
            held.save()
    except Exception as error:  # whatever it is, its owner is to see it
        logger.exception("job %s failed", job)
        Job.objects.filter(pk=job.pk, ended_at=None).update(
            state=Job.State.FAILED, ended_at=now, lease_until=None, problem=f"{type(error).__name__}: {error}"[:2000]
        )
        return False
    return has_more
