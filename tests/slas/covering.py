"""Which agreement covers a ticket, as the clocks find it."""

from slas.models import Agreement
from slas.standing import standing
from tickets.models import Ticket


def agreement_for(ticket: Ticket) -> Agreement | None:
    """The agreement with the customer; None = nothing was promised."""
    return next((row for row in standing().of(ticket) if row.kind == Agreement.Kind.SLA), None)
