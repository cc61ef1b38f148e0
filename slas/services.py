"""Clocks of live tickets: begun, paused, resumed, met, retargeted. Every function is called inside the transaction of the
ticket's own verb, after the ticket's row has changed, and takes the ticket's clocks under row lock, the same the sweep
takes: an escalation never follows an end.

One arithmetic: a clock's events are its truth, slas/ledger.py accounts for them, and the columns of the row are a cache of
that account (`slas.engine.settle`). The sweep (slas/sweep.py) only reads the columns.
"""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from accounts.models import User
from slas.engine import Life, TicketClocks, Turn, settle
from slas.metrics import TurnKind
from slas.models import Clock, ClockEvent, Metric
from slas.standing import Standing, standing
from tickets.models import PublicEntry, Ticket, WaitingReason
from tickets.services import record_event

SETTLED = ("state", "used", "anchor_at", "due_at", "ended_at", "fire_plan", "step", "next_fire_at")
"""The columns of a clock that its story decides."""
COMMITMENT_LADDER = [{"percent": 100, "offset": 0, "notify": ["assignee", "lead"]}]
LONGEST = timedelta(days=1095)
"""The longest time that can be promised (BEHAVIOUR.md 4.2)."""


def start_clocks(*, ticket: Ticket) -> list[Clock]:
    """Begin every clock that is promised about the ticket, as of its opening."""
    return _follow(ticket, Turn(TurnKind.OPENED, at=ticket.opened_at), is_new=True)


def pause_clocks(*, ticket: Ticket, reason: WaitingReason, actor: User | None, now: datetime) -> None:
    """The ticket waits: stop counting on the clocks whose agreement pauses on `reason`, count on the supplier's share."""
    _follow(ticket, Turn(TurnKind.PAUSED, at=now, actor=actor, reason=reason))


