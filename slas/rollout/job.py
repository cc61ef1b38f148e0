"""The job that moves open tickets over to an edited calendar or a new version of an agreement.

Each step takes the next tickets in the order of their keys, under row lock, and commits them with the job's cursor: a
killed worker's successor goes on with the next, and none is moved twice. Nobody is flooded: a step of the ladder that lies
behind by the change alone is passed over, and of a clock that becomes late by it only the last one fires.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, transaction
from django.db.models import Exists, Max, Min, OuterRef, QuerySet, Subquery

from accounts.models import User
from journal import jobs
from journal.models import Job
from journal.services import record_event as record_fact
from slas.engine import settle
from slas.models import Agreement, BusinessCalendar, Clock, ClockEvent
from slas.rollout.impact import Deadline, Effect, Impact, Shift, is_concerned, shift_between, stories_of
from slas.services import retarget_clocks
from slas.standing import Standing
from tickets.models import Ticket
from tickets.services import record_event

KIND = "slas.roll_out"
CHUNK = 100  # tickets a step
RECALCULATED = ["calendar_version", "generation", "used", "due_at", "fire_plan", "step", "next_fire_at"]
COUNTS = {"n_moved": 0, "n_breached": 0, "n_recovered": 0}


def start_roll_out(
    *, calendar: BusinessCalendar | None = None, agreement: Agreement | None = None, actor: User, now: datetime
) -> Job:
    """Ask for the job, in the transaction of the edit. Live clocks of `calendar` move to its present version; live clocks of
    what `agreement` replaces, or overrules, move to it. The job's page is `slas:job`."""
    if calendar is not None:
        params = {"calendar": calendar.pk, "version": calendar.version}
    elif agreement is not None:
        params = {"agreement": agreement.pk}
    else:
        raise ValueError("say which calendar or which agreement")
    return jobs.start(kind=KIND, params=params, owner=actor, now=now)


def take_step(job: Job, now: datetime) -> bool:
    """journal.jobs' step: the next CHUNK tickets. True while there are more."""
    if job.cursor is None:
        job.cursor, job.result = 0, dict(COUNTS)
        job.n_total = _open_tickets(job).count()
    ids = list(_open_tickets(job).filter(pk__gt=job.cursor).order_by("pk").values_list("pk", flat=True)[:CHUNK])
    if not ids:
        _record_end(job, now)
        return False
    move = _move_to_version if "calendar" in job.params else _move_to_agreement
    try:
        with transaction.atomic():
            impact = move(job, ids, now)
    except OperationalError:  # a deadlock with a verb that holds several tickets: one alone cannot be part of one
        ids = ids[:1]
        impact = move(job, ids, now)
    job.result = {name: job.result[name] + n for name, n in impact.as_numbers().items()}
    job.cursor, job.n_done = ids[-1], job.n_done + len(ids)
    job.n_total = max(job.n_total, job.n_done)
    return True


def _open_tickets(job: Job) -> QuerySet[Ticket]:
    """Those with a live clock that the job may have to move."""
    clocks = Clock.objects.live().filter(ticket=OuterRef("pk"))
    if "calendar" in job.params:
        clocks = clocks.filter(calendar=job.params["calendar"], calendar_version__lt=job.params["version"])
    else:
        clocks = clocks.filter(agreement__isnull=False)
    return Ticket.objects.filter(Exists(clocks))


def _locked(ids: Sequence[int]) -> list[Ticket]:
    """The headers, in the order in which everybody locks them, before their clocks: as the verbs do."""
    return list(Ticket.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True))


# --- a calendar's clocks stay the same clocks ----------------------------------------------------------------------


