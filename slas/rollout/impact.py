"""What an edit would do to the clocks of open tickets, worked out in memory: nothing is written."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from accounts.models import User
from slas.calendars import from_content
from slas.clock import Calendar
from slas.durations import in_hours
from slas.engine import Life, TicketClocks, Turn, account_of, settle, settled_at
from slas.metrics import TurnKind
from slas.models import Agreement, BusinessCalendar, Clock, ClockEvent, Metric
from slas.standing import Standing
from tickets.models import Ticket

BATCH = 2000  # clocks, or tickets, read at a time
SHOWN = 100
"""The most clocks a preview lists; its counts are of all."""


class Effect(StrEnum):
    """What becomes of a clock, the most serious first."""

    BREACHES = "breaches"
    ENDS = "ends"
    RECOVERS = "recovers"
    MOVES = "moves"


@dataclass(frozen=True)
class Deadline:
    """Where a live clock stands: `due_at` is None while it is paused (unless late), `left` the working time it has."""

    due_at: datetime | None
    left: timedelta

    @classmethod
    def of(cls, clock: Clock) -> "Deadline":
        return cls(clock.due_at, clock.goal - clock.used)

    @property
    def left_text(self) -> str:
        return in_hours(self.left)

    def is_late(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at < now


@dataclass(frozen=True)
class Shift:
    """One live clock that would change. `after` None = nothing is promised any more."""

    ticket_id: int
    metric: str
    effect: Effect
    before: Deadline
    after: Deadline | None

    @property
    def metric_label(self) -> str:
        return str(Metric(self.metric).label)


@dataclass
class Impact:
    """`n_open` open tickets are concerned, of which `n_moved` change in any way, `n_breached` become late and
    `n_recovered` are no longer late, `n_ended` lose a promise. `shifts` are the first SHOWN of `n_shifts` changed clocks,
    the most serious first, each with its ticket where the reader may see it (`rows`)."""

    n_open: int = 0
    n_shifts: int = 0
    shifts: list[Shift] = field(default_factory=list)
    rows: list[tuple[Ticket, Shift]] = field(default_factory=list)
    _tickets: dict[Effect, set[int]] = field(default_factory=dict)

    @property
    def n_moved(self) -> int:
        return len(set().union(*self._tickets.values()))

    @property
    def n_breached(self) -> int:
        return len(self._tickets.get(Effect.BREACHES, ()))

    @property
    def n_recovered(self) -> int:
        return len(self._tickets.get(Effect.RECOVERS, ()))

    @property
    def n_ended(self) -> int:
        return len(self._tickets.get(Effect.ENDS, ()))

    @property
    def is_clipped(self) -> bool:
        return self.n_shifts > SHOWN

    def add(self, *shifts: Shift | None) -> None:
        for shift in filter(None, shifts):
            self._tickets.setdefault(shift.effect, set()).add(shift.ticket_id)
            self.shifts.append(shift)

    def as_numbers(self) -> dict[str, int]:
        """For the journal."""
        return {"n_moved": self.n_moved, "n_breached": self.n_breached, "n_recovered": self.n_recovered}


def preview_roll_out(
    *,
    calendar: BusinessCalendar | None = None,
    content: dict[str, Any] | None = None,
    agreement: Agreement | None = None,
    reader: User,
    now: datetime,
) -> Impact:
    """What would become of open tickets if they followed `calendar` with this `content` (of a CalendarVersion; ValueError
    where it is no calendar), or `agreement`: a saved draft, or an active version that only new tickets have.

    The numbers are of all open tickets, the list holds only those the reader may see. About 2,000 clocks a second; the
    number of queries does not depend on the number of tickets but on batches of BATCH.
    """
    impact = Impact()
    if calendar is not None and content is not None:
        _weigh_calendar(impact, calendar, from_content(content), now)
    elif agreement is not None:
        _weigh_agreement(impact, agreement, now)
    else:
        raise ValueError("say which calendar with which content, or which agreement")
    order = list(Effect)
    impact.n_shifts = len(impact.shifts)
    impact.shifts.sort(key=lambda shift: (order.index(shift.effect), shift.ticket_id, shift.metric))
    impact.shifts = impact.shifts[:SHOWN]
    tickets = Ticket.objects.visible_to(reader).in_bulk({shift.ticket_id for shift in impact.shifts})
    impact.rows = [(tickets[shift.ticket_id], shift) for shift in impact.shifts if shift.ticket_id in tickets]
    return impact


def shift_between(clock: Clock, before: Deadline, after: Deadline | None, *, now: datetime) -> Shift | None:
    """What changed for a clock; None = nothing that shows."""
    if after is None:
        effect = Effect.ENDS
    elif before.due_at == after.due_at and (after.due_at is not None or before.left == after.left):
        return None
    elif before.is_late(now) == after.is_late(now):
        effect = Effect.MOVES
    else:
        effect = Effect.BREACHES if after.is_late(now) else Effect.RECOVERS
    return Shift(clock.ticket_id, clock.metric, effect, before, after)


def _weigh_calendar(impact: Impact, calendar: BusinessCalendar, pure: Calendar, now: datetime) -> None:
    clocks = Clock.objects.live().filter(calendar=calendar).order_by("ticket_id", "id")
    tickets: set[int] = set()
    for batch in _batches(clocks):
        stories = stories_of(batch)
        tickets.update(clock.ticket_id for clock in batch)
        for clock in batch:
            story = stories.get(clock.pk, [])
            account = account_of(clock, story, now=settled_at(clock, story), calendar=pure)
            after = Deadline(account.due_at, account.remaining)
            impact.add(shift_between(clock, Deadline.of(clock), after, now=now))
    impact.n_open = len(tickets)


def _weigh_agreement(impact: Impact, agreement: Agreement, now: datetime) -> None:
    standing = Standing.read(draft=agreement)
    clocks = Clock.objects.live().filter(agreement__isnull=False).select_related("ticket", "agreement")
    for batch in _batches(clocks.order_by("ticket_id", "id"), keeps_tickets_whole=True):
        groups = [list(group) for _key, group in groupby(batch, key=lambda clock: clock.ticket_id)]
        concerned = [group for group in groups if is_concerned(group, agreement, standing.of(group[0].ticket))]
        stories = stories_of([clock for group in concerned for clock in group])
        for group in concerned:
            impact.add(*_retargeted(group, stories, standing, now))
        impact.n_open += len(concerned)


def is_concerned(clocks: Iterable[Clock], agreement: Agreement, standing: Iterable[Agreement]) -> bool:
    """Say whether a ticket with these live clocks, for which those agreements stand, would get other clocks by
    `agreement`: it comes under it, or leaves the version that it replaces."""
    keys = {row.pk for row in standing}
    return any(
        clock.agreement_id not in keys and (agreement.pk in keys or clock.agreement_id == agreement.replaces_id)
        for clock in clocks
    )


def stories_of(clocks: Iterable[Clock]) -> dict[int, list[ClockEvent]]:
    """{key of a clock: its events, in order}. One query."""
    events = ClockEvent.objects.filter(clock__in=clocks).order_by("clock_id", "at", "id")
    return {pk: list(story) for pk, story in groupby(events, key=lambda event: event.clock_id)}


def _retargeted(
    clocks: list[Clock], stories: dict[int, list[ClockEvent]], standing: Standing, now: datetime
) -> Iterator[Shift | None]:
    """The clocks of one ticket, held against its new promises."""
    ticket = clocks[0].ticket
    lives = [Life(clock, clock.started_at, list(stories.get(clock.pk, []))) for clock in clocks]
    engine = TicketClocks(
        ticket, standing.promises(ticket), priority=ticket.priority, team=ticket.team_id,
        waiting_reason=ticket.waiting_reason, is_active=ticket.is_active, team_since=ticket.team_since_at, lives=lives,
    )  # fmt: skip
    engine.take(Turn(TurnKind.CHANGED, at=now, priority=ticket.priority))
    for old, new in engine.changed:
        before, after = Deadline.of(old.clock), None
        if new is not None:
            settle(new.clock, new.events)
            after = Deadline.of(new.clock)
        yield shift_between(old.clock, before, after, now=now)


def _batches(clocks: Any, *, keeps_tickets_whole: bool = False) -> Iterator[list[Clock]]:
    """The rows in lists of about BATCH, in order of their tickets."""
    batch: list[Clock] = []
    for clock in clocks.iterator(chunk_size=BATCH):
        is_full = len(batch) >= BATCH and (not keeps_tickets_whole or batch[-1].ticket_id != clock.ticket_id)
        if is_full:
            yield batch
            batch = []
        batch.append(clock)
    if batch:
        yield batch
