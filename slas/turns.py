"""What the journal's facts mean to a ticket's clocks. The apps whose facts they are tell it (`register`, from their
AppConfig.ready()): slas knows none of their names.

A reader takes an event's `data` and gives what happened, none or several, in the order in which the live verbs tell the
clocks of it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from journal.models import Event
from slas.engine import Turn
from slas.metrics import TurnKind
from tickets.models import Ticket
from tickets.services import SUBJECT_KIND

Happening = tuple[TurnKind, dict[str, Any]]  # a kind, and the fields of the Turn that say more
Reader = Callable[[Mapping[str, Any]], Iterable[Happening]]

_readers: dict[str, Reader] = {}


def register(readers: Mapping[str, Reader]) -> None:
    """{name of an event: its reader}."""
    _readers.update(readers)


def always(kind: TurnKind) -> Reader:
    """The reader of an event that means one thing."""
    return lambda _data: [(kind, {})]


def changes(data: Mapping[str, Any]) -> Iterable[Happening]:
    """The reader of an event that tells of changed header fields (tickets.services.change_ticket)."""
    changed = data.get("changes", {})
    if "team" in changed:
        yield TurnKind.HANDED_OVER, {"team": _key(changed["team"][1])}
    if "assignee" in changed and changed["assignee"][1] is not None:
        yield TurnKind.TAKEN, {}
    if "priority" in changed:
        yield TurnKind.CHANGED, {"priority": changed["priority"][1]}
    if "service" in changed:
        yield TurnKind.CHANGED, {"service": _key(changed["service"][1])}


@dataclass
class Past:
    """What the journal knows of a ticket: as what it was opened, and what happened since. `has_words` = somebody's
    message is among it (a log from elsewhere may have none at all)."""

    priority: int
    team: int | None
    service: int | None
    turns: list[Turn] = field(default_factory=list)
    has_words: bool = False


def read_pasts(tickets: Sequence[Ticket], *, until: datetime) -> dict[int, Past]:
    """{key of the ticket: its past}, with what happened up to `until`. One query for all of them; a few hundred at a time are meant."""
    told: dict[int, list[tuple[datetime, str, dict[str, Any]]]] = defaultdict(list)
    events = Event.objects.filter(
        subject_kind=SUBJECT_KIND, subject_id__in=[ticket.pk for ticket in tickets], name__in=_readers
    )
    for subject, at, name, data in events.order_by("subject_id", "id").values_list("subject_id", "at", "name", "data"):
        told[subject].append((at, name, data))
    return {ticket.pk: _past(ticket, told[ticket.pk], until) for ticket in tickets}


def read_past(ticket: Ticket, events: Iterable[Event], *, until: datetime) -> Past:
    """The past of one ticket whose events are at hand, oldest first."""
    told = [(event.at, event.name, event.data) for event in events if event.name in _readers]
    return _past(ticket, told, until)


def _past(ticket: Ticket, told: Sequence[tuple[datetime, str, dict[str, Any]]], until: datetime) -> Past:
    first: dict[str, Any] = {}
    turns = []
    for at, name, data in told:
        for fieldname, (before, _after) in data.get("changes", {}).items():
            first.setdefault(fieldname, before)
        turns += [Turn(kind, at=at, **what) for kind, what in _readers[name](data) if at <= until]
    turns.sort(key=lambda turn: turn.at)
    return Past(
        priority=first.get("priority", ticket.priority),
        team=_key(first["team"]) if "team" in first else ticket.team_id,
        service=_key(first["service"]) if "service" in first else ticket.service_id,
        turns=_questions_before_waits(turns),
        has_words=any(turn.kind in (TurnKind.ANSWERED, TurnKind.WRITTEN) for turn in turns),
    )


def _questions_before_waits(turns: list[Turn]) -> list[Turn]:
    """A question puts a ticket on hold at the moment it is asked. The journal has the wait first, the clocks the answer
    that the question is."""
    for place, (turn, after) in enumerate(pairwise(turns)):
        if (turn.kind, after.kind) == (TurnKind.PAUSED, TurnKind.ANSWERED) and turn.at == after.at:
            turns[place], turns[place + 1] = after, turn
    return turns


def _key(journalled: dict[str, Any] | None) -> int | None:
    return None if journalled is None else journalled["id"]
