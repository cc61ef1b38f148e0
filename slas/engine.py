"""How the clocks of one ticket follow what happens to it: one engine for the live desk, for the past and for a replay.

It changes rows in memory and saves nothing. `slas.services` feeds it from the desk's verbs, `slas.history` from a life that
is over.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import User
from slas import ledger
from slas.calendars import calendar_of
from slas.clock import Calendar
from slas.metrics import TurnKind, pause_of, rule_of
from slas.models import Agreement, Clock, ClockEvent, Metric, Target
from slas.promises import Promise
from tickets.models import Ticket

RESOLVED = "resolved"
"""The reason under which the time between a resolution and a reopening is a pause."""
PROMISED_LATE = (Metric.FIRST_RESPONSE, Metric.RESOLUTION)
"""What counts from the ticket's opening even where it was first promised by a later priority or service."""


@dataclass(frozen=True)
class Turn:
    """Something that happened to a ticket and concerned its clocks: `reason` of a wait, `priority` the new one, `team` the
    key of the one that has it now, `service` of the one it is about now."""

    kind: TurnKind
    at: datetime
    actor: User | None = None
    reason: str = ""
    priority: int = 0
    team: int | None = None
    service: int | None = None


@dataclass
class Life:
    """A clock with its whole story. `since` is when its promise was made, `unstopped` the end that a reopening undid."""

    clock: Clock
    since: datetime
    events: list[ClockEvent] = field(default_factory=list)
    ends_as: Clock.State = Clock.State.MET
    is_touched: bool = False
    unstopped: ClockEvent | None = None

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
        self.is_touched = True

    def stop(self, turn: Turn, ends_as: Clock.State = Clock.State.MET) -> None:
        self.happen(ClockEvent.Kind.STOPPED, turn)
        self.ends_as = ends_as

    def unstop(self) -> None:
        """What was its end becomes a pause: the ticket was reopened."""
        self.unstopped = self.events[-1]
        self.unstopped.kind, self.unstopped.reason = ClockEvent.Kind.PAUSED, RESOLVED
        self.is_touched = True


