"""Clocks of the past, in bulk: what happened to a ticket elsewhere or long ago becomes ended clocks.

The same arithmetic as for live clocks (slas.services.settle) tells what was used, what was due and what was late. None of
them runs on: a clock whose ticket was never resolved ends, cancelled, with the last thing that is known.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from slas import ledger
from slas.engine import Life, TicketClocks, Turn, account_of, settle
from slas.metrics import TurnKind
from slas.models import Agreement, Clock, ClockEvent, Escalation
from slas.promises import Promise
from tickets.models import Ticket


@dataclass(frozen=True)
class PastClock:
    """An ended clock with its events, unsaved until `write_clocks`. `steps` are those of its ladder that it reached after
    its promise was made, with the time."""

    clock: Clock
    events: Sequence[ClockEvent]
    steps: Sequence[tuple[int, datetime]]


def default_agreement() -> Agreement | None:
    """The newest active service level agreement for everybody and everything."""
    return (
        Agreement.objects.active()
        .filter(kind=Agreement.Kind.SLA, customer=None, services=None)
        .select_related("calendar")
        .order_by("-start_date", "-id")
        .first()
    )


def past_clocks(
    *,
    ticket: Ticket,
    promises: Sequence[Promise],
    priority: int,
    team: int | None,
    turns: Iterable[Turn],
    known_until: datetime,
) -> list[PastClock]:
    """The clocks of a ticket that was opened with `priority` for `team` and then took `turns`, in the order of time. What
    is still live at `known_until` ends there, cancelled."""
    clocks = live_through(ticket=ticket, promises=promises, priority=priority, team=team, turns=turns)
    clocks.take(Turn(TurnKind.CANCELLED, at=known_until))
    return [_settled(life) for life in clocks.lives]


def live_through(
    *,
    ticket: Ticket,
    promises: Sequence[Promise],
    priority: int,
    team: int | None,
    turns: Iterable[Turn],
    promises_of: Callable[[int | None], Sequence[Promise]] | None = None,
) -> TicketClocks:
    """The same, with what is still live at the end left alive. `promises_of` gives the promises of another service, where a
    turn brings one."""
    clocks = TicketClocks(ticket, promises, priority=priority, team=team)
    clocks.take(Turn(TurnKind.OPENED, at=ticket.opened_at))
    for turn in turns:
        if promises_of is not None and turn.kind is TurnKind.CHANGED and not turn.priority:
            clocks.promises = promises_of(turn.service)
        clocks.take(turn)
    return clocks


def write_clocks(past: Sequence[PastClock]) -> None:
    """Save them with their events and the steps they reached, inside the caller's transaction."""
    Clock.objects.bulk_create([each.clock for each in past])
    ClockEvent.objects.bulk_create([event for each in past for event in each.events])
    Escalation.objects.bulk_create(
        Escalation(clock=each.clock, generation=each.clock.generation, step=step, planned_at=at, fired_at=at)
        for each in past
        for step, at in each.steps
    )


def _settled(life: Life) -> PastClock:
    """Work out the columns of a clock and its steps, now that all has happened."""
    settle(life.clock, life.events, ends_as=life.ends_as)
    steps = []
    if life.clock.ladder:
        account = account_of(life.clock, life.events, now=life.events[-1].at)
        for step, rung in enumerate(life.clock.ladder):
            used = life.clock.goal * rung["percent"] / 100 + timedelta(seconds=rung["offset"])
            at = moment_of(account, used)
            if at is not None and at > life.since:
                steps.append((step, at))
    return PastClock(life.clock, life.events, steps)


def moment_of(account: ledger.Ledger, used: timedelta) -> datetime | None:
    """When a clock had used that much; None if it never did."""
    for segment in account.segments:
        if segment.kind is ledger.SegmentKind.RUNNING:
            if used <= segment.worked:
                return segment.starts_at + used
            used -= segment.worked
    return None
