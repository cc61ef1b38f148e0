"""An incident's life told after the fact: elsewhere (an import) or before today (the demo's months).

Verb by verb along the same machine, with the events and clocks the live verbs (incidents/services.py) would have left.
But nothing is checked against rights, nobody is told, and nothing is saved before `write_incidents`.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import transaction

from accounts.models import Team, User
from core.machine import IllegalMove, Machine, Move
from incidents.models import Incident
from incidents.states import MACHINE, PHASES, State
from journal.models import Visibility
from slas import history as slas
from slas.engine import Turn
from slas.history import PastClock
from slas.metrics import TurnKind
from slas.promises import Promise
from slas.turns import Reader, always, changes
from tickets.history import TicketStory, write_stories
from tickets.models import Channel, Kind, Ticket, WaitingReason

PAST: Machine[State] = Machine(
    initial=MACHINE.initial,
    moves={
        **MACHINE.moves,
        "reopen": Move(frozenset({State.RESOLVED, State.CLOSED, State.CANCELLED}), State.IN_PROGRESS),
    },
)
"""Elsewhere even a closed incident was opened again. The past may do that; nobody may here."""


BREACH = 100  # percent

TURNS: dict[str, Reader] = {
    "incident.held": lambda data: [(TurnKind.PAUSED, {"reason": data.get("reason", "")})],
    "incident.resumed": always(TurnKind.RESUMED),
    "incident.resolved": always(TurnKind.RESOLVED),
    "incident.reopened": always(TurnKind.REOPENED),
    "incident.cancelled": always(TurnKind.CANCELLED),
    "incident.prioritised": changes,
}
"""What the facts told here and by the live verbs mean to the clocks."""


class PastIncident:
    """One incident and all that happened to it. Call the verbs in the order of time.

    `ticket` is unsaved and as it was opened; its numbers, phases and times follow from the verbs. Each move raises
    IllegalMove where PAST does not allow it.
    """

    def __init__(self, ticket: Ticket, *, category: str = "", priority_reason: str = "") -> None:
        ticket.kind, ticket.phase, ticket.updated_at = Kind.INCIDENT, PHASES[PAST.initial], ticket.opened_at
        self.ticket = ticket
        self.incident = Incident(ticket=ticket, state=PAST.initial, category=category, priority_reason=priority_reason)
        self.story = TicketStory(ticket)
        self.turns: list[Turn] = []
        self.clocks: list[PastClock] = []
        self._first_priority, self._first_team = ticket.priority, ticket.team_id
        self.story.tell(
            "incident.opened", at=ticket.opened_at, actor=ticket.opened_by, visibility=Visibility.PUBLIC,
            data={"priority": ticket.priority, "channel": ticket.channel},
        )  # fmt: skip

    def start(self, *, at: datetime, actor: User | None) -> None:
        self._move("start", "incident.started", at=at, actor=actor)

    def hold(self, *, reason: WaitingReason, comment: str = "", at: datetime, actor: User | None) -> None:
        """Wait; `comment` is the question that the requester was asked."""
        self._move("hold", "incident.held", at=at, actor=actor, waiting_reason=reason, data={"reason": reason})
        if comment and actor is not None:
            self.answer(comment, at=at, author=actor)
        self._turn(TurnKind.PAUSED, at, actor, reason=reason)

    def resume(self, *, at: datetime, actor: User | None) -> None:
        self._move("resume", "incident.resumed", at=at, actor=actor)
        self._turn(TurnKind.RESUMED, at, actor)

    def resolve(self, *, code: str, resolution: str, at: datetime, actor: User | None) -> None:
        self.incident.resolution_code, self.incident.resolution = code, resolution
        self._move(
            "resolve", "incident.resolved", at=at, actor=actor, is_public=True, resolved_at=at,
            data={"code": code, "resolution": resolution},
        )  # fmt: skip
        self._turn(TurnKind.RESOLVED, at, actor)

    def reopen(self, *, at: datetime, actor: User | None) -> None:
        self.incident.reopened_at, self.incident.reopened_by = at, actor
        self._move(
            "reopen", "incident.reopened", at=at, actor=actor, is_public=True, resolved_at=None, closed_at=None,
            n_reopens=self.ticket.n_reopens + 1,
        )  # fmt: skip
        self._turn(TurnKind.REOPENED, at, actor)

    def close(self, *, at: datetime, actor: User | None) -> None:
        by = "system" if actor is None else "person"
        self._move("close", "incident.closed", at=at, actor=actor, is_public=True, closed_at=at, data={"by": by})

    def cancel(self, *, reason: str, at: datetime, actor: User | None) -> None:
        self._move(
            "cancel", "incident.cancelled", at=at, actor=actor, is_public=True, closed_at=at, data={"reason": reason}
        )
        self._turn(TurnKind.CANCELLED, at, actor)

    def assign(self, *, team: Team | None, assignee: User | None, at: datetime, actor: User | None) -> None:
        if changes := self.story.change(at=at, team=team, assignee=assignee):
            self.story.tell("ticket.assigned", at=at, actor=actor, data={"changes": changes})
        if "team" in changes:
            self._turn(TurnKind.HANDED_OVER, at, actor, team=team.pk if team else None)
        if "assignee" in changes and assignee is not None:
            self._turn(TurnKind.TAKEN, at, actor)

    def prioritise(
        self, *, impact: int, urgency: int, priority: int, reason: str = "", at: datetime, actor: User | None
    ) -> None:
        changes = self.story.change(at=at, impact=impact, urgency=urgency, priority=priority)
        self.incident.priority_reason = reason
        if changes:
            self.story.tell("incident.prioritised", at=at, actor=actor, data={"changes": changes, "reason": reason})
        if "priority" in changes:
            self._turn(TurnKind.CHANGED, at, actor, priority=priority)

    def categorise(self, *, category: str, at: datetime, actor: User | None) -> None:
        before = self.incident.category
        if category != before:
            self.incident.category = category
            self.story.change(at=at)
            self.story.tell(
                "incident.categorised", at=at, actor=actor, data={"changes": {"category": [before, category]}}
            )

    def rename(self, *, subject: str, at: datetime, actor: User | None) -> None:
        if changes := self.story.change(at=at, subject=subject):
            self.story.tell("ticket.edited", at=at, actor=actor, data={"changes": changes})

    def answer(self, body: str, *, at: datetime, author: User, channel: Channel = Channel.DESK) -> None:
        """An agent's public reply: meets the first response, and a new incident is in progress with it."""
        self._turn(TurnKind.ANSWERED, at, author)
        if self.incident.state == State.NEW:
            self.start(at=at, actor=author)
        self.story.say(body, at=at, author=author, channel=channel, is_from_agent=True)

    def write(self, body: str, *, at: datetime, author: User, channel: Channel = Channel.PORTAL) -> None:
        """The requester's public reply: ends a wait for him."""
        if self.ticket.waiting_reason == WaitingReason.REQUESTER:
            self.resume(at=at, actor=author)
        self._turn(TurnKind.WRITTEN, at, author)
        self.story.say(body, at=at, author=author, channel=channel, is_from_agent=False)

    def keep_time(self, *promises: Promise) -> None:
        """Work out the clocks of `promises` over the whole life, with the warnings they gave; those still live end at its
        last moment."""
        self.clocks = slas.past_clocks(
            ticket=self.ticket, promises=promises, priority=self._first_priority, team=self._first_team,
            turns=self.turns, known_until=self.ticket.updated_at,
        )  # fmt: skip
        for past in self.clocks:
            for step, at in past.steps:
                percent, due_at = past.clock.ladder[step]["percent"], past.clock.due_at
                self.story.tell(
                    "sla.breached" if percent >= BREACH else "sla.warned", at=at, actor=None,
                    data={
                        "metric": past.clock.metric, "percent": percent, "late_by": 0,
                        "due_at": due_at.isoformat() if due_at else None,
                    },
                )  # fmt: skip

    def _move(
        self,
        verb: str,
        event: str,
        *,
        at: datetime,
        actor: User | None,
        is_public: bool = False,
        waiting_reason: str = "",
        data: dict[str, Any] | None = None,
        **header: Any,
    ) -> None:
        before = State(self.incident.state)
        after = PAST.target(verb, before)
        self.incident.state = after
        self.story.change(at=at, phase=PHASES[after], waiting_reason=waiting_reason, **header)
        self.story.tell(
            event, at=at, actor=actor, data={"from": before, "to": after, **(data or {})},
            visibility=Visibility.PUBLIC if is_public else Visibility.INTERNAL,
        )  # fmt: skip

    def _turn(self, kind: TurnKind, at: datetime, actor: User | None, **what: Any) -> None:
        self.turns.append(Turn(kind, at=at, actor=actor, **what))


@cache
def route(before: State, after: State) -> tuple[str, ...]:
    """The fewest verbs that lead from `before` to `after`, at least one: from on hold to on hold it is resume, hold.
    Nothing leads to New."""
    frontier: deque[tuple[State, tuple[str, ...]]] = deque([(before, ())])
    seen: set[State] = set()
    while frontier:
        state, way = frontier.popleft()
        for verb in PAST.allowed(state):
            target = PAST.target(verb, state)
            if target == after:
                return (*way, verb)
            if target not in seen:
                seen.add(target)
                frontier.append((target, (*way, verb)))
    raise IllegalMove("reach", after, ())


@transaction.atomic
def write_incidents(past: Sequence[PastIncident]) -> None:
    """Save whole lives: all of them or none."""
    write_stories([each.story for each in past], kind=Kind.INCIDENT)
    Incident.objects.bulk_create([each.incident for each in past])
    slas.write_clocks([clock for each in past for clock in each.clocks])