class TicketClocks:
    """The clocks of `ticket`, and where the ticket is: its priority, team, wait, and whether it is still active.

    `has_answered` says whether one of us has written to the requester yet; it is asked only where it matters.
    """

    def __init__(
        self,
        ticket: Ticket,
        promises: Sequence[Promise],
        *,
        priority: int,
        team: int | None,
        waiting_reason: str = "",
        is_active: bool = True,
        has_answered: Callable[[], bool] = lambda: False,
        team_since: datetime | None = None,
        lives: Iterable[Life] = (),
    ) -> None:
        self.ticket, self.promises = ticket, promises
        self.priority, self.team, self.waiting_reason, self.is_active = priority, team, waiting_reason, is_active
        self.team_since = team_since or ticket.opened_at
        self.lives = list(lives)
        self.changed: list[tuple[Life, Life | None]] = []
        self._has_answered = has_answered

    def take(self, turn: Turn) -> None:
        """Let one thing happen, in the order: end, pause or go on, begin (BEHAVIOUR.md rule 6)."""
        self._move_on(turn)
        for life in list(self.live()):
            if turn.kind is TurnKind.CANCELLED:
                life.stop(turn, Clock.State.CANCELLED)
            elif turn.kind in rule_of(life.clock.metric, life.clock.agreement).ends_on:
                life.stop(turn)
            elif not (self._may_be_promised_otherwise(life, turn) and self._retarget(life, turn)):
                self._breathe(life, turn)
        if turn.kind is TurnKind.REOPENED:
            self._reopen(turn)
        if turn.kind is TurnKind.ANSWERED:
            self._has_answered = lambda: True
        if self.is_active:
            self._begin_all(turn)
        if self.is_active and turn.kind is TurnKind.CHANGED:
            self._begin_promised_late(turn)

    def live(self) -> Iterator[Life]:
        return (life for life in self.lives if not life.has_ended)

    def promise(self, metric: str, team: int | None, priority: int) -> tuple[Promise, Target] | None:
        """What is promised now for a metric (of a team's share: by that team)."""
        for promise in self.promises:
            target = promise.target(metric, priority)
            if target is not None and promise.agreement.team_id == team:
                return promise, target
        return None

    def begin(self, promise: Promise, target: Target, turn: Turn, *, started_at: datetime | None = None) -> Life:
        """A new clock of `target`; it may begin paused."""
        life = self._new(promise, target, since=turn.at, started_at=started_at or turn.at)
        self._breathe(life, turn)
        return life

    # --- the parts of a turn ---------------------------------------------------------------------------------------

    def _move_on(self, turn: Turn) -> None:
        match turn.kind:
            case TurnKind.PAUSED:
                self.waiting_reason = turn.reason
            case TurnKind.RESUMED:
                self.waiting_reason = ""
            case TurnKind.HANDED_OVER:
                self.team, self.team_since = turn.team, turn.at
            case TurnKind.CHANGED:
                self.priority = turn.priority or self.priority
            case TurnKind.RESOLVED | TurnKind.CANCELLED:
                self.is_active, self.waiting_reason = False, ""
            case TurnKind.REOPENED:
                self.is_active = True

    def _breathe(self, life: Life, turn: Turn) -> None:
        """Pause or go on, as the ticket's circumstances want it."""
        reason = pause_of(
            life.clock.metric, life.clock.agreement, clock_team=life.clock.team_id, team=self.team,
            waiting_reason=self.waiting_reason,
        )  # fmt: skip
        if reason and not life.is_paused:
            life.happen(ClockEvent.Kind.PAUSED, turn, reason)
        elif life.is_paused and not reason:
            life.happen(ClockEvent.Kind.RESUMED, turn)
        elif life.is_paused and reason != life.events[-1].reason and turn.kind is not TurnKind.CHANGED:
            life.happen(ClockEvent.Kind.PAUSED, turn, reason)

    def _reopen(self, turn: Turn) -> None:
        """The clocks that outlive their end go on, or begin anew, as their agreement has it."""
        newest: dict[tuple[str, int | None], Life] = {}
        for life in self.lives:
            if rule_of(life.clock.metric, life.clock.agreement).outlives:
                newest[life.clock.metric, life.clock.team_id] = life
        for life in newest.values():
            agreement = life.clock.agreement
            if not life.is_met or agreement is None:
                continue
            if agreement.reopens_as == Agreement.ReopensAs.RESUME:
                life.unstop()
                self._breathe(life, turn)
                if self._may_be_promised_otherwise(life, turn):  # it may have changed while nothing ran
                    self._retarget(life, turn)
            elif found := self.promise(life.clock.metric, life.clock.team_id, self.priority):
                self.begin(*found, turn)

    def _begin_all(self, turn: Turn) -> None:
        for promise in self.promises:
            for target in promise.begun_by(turn.kind, self.priority):
                if self._may_begin(promise, target):
                    self.begin(promise, target, turn)

    def _begin_promised_late(self, turn: Turn) -> None:
        """What only the new promise measures begins where a changed clock would, unless it has been measured or has
        happened already. Waits from before are known only where an earlier promise of it kept them."""
        for metric in PROMISED_LATE:
            found = self.promise(metric, None, self.priority)
            earlier = [life for life in self.lives if self._is_of(life, metric, None)]
            if found is None or any(not life.has_ended or life.is_met for life in earlier):
                continue
            if metric == Metric.FIRST_RESPONSE and self._has_answered():
                continue
            promise, target = found
            started_at = self._start_of(promise.agreement, self.ticket.opened_at)
            new = self._new(promise, target, since=turn.at, started_at=started_at)
            if earlier:
                new.events += _copied(earlier[-1].events[:-1], new.clock)
            self._breathe(new, turn)

    def _start_of(self, agreement: Agreement, otherwise: datetime) -> datetime:
        """Where a clock begins whose promise is made now."""
        from_team = agreement.starts_from == Agreement.StartsFrom.ASSIGNMENT
        return max(self.team_since, otherwise) if from_team else otherwise

    def _may_begin(self, promise: Promise, target: Target) -> bool:
        agreement = promise.agreement
        if any(self._is_of(life, target.metric, agreement.team_id) for life in self.live()):
            return False
        if rule_of(target.metric, agreement).after_answer and not self._has_answered():
            return False
        reason = pause_of(
            target.metric, agreement, clock_team=agreement.team_id, team=self.team, waiting_reason=self.waiting_reason
        )
        is_share = target.metric in (Metric.TEAM, Metric.SUPPLIER)
        return not (is_share and reason)

    def _may_be_promised_otherwise(self, life: Life, turn: Turn) -> bool:
        """A commitment is a person's word whatever the priority. A team's share is retargeted while the team has the
        ticket: what changed meanwhile counts when it comes back."""
        if life.clock.metric == Metric.TEAM:
            is_moved = turn.kind in (TurnKind.CHANGED, TurnKind.HANDED_OVER, TurnKind.REOPENED)
            return is_moved and life.clock.team_id == self.team
        is_moved = turn.kind in (TurnKind.CHANGED, TurnKind.REOPENED)
        return is_moved and life.clock.metric != Metric.COMMITMENT

    def _retarget(self, old: Life, turn: Turn) -> bool:
        """The promise changed: the old clock is cancelled and its successor begins where it did (or where the team got
        the ticket, if the agreement says so), with the earlier pauses kept (BEHAVIOUR.md rule 7). False where the promise
        is the same."""
        found = self.promise(old.clock.metric, old.clock.team_id, self.priority)
        if found is not None and _is_same(old.clock, *found):
            return False
        story = list(old.events)
        old.stop(turn, Clock.State.CANCELLED)
        new = None
        if found is not None:
            promise, target = found
            started_at = self._start_of(promise.agreement, old.clock.started_at)
            new = self._new(promise, target, since=turn.at, started_at=started_at)
            new.events += _copied(story, new.clock)
            self._breathe(new, turn)
        self.changed.append((old, new))
        return True

    def _new(self, promise: Promise, target: Target, *, since: datetime, started_at: datetime) -> Life:
        agreement = promise.agreement
        calendar = target.calendar or agreement.calendar
        generations = [life.clock.generation for life in self.lives if life.clock.metric == target.metric]
        clock = Clock(
            ticket=self.ticket, metric=target.metric, generation=max(generations, default=0) + 1, agreement=agreement,
            calendar=calendar, calendar_version=calendar.version, team_id=agreement.team_id, priority=target.priority,
            goal=target.duration, started_at=started_at, ladder=promise.ladder(target),
        )  # fmt: skip
        life = Life(clock, since, is_touched=True)
        self.lives.append(life)
        return life

    @staticmethod
    def _is_of(life: Life, metric: str, team: int | None) -> bool:
        return life.clock.metric == metric and life.clock.team_id == team


