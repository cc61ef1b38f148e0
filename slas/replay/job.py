"""The job of a replay. Its params: {"agreement": key, "days": length of the period, "calendar": key of another calendar for
it or None, "pauses_on": other reasons or None}; its cursor is the last ticket done, its result a Findings."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from accounts.models import User
from journal import jobs
from journal.models import Job
from journal.services import record_event
from slas import policies
from slas.models import Agreement, BusinessCalendar
from slas.replay.findings import Findings, Outcome
from slas.replay.reliving import replay_tickets
from slas.replay.rulebook import Rulebook, trial_of
from tickets.models import Ticket

KIND = "slas.replay"
STEP = 500  # tickets
PERIODS = (7, 30, 90, 365)  # days


def start_replay(
    *,
    agreement: Agreement,
    days: int,
    calendar: BusinessCalendar | None = None,
    pauses_on: Sequence[str] | None = None,
    actor: User,
    now: datetime,
) -> Job:
    """Ask for a replay of the last `days` under `agreement` (any version, also a draft), or under what it would be with
    another calendar or other reasons to pause. Its result is at `slas:replay`, its progress at `slas:job`. Raises
    PermissionDenied."""
    if not policies.can_replay(actor):
        raise PermissionDenied
    params = {
        "agreement": agreement.pk,
        "days": days,
        "calendar": calendar.pk if calendar else None,
        "pauses_on": None if pauses_on is None else list(pauses_on),
    }
    return jobs.start(kind=KIND, params=params, owner=actor, now=now)


def take_step(job: Job, now: datetime) -> bool:
    """journal.jobs' step: the next STEP tickets, read as of when the job was asked for. True while there are more."""
    until = job.created_at
    trial = trial_of(job.params)
    book = Rulebook(trial)
    tickets = _tickets(book, opened_from=until - timedelta(days=job.params["days"]), opened_to=until)
    if job.cursor is None:
        job.cursor, job.n_total = 0, tickets.count()
    batch = list(tickets.filter(pk__gt=job.cursor).order_by("pk")[:STEP])
    findings = Findings(**job.result)
    replay_tickets(batch, book=book, until=until, findings=findings)
    job.result = asdict(findings)
    job.n_done += len(batch)
    if len(batch) == STEP:
        job.cursor = batch[-1].pk
        return True
    _tell(job, trial, findings, now)
    return False


def _tickets(book: Rulebook, *, opened_from: datetime, opened_to: datetime) -> QuerySet[Ticket]:
    return Ticket.objects.filter(opened_at__gte=opened_from, opened_at__lte=opened_to).filter(book.concerns())


def _tell(job: Job, trial: Agreement, findings: Findings, now: datetime) -> None:
    breaches = [findings.n(Outcome.BREACHED, after=after) for after in (False, True)]
    record_event(
        name="agreement.replayed", subject_kind="agreement", subject_id=trial.pk, actor=job.owner, at=now,
        data={
            "job": job.pk, "days": job.params["days"], "tickets": findings.n_tickets, "breaches": breaches,
            "changed": len(findings.changed),
        },
    )  # fmt: skip
