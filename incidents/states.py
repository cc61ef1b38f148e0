"""The incident process on one screen (BEHAVIOUR.md 4.3: ServiceNow's states over our phases)."""

from django.db import models
from django.utils.translation import pgettext_lazy

from core.machine import Machine, Move
from tickets.models import Phase


class State(models.TextChoices):
    NEW = "new", pgettext_lazy("incident state", "New")
    IN_PROGRESS = "in_progress", pgettext_lazy("incident state", "In progress")
    ON_HOLD = "on_hold", pgettext_lazy("incident state", "On hold")
    RESOLVED = "resolved", pgettext_lazy("incident state", "Resolved")
    CLOSED = "closed", pgettext_lazy("incident state", "Closed")
    CANCELLED = "cancelled", pgettext_lazy("incident state", "Cancelled")


PHASES = {
    State.NEW: Phase.NEW,
    State.IN_PROGRESS: Phase.OPEN,
    State.ON_HOLD: Phase.WAITING,
    State.RESOLVED: Phase.RESOLVED,
    State.CLOSED: Phase.CLOSED,
    State.CANCELLED: Phase.CANCELLED,
}

ACTIVE = frozenset({State.NEW, State.IN_PROGRESS, State.ON_HOLD})

MACHINE: Machine[State] = Machine(
    initial=State.NEW,
    moves={
        "start": Move(frozenset({State.NEW}), State.IN_PROGRESS),
        "hold": Move(frozenset({State.NEW, State.IN_PROGRESS}), State.ON_HOLD),
        "resume": Move(frozenset({State.ON_HOLD}), State.IN_PROGRESS),
        "resolve": Move(ACTIVE, State.RESOLVED, clause="8.6.1"),
        "reopen": Move(frozenset({State.RESOLVED}), State.IN_PROGRESS),
        "close": Move(frozenset({State.RESOLVED}), State.CLOSED, clause="8.6.1"),
        "cancel": Move(ACTIVE, State.CANCELLED),
    },
    final=frozenset({State.CLOSED, State.CANCELLED}),
)