def _move_to_version(job: Job, ids: Sequence[int], now: datetime) -> Impact:
    """Recalculate the clocks of these tickets by the version of their calendar."""
    tickets = _locked(ids)
    version = job.params["version"]
    clocks = list(
        Clock.objects.live()
        .filter(ticket__in=ids, calendar=job.params["calendar"], calendar_version__lt=version)
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    stories = stories_of(clocks)
    newest = _newest_generations(ids)
    impact, shifts = Impact(), defaultdict[int, list[Shift]](list)
    for clock in clocks:
        shift = recalculate(clock, stories.get(clock.pk, []), version=version, now=now)
        if shift is None:
            continue
        if shift.effect is Effect.RECOVERS:
            newest[clock.ticket_id, clock.metric] += 1
            begin_generation(clock, newest[clock.ticket_id, clock.metric], now)
        shifts[clock.ticket_id].append(shift)
    # One statement for all of them; bulk_update would spend ten times as long on building its own.
    Clock.objects.bulk_create(clocks, update_conflicts=True, unique_fields=["id"], update_fields=RECALCULATED)
    _refresh_next_due(ids)
    about = {"why": "calendar", "name": BusinessCalendar.objects.get(pk=job.params["calendar"]).name, "number": version}
    for ticket in tickets:
        impact.add(*shifts[ticket.pk])
        _record_shifts(ticket, shifts[ticket.pk], about, job, now)
    return impact


def recalculate(clock: Clock, story: list[ClockEvent], *, version: int, now: datetime) -> Shift | None:
    """Put a live clock under that version of its calendar: its columns, and the step of its ladder that comes next. Steps
    that fired stay fired; of those that lie behind now only the last fires, and only where the clock is late."""
    before = Deadline.of(clock)
    clock.calendar_version = version
    settle(clock, story)
    if clock.state == Clock.State.RUNNING:
        n_behind = sum(at <= now for at in clock.fire_plan)
        clock.step = max(clock.step, n_behind - 1 if n_behind and clock.has_breached(now) else n_behind)
        _plan_next(clock)
    return shift_between(clock, before, Deadline.of(clock), now=now)


def begin_generation(clock: Clock, generation: int, now: datetime) -> None:
    """The clock is no longer late: what its ladder has ahead may fire (again), what lies behind has fired."""
    clock.generation = generation
    if clock.state == Clock.State.RUNNING:
        clock.step = sum(at <= now for at in clock.fire_plan)
    else:
        clock.step = sum(
            clock.goal * rung["percent"] // 100 + timedelta(seconds=rung["offset"]) <= clock.used
            for rung in clock.ladder
        )
    _plan_next(clock)


def _plan_next(clock: Clock) -> None:
    is_ahead = clock.state == Clock.State.RUNNING and clock.step < len(clock.fire_plan)
    clock.next_fire_at = clock.fire_plan[clock.step] if is_ahead else None


def _newest_generations(ids: Sequence[int]) -> dict[tuple[int, str], int]:
    rows = Clock.objects.filter(ticket__in=ids).values_list("ticket", "metric").annotate(Max("generation")).order_by()
    return {(ticket, metric): generation for ticket, metric, generation in rows}


def _refresh_next_due(ids: Sequence[int]) -> None:
    """Bring the headers' copies of their most urgent deadlines up to date. One statement."""
    due = Clock.objects.running().filter(ticket=OuterRef("pk")).order_by().values("ticket").annotate(due=Min("due_at"))
    Ticket.objects.filter(pk__in=ids).update(next_due_at=Subquery(due.values("due")))


# --- under another agreement a clock has a successor ---------------------------------------------------------------


def _move_to_agreement(job: Job, ids: Sequence[int], now: datetime) -> Impact:
    """Give the tickets that come under the agreement the clocks that it promises."""
    agreement = Agreement.objects.get(pk=job.params["agreement"])
    standing, impact = Standing.read(), Impact()
    live = defaultdict[int, list[Clock]](list)
    about = {"why": "agreement", "name": agreement.name, "number": agreement.version}
    tickets = _locked(ids)
    for clock in Clock.objects.live().filter(ticket__in=ids, agreement__isnull=False).order_by("pk"):
        live[clock.ticket_id].append(clock)
    for ticket in tickets:
        if not is_concerned(live[ticket.pk], agreement, standing.of(ticket)):
            continue
        retarget_clocks(ticket=ticket, actor=job.owner, now=now, why="agreement", only_newly_late=True)
        shifts = list(_compared(ticket, live[ticket.pk], now))
        impact.add(*shifts)
        _record_shifts(ticket, shifts, about, job, now)
    return impact


def _compared(ticket: Ticket, before: Iterable[Clock], now: datetime) -> Iterator[Shift]:
    """What became of these clocks, told by their successors."""
    after = {(clock.metric, clock.team_id): Deadline.of(clock) for clock in ticket.clocks.live()}
    for old in before:
        shift = shift_between(old, Deadline.of(old), after.get((old.metric, old.team_id)), now=now)
        if shift is not None:
            yield shift


# --- what is told of it --------------------------------------------------------------------------------------------


def _record_shifts(ticket: Ticket, shifts: Sequence[Shift], about: dict[str, Any], job: Job, now: datetime) -> None:
    if not shifts:
        return
    record_event(
        ticket=ticket, name="sla.recalculated", actor=job.owner, at=now,
        data={**about, "clocks": [
            {
                "metric": shift.metric,
                "effect": shift.effect.value,
                "was_due_at": _iso(shift.before),
                "due_at": _iso(shift.after),
            }
            for shift in shifts
        ]},
    )  # fmt: skip


def _iso(deadline: Deadline | None) -> str | None:
    return deadline.due_at.isoformat() if deadline and deadline.due_at else None


def _record_end(job: Job, now: datetime) -> None:
    kind = "calendar" if "calendar" in job.params else "agreement"
    record_fact(
        name=f"{kind}.rolled_out", subject_kind=kind, subject_id=job.params[kind], actor=job.owner, at=now,
        data={**job.result, **job.params, "job": job.pk},
    )  # fmt: skip