def settle(clock: Clock, events: Iterable[ClockEvent], *, ends_as: Clock.State = Clock.State.MET) -> None:
    """Set the columns of `clock` from its whole story, as of the last thing that happened to it. Does not save."""
    story = sorted(events, key=lambda event: event.at)
    at = settled_at(clock, story)
    account = account_of(clock, story, now=at)
    clock.used = account.used
    clock.due_at = account.due_at
    clock.state = ends_as if account.state == ledger.State.STOPPED else Clock.State(account.state.value)
    clock.anchor_at = at if clock.state == Clock.State.RUNNING else None
    clock.ended_at = account.until if account.state == ledger.State.STOPPED else None
    if clock.state != Clock.State.RUNNING:
        clock.next_fire_at = None
        return
    clock.fire_plan = ledger.fire_plan(
        calendar_of(clock), at, clock.goal, clock.used,
        [
            ledger.Step(rung["percent"], timedelta(seconds=rung["offset"]), rung.get("any_hour", False))
            for rung in clock.ladder
        ],
    )  # fmt: skip
    clock.next_fire_at = clock.fire_plan[clock.step] if clock.step < len(clock.fire_plan) else None


def settled_at(clock: Clock, story: Sequence[ClockEvent]) -> datetime:
    """The last thing that happened to a clock, of its events in order: its columns are as of then."""
    return max(story[-1].at, clock.started_at) if story else clock.started_at


def account_of(
    clock: Clock,
    events: Iterable[ClockEvent],
    *,
    now: datetime,
    with_names: bool = False,
    calendar: Calendar | None = None,
) -> ledger.Ledger:
    """The ledger of `clock`: where every minute went (ACCEPTANCE.md A4). `with_names` needs the events' actors loaded;
    `calendar` asks what another calendar than the clock's own would make of it."""
    return ledger.write_ledger(
        calendar=calendar or calendar_of(clock),
        started_at=clock.started_at,
        target=clock.goal,
        events=[
            ledger.Event(
                kind=ledger.EventKind(event.kind),
                at=event.at,
                reason=event.reason,
                actor=event.actor.name if with_names and event.actor else "",
            )
            for event in events
        ],
        now=now,
    )


def _copied(story: Iterable[ClockEvent], clock: Clock) -> list[ClockEvent]:
    return [
        ClockEvent(clock=clock, kind=event.kind, at=event.at, reason=event.reason, actor_id=event.actor_id)
        for event in story
    ]


def _is_same(clock: Clock, promise: Promise, target: Target) -> bool:
    wanted = (promise.agreement.pk, target.duration, target.priority)
    return (clock.agreement_id, clock.goal, clock.priority) == wanted
