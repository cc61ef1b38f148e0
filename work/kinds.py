"""The registry of kinds: what each practice tells so that queue, page, mail and API treat every kind alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from accounts.models import User
from core.machine import Machine
from tickets.models import Ticket

Policy = Callable[[User, Ticket], bool]
React = Callable[..., None]


@dataclass(frozen=True)
class Verb:
    """One move a person can make on a ticket: its name in the machine and the URL, its words, and who may."""

    name: str
    label: Any
    icon: str
    policy: Policy


@dataclass(frozen=True)
class Kind:
    """`key` is Ticket.kind. `state_of` gives the practice's own state, `on_agent_reply` and `on_requester_reply` are
    told of a public message inside its transaction (keyword arguments ticket, actor, now), `set_priority` carries out
    an escalation's "raise" (ticket, priority, actor, now, reason), `show` answers a request with the ticket's page
    (request, number, attempt = what somebody tried there in vain, status)."""

    key: str
    label: Any
    icon: str
    machine: Machine[Any]
    verbs: Mapping[str, Verb]
    state_of: Callable[[Ticket], Any]
    on_agent_reply: React
    on_requester_reply: React
    set_priority: React
    show: Callable[..., HttpResponse]


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Called by the practice's AppConfig.ready()."""
    _kinds[kind.key] = kind


def kind_of(ticket: Ticket) -> Kind:
    return _kinds[ticket.kind]


def all_kinds() -> tuple[Kind, ...]:
    return tuple(_kinds.values())


def possible_verbs(*, ticket: Ticket, user: User) -> list[Verb]:
    """What `user` may do with `ticket` now, in the machine's order."""
    kind = kind_of(ticket)
    allowed = kind.machine.allowed(kind.state_of(ticket))
    return [verb for name, verb in kind.verbs.items() if name in allowed and verb.policy(user, ticket)]
