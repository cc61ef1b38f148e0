"""What the portal offers a person on one ticket."""

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents import policies as incidents
from tickets import policies
from tickets.models import Ticket
from work.kinds import possible_verbs

VERBS = {
    "reply": _("Answer"),
    "close": _("Confirm the solution"),
    "reopen": _("Reopen"),
    "cancel": _("Withdraw"),
    "follow_up": _("Open a follow-up"),
}


def offered_verbs(*, user: User, ticket: Ticket) -> list[str]:
    """The verbs of VERBS that are possible now. A solved request is confirmed or reopened, not answered; a closed one
    is followed up. Needs `incident` loaded."""
    if ticket.phase in policies.ENDED:
        return ["follow_up"] if incidents.can_follow_up(user, ticket.incident) else []
    moves = [verb.name for verb in possible_verbs(ticket=ticket, user=user) if verb.name in VERBS]
    if "reopen" in moves or not policies.can_reply(user, ticket):
        return moves
    return ["reply", *moves]
