"""Clocks of the past, in bulk: what happened to a ticket elsewhere or long ago becomes ended clocks.

The same arithmetic as for live clocks (slas.services.settle) tells what was used, what was due and what was late. None of
them runs on: a clock whose ticket was never resolved ends, cancelled, with the last thing that is known.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Q

from accounts.models import User
from slas import ledger
from slas.models import Agreement, Clock, ClockEvent, Escalation, Metric, Target
from slas.services import RESOLVED, account_of, ladder, settle
from tickets.models import Ticket


class TurnKind(StrEnum):
    PAUSED = "paused"
    RESUMED = "resumed"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    PRIORITISED = "prioritised"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Turn:
    """Something in a ticket's past that concerned its clocks. `reason` of a pause, `priority` the new one."""

    kind: TurnKind
    at: datetime
    actor: User | None = None
    reason: str = ""
    priority: int = 0


@dataclass(frozen=True)
class Promise:
    """An agreement as it is held against the past: read once, used for any number of tickets."""

    agreement: Agreement
    targets: Mapping[tuple[str, int], Target]
    ladders: Mapping[str, list[dict[str, Any]]]

    @classmethod
    def of(cls, agreement: Agreement, *, metrics: Sequence[Metric], warns: bool) -> "Promise":
        """What `agreement` promises for `metrics`. `warns` = its escalation steps count too; without them the clocks
        have an empty ladder, since nobody was told anything."""
        targets = agreement.targets.filter(metric__in=metrics).select_related("calendar")
        return cls(
            agreement=agreement,
            targets={(target.metric, target.priority): target for target in targets},
            ladders={metric: ladder(agreement, metric) if warns else [] for metric in metrics},
        )


@dataclass
class PastClock:
    """An ended clock with its events, unsaved until `write_clocks`. `since` is when its promise was made, `steps` are
    those of its ladder that it reached, with the time."""

    clock: Clock
    since: datetime
    events: list[ClockEvent] = field(default_factory=list)
    ends_as: Clock.State = Clock.State.MET
    steps: list[tuple[int, datetime]] = field(default_factory=list)

    @property
    def has_ended(self) -> bool:
        return bool(self.events) and self.events[-1].kind == ClockEvent.Kind.STOPPED

    @property
    def is_met(self) -> bool:
        return self.has_ended and self.ends_as == Clock.State.MET

    @property
    def is_paused(self) -> bool:
        return bool(self.events) and self.events[-1].kind == ClockEvent.Kind.PAUSED

    def happen(self, kind: ClockEvent.Kind, turn: Turn, reason: str = "") -> None:
        self.events.append(ClockEvent(clock=self.clock, kind=kind, at=turn.at, reason=reason, actor=turn.actor))

    def settle(self) -> None:
        """Work out its columns and its steps, now that all has happened."""
        settle(self.clock, self.events, ends_as=self.ends_as)
        if not self.clock.ladder:
            return
        account = account_of(self.clock, self.events, now=self.events[-1].at)
        for step, rung in enumerate(self.clock.ladder):
            used = self.clock.goal * rung["percent"] / 100 + timedelta(seconds=rung["after_breach"])
            at = _moment_of(account, used)
            if at is not None and at > self.since:
                self.steps.append((step, at))


def default_agreement() -> Agreement | None:
    """The newest active agreement for everybody and everything."""
    return (
        Agreement.objects.filter(Q(customer=None) & Q(services=None), is_active=True)
        .select_related("calendar")
        .order_by("-start_date", "-id")
        .first()
    )


def past_clocks(
    *, ticket: Ticket, promise: Promise, priority: int, turns: Iterable[Turn], known_until: datetime
) -> list[PastClock]:
    """The clocks of a ticket that was opened with `priority` and then took `turns`, in the order of time. What is still
    live at `known_until` ends there, cancelled."""
    turns = list(turns)
    found = []
    for metric in promise.ladders:
        life = _Life(ticket, promise, metric, priority)
        for turn in turns:
            life.take(turn)
        found += life.end(Turn(TurnKind.CANCELLED, at=known_until))
    return found


