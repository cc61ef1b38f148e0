"""What the incident practice tells the registry of kinds."""

from datetime import datetime

from django.utils.translation import pgettext_lazy

from accounts.models import User
from incidents import policies, services, views
from incidents.states import MACHINE, State
from tickets.models import Kind as TicketKind
from tickets.models import Ticket, WaitingReason
from work.kinds import Kind, Policy, Verb


def _policy(name: str) -> Policy:
    return lambda user, ticket: getattr(policies, name)(user, ticket.incident)


def _agent_replied(*, ticket: Ticket, actor: User, now: datetime) -> None:
    """An answer is work: a new incident is in progress with it."""
    if ticket.incident.state == State.NEW:
        services.start_incident(incident=ticket.incident, actor=actor, now=now)


def _requester_replied(*, ticket: Ticket, actor: User, now: datetime) -> None:
    """The customer's answer ends a wait for him; a wait for anybody else goes on."""
    incident = ticket.incident
    if incident.state == State.ON_HOLD and ticket.waiting_reason == WaitingReason.REQUESTER:
        services.resume_after_answer(incident=incident, actor=actor, now=now)


def _set_priority(*, ticket: Ticket, priority: int, actor: User | None, now: datetime, reason: str) -> None:
    services.override_priority(incident=ticket.incident, priority=priority, reason=reason, actor=actor, now=now)


KIND = Kind(
    key=TicketKind.INCIDENT,
    label=TicketKind.INCIDENT.label,
    icon="alert-triangle",
    machine=MACHINE,
    verbs={
        verb.name: verb
        for verb in (
            Verb("start", pgettext_lazy("verb", "Start work"), "player-play", _policy("can_start")),
            Verb("hold", pgettext_lazy("verb", "Put on hold"), "player-pause", _policy("can_hold")),
            Verb("resume", pgettext_lazy("verb", "Resume"), "player-play", _policy("can_resume")),
            Verb("resolve", pgettext_lazy("verb", "Resolve"), "circle-check", _policy("can_resolve")),
            Verb("reopen", pgettext_lazy("verb", "Reopen"), "rotate-clockwise", _policy("can_reopen")),
            Verb("close", pgettext_lazy("verb", "Close"), "lock", _policy("can_close")),
            Verb("cancel", pgettext_lazy("verb", "Cancel"), "x", _policy("can_cancel")),
        )
    },
    state_of=lambda ticket: State(ticket.incident.state),
    on_agent_reply=_agent_replied,
    on_requester_reply=_requester_replied,
    set_priority=_set_priority,
    show=views.show,
)