def resume_clocks(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """The wait is over."""
    _follow(ticket, Turn(TurnKind.RESUMED, at=now, actor=actor))


def answer_clocks(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """One of us has written to the requester, through whatever channel (BEHAVIOUR.md rules 2 and 3)."""
    _follow(ticket, Turn(TurnKind.ANSWERED, at=now, actor=actor))


def await_answer(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """The requester has written: a next reply is owed from the first of his messages that has no answer yet."""
    _follow(ticket, Turn(TurnKind.WRITTEN, at=now, actor=actor))


def own_clocks(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """A person has taken the ticket, or was given it."""
    _follow(ticket, Turn(TurnKind.TAKEN, at=now, actor=actor))


def hand_over_clocks(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """Another team has the ticket (or none): its share of the time counts from here, the other's no longer."""
    _follow(ticket, Turn(TurnKind.HANDED_OVER, at=now, actor=actor, team=ticket.team_id))


def resolve_clocks(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """Every clock is met."""
    _follow(ticket, Turn(TurnKind.RESOLVED, at=now, actor=actor))


def cancel_clocks(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """End every live clock without a result: the ticket was cancelled."""
    _follow(ticket, Turn(TurnKind.CANCELLED, at=now, actor=actor))


def reopen_clocks(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """What the resolution had ended goes on, the time in between counting as a pause, or begins anew, as the agreement
    has it (BEHAVIOUR.md rule 4, default "resume")."""
    _follow(ticket, Turn(TurnKind.REOPENED, at=now, actor=actor))


def retarget_clocks(
    *, ticket: Ticket, actor: User | None, now: datetime, why: str, only_newly_late: bool = False
) -> None:
    """The promise may be another now (priority, service, agreement): each live clock it concerns is cancelled and its
    successor begins where it did, with the earlier pauses kept (BEHAVIOUR.md rule 7). A successor that is late already
    gets one record, "target changed", and no ladder of stale warnings; with `only_newly_late` not even these where its
    predecessor was late as well."""
    clocks = _clocks_of(ticket)
    clocks.take(Turn(TurnKind.CHANGED, at=now, actor=actor, priority=ticket.priority))
    _save(clocks)
    for old, new in clocks.changed:
        if new is None or new.has_ended:
            continue
        is_told = not (only_newly_late and old.clock.has_breached(now))
        _pass_over_stale_steps(new.clock, now, fires_last=is_told)
        new.clock.save(update_fields=["step", "next_fire_at"])
        if is_told and new.clock.has_breached(now):
            record_event(
                ticket=ticket, name="sla.target_changed", actor=actor, at=now,
                data={
                    "metric": new.clock.metric, "why": why,
                    "due_at": new.clock.due_at.isoformat() if new.clock.due_at else None,
                },
            )  # fmt: skip
    _refresh_next_due(clocks)


def preview_due(*, ticket: Ticket, priority: int, now: datetime) -> dict[str, datetime | None]:
    """{metric: the deadline each live clock would have with `priority`, were it running at `now`}; None = no promise.
    Of the teams only the share of the one that has the ticket; a commitment is moved by nothing. Nothing is written."""

    def promised(lives: Iterable[Life]) -> dict[str, Life]:
        return {
            life.clock.metric: life
            for life in lives
            if life.clock.agreement_id and life.clock.team_id in (None, ticket.team_id)
        }

    clocks = _clocks_of(ticket, locks=False)
    before = promised(clocks.live())
    clocks.take(Turn(TurnKind.CHANGED, at=now, priority=priority))
    after = promised(clocks.live())
    found: dict[str, datetime | None] = {}
    for metric in dict.fromkeys([*before, *after]):
        life = after.get(metric)
        if life is None:
            found[metric] = None
            continue
        if life.is_paused:
            life.happen(ClockEvent.Kind.RESUMED, Turn(TurnKind.RESUMED, at=now))
        settle(life.clock, life.events)
        found[metric] = life.clock.due_at
    return found


def promise_date(*, ticket: Ticket, due_at: datetime, words: str, actor: User, now: datetime) -> Clock:
    """A person promises the requester a date: shown beside the timers and moved by none of them (AC-A1d). A promise made
    before is cancelled by it. Raises ValidationError for a date that is past or more than three years ahead."""
    if not now < due_at <= now + LONGEST:
        raise ValidationError({"due_at": _("Please promise a moment that lies ahead, within three years.")})
    clocks = _clocks_of(ticket)
    made_before = [life for life in clocks.live() if life.clock.metric == Metric.COMMITMENT]
    for life in made_before:
        life.stop(Turn(TurnKind.CHANGED, at=now, actor=actor), Clock.State.CANCELLED)
    generations = [life.clock.generation for life in clocks.lives if life.clock.metric == Metric.COMMITMENT]
    clock = Clock(
        ticket=ticket, metric=Metric.COMMITMENT, generation=max(generations, default=0) + 1, priority=ticket.priority,
        goal=due_at - now, started_at=now, promised_by=actor, words=words.strip()[:200], ladder=COMMITMENT_LADDER,
    )  # fmt: skip
    clocks.lives.append(Life(clock, now, is_touched=True))
    _save(clocks)
    _refresh_next_due(clocks)
    return clock


def promised_date(*, ticket: Ticket) -> datetime | None:
    """The date that somebody promised for the ticket and that still stands. One query."""
    promised = ticket.clocks.live().filter(metric=Metric.COMMITMENT)
    return promised.values_list("due_at", flat=True).first()


def withdraw_date(*, ticket: Ticket, actor: User, now: datetime) -> bool:
    """Take the promised date back. False where there was none."""
    clocks = _clocks_of(ticket)
    promised = [life for life in clocks.live() if life.clock.metric == Metric.COMMITMENT]
    for life in promised:
        life.stop(Turn(TurnKind.CANCELLED, at=now, actor=actor), Clock.State.CANCELLED)
    _save(clocks)
    _refresh_next_due(clocks)
    return bool(promised)


# --- from rows to the engine and back ----------------------------------------------------------------------------


def _follow(ticket: Ticket, turn: Turn, *, is_new: bool = False) -> list[Clock]:
    clocks = _clocks_of(ticket, is_new=is_new)
    clocks.take(turn)
    made = _save(clocks)
    _refresh_next_due(clocks)
    return made


def _clocks_of(ticket: Ticket, *, locks: bool = True, is_new: bool = False) -> TicketClocks:
    agreements = standing()
    lives = [] if is_new else _lives(ticket, agreements, locks=locks)
    return TicketClocks(
        ticket,
        agreements.promises(ticket, teams={life.clock.team_id for life in lives}),
        priority=ticket.priority,
        team=ticket.team_id,
        team_since=ticket.team_since_at,
        waiting_reason=ticket.waiting_reason,
        is_active=ticket.is_active,
        has_answered=lambda: PublicEntry.objects.filter(ticket=ticket, is_from_agent=True).exists(),
        lives=lives,
    )


_LIVES = """
SELECT clock.*, (
    SELECT jsonb_agg(jsonb_build_object(
        'id', id, 'kind', kind, 'at', at, 'reason', reason, 'actor_id', actor_id) ORDER BY at, id)
    FROM slas_clockevent WHERE clock_id = clock.id
) AS story
FROM slas_clock AS clock WHERE ticket_id = %s ORDER BY id
"""


def _lives(ticket: Ticket, agreements: Standing, *, locks: bool) -> list[Life]:
    """The ticket's clocks with their stories: one query, and by hand, because building this one took Django longer than
    PostgreSQL answering it. The events a row is locked with are the newest: who writes them holds the ticket's row."""
    lives = []
    for clock in Clock.objects.raw(_LIVES + ("FOR UPDATE OF clock" if locks else ""), [ticket.pk]):
        clock.agreement = agreements.agreement(clock.agreement_id)
        story: str | None = clock.story  # type: ignore[attr-defined]  # a column of the query alone
        events = [_event(clock, row) for row in json.loads(story or "[]")]
        ends_as = Clock.State.CANCELLED if clock.state == Clock.State.CANCELLED else Clock.State.MET
        lives.append(Life(clock, clock.started_at, events, ends_as))
    return lives


def _event(clock: Clock, row: dict[str, Any]) -> ClockEvent:
    event = ClockEvent(clock=clock, **{**row, "at": datetime.fromisoformat(row["at"])})
    event._state.adding = False
    return event


def _save(clocks: TicketClocks) -> list[Clock]:
    """Write what changed: ended clocks before their successors, so that there is never more than one live. Returns the
    new clocks."""
    touched = [life for life in clocks.lives if life.is_touched]
    for life in touched:
        settle(life.clock, life.events, ends_as=life.ends_as)
        if life.clock.pk is not None:
            _store(life.clock)
    made = [life.clock for life in touched if life.clock.pk is None]
    Clock.objects.bulk_create(made)
    for life in touched:
        for event in life.events:
            event.clock = life.clock
    ClockEvent.objects.bulk_create([event for life in touched for event in life.events if event.pk is None])
    for life in touched:
        if life.unstopped is not None:
            life.unstopped.save(update_fields=["kind", "reason"])
    return made


_STORE = f"""
UPDATE slas_clock SET ({", ".join(SETTLED)}) = (%s, %s, %s, %s, %s, %s::timestamptz[], %s, %s) WHERE id = %s
"""  # noqa: S608 (names of columns, from above)


def _store(clock: Clock) -> None:
    """Write the columns that a clock's story decides; by hand for the same reason as reading them."""
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [*(getattr(clock, name) for name in SETTLED), clock.pk])


def _refresh_next_due(clocks: TicketClocks) -> None:
    """Bring the header's copy of its most urgent deadline up to date: all clocks of the ticket are at hand."""
    running = [life.clock.due_at for life in clocks.lives if life.clock.state == Clock.State.RUNNING]
    due = min((due_at for due_at in running if due_at is not None), default=None)
    ticket = clocks.ticket
    if due != ticket.next_due_at:
        Ticket.objects.filter(pk=ticket.pk).update(next_due_at=due)
        ticket.next_due_at = due


def _pass_over_stale_steps(clock: Clock, now: datetime, *, fires_last: bool = True) -> None:
    """A changed promise does not storm: steps whose time has passed already are not sent one by one. Of a running
    clock that is late by the change, the last of them still fires, once."""
    if clock.state != Clock.State.RUNNING:
        return
    n_passed = sum(at <= now for at in clock.fire_plan)
    clock.step = n_passed - 1 if fires_last and n_passed and clock.has_breached(now) else n_passed
    clock.next_fire_at = clock.fire_plan[clock.step] if clock.step < len(clock.fire_plan) else None