def write_clocks(past: Sequence[PastClock]) -> None:
    """Save them with their events and the steps they reached, inside the caller's transaction."""
    Clock.objects.bulk_create([each.clock for each in past])
    ClockEvent.objects.bulk_create([event for each in past for event in each.events])
    Escalation.objects.bulk_create(
        Escalation(clock=each.clock, generation=each.clock.generation, step=step, planned_at=at, fired_at=at)
        for each in past
        for step, at in each.steps
    )


class _Life:
    """The clocks of one metric on one ticket: one for each promise that was made. The rules are those of
    slas.services, verb by verb."""

    def __init__(self, ticket: Ticket, promise: Promise, metric: str, priority: int) -> None:
        self.ticket, self.promise, self.metric = ticket, promise, metric
        self.clocks: list[PastClock] = []
        self._begin(priority, [], since=ticket.opened_at)

    def take(self, turn: Turn) -> None:
        if not self.clocks:
            return
        clock = self.clocks[-1]
        match turn.kind:
            case TurnKind.PAUSED if turn.reason in self.promise.agreement.pauses_on and not clock.has_ended:
                clock.happen(ClockEvent.Kind.PAUSED, turn, turn.reason)
            case TurnKind.RESUMED if clock.is_paused:
                clock.happen(ClockEvent.Kind.RESUMED, turn)
            case TurnKind.ANSWERED if self.metric == Metric.FIRST_RESPONSE:
                self._stop(turn)
            case TurnKind.RESOLVED:
                self._stop(turn)
            case TurnKind.REOPENED if self.metric == Metric.RESOLUTION and clock.is_met:
                clock.events[-1].kind, clock.events[-1].reason = ClockEvent.Kind.PAUSED, RESOLVED
                clock.happen(ClockEvent.Kind.RESUMED, turn)
            case TurnKind.PRIORITISED if not clock.has_ended:
                story = list(clock.events)
                self._stop(turn, Clock.State.CANCELLED)
                self._begin(turn.priority, story, since=turn.at)
            case TurnKind.CANCELLED:
                self._stop(turn, Clock.State.CANCELLED)

    def end(self, turn: Turn) -> list[PastClock]:
        """All of them, ended and settled."""
        self.take(turn)
        for past in self.clocks:
            past.settle()
        return self.clocks

    def _stop(self, turn: Turn, ends_as: Clock.State = Clock.State.MET) -> None:
        clock = self.clocks[-1]
        if not clock.has_ended:
            clock.happen(ClockEvent.Kind.STOPPED, turn)
            clock.ends_as = ends_as

    def _begin(self, priority: int, story: Iterable[ClockEvent], *, since: datetime) -> None:
        """A clock of the promise for `priority`, from the ticket's opening, with the earlier pauses kept."""
        target = self.promise.targets.get((self.metric, priority))
        if target is None:
            return
        agreement = self.promise.agreement
        calendar = target.calendar or agreement.calendar
        clock = Clock(
            ticket=self.ticket, metric=self.metric, generation=len(self.clocks) + 1, agreement=agreement,
            calendar=calendar, calendar_version=calendar.version, priority=priority, goal=target.duration,
            started_at=self.ticket.opened_at, ladder=self.promise.ladders[self.metric],
        )  # fmt: skip
        past = PastClock(clock, since)
        past.events += [
            ClockEvent(clock=clock, kind=event.kind, at=event.at, reason=event.reason, actor=event.actor)
            for event in story
        ]
        self.clocks.append(past)


def _moment_of(account: ledger.Ledger, used: timedelta) -> datetime | None:
    """When a clock had used that much; None if it never did."""
    for segment in account.segments:
        if segment.kind is ledger.SegmentKind.RUNNING:
            if used <= segment.worked:
                return segment.starts_at + used
            used -= segment.worked
    return None
