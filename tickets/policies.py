"""Who may do what with a ticket and its words. Nothing else decides."""

from accounts.models import User
from accounts.permissions import Permission
from tickets.models import InternalNote, Phase, PublicEntry, Ticket

ENDED = (Phase.CLOSED, Phase.CANCELLED)


def has_ended(ticket: Ticket) -> bool:
    """A closed or cancelled ticket is history: asking to change it is answered by what is still possible (IllegalMove),
    not by a lack of rights."""
    return ticket.phase in ENDED


def can_work(user: User, ticket: Ticket) -> bool:  # noqa: ARG001 (teams may narrow it later)
    """Agent's work: assign, prioritise, hold, resolve …"""
    return user.can(Permission.WORK_TICKETS)


def can_reply(user: User, ticket: Ticket) -> bool:
    """In public: agents who work it, and everybody on the customer's side who sees it. Auditors only read."""
    if has_ended(ticket):
        return False
    return user.can(Permission.WORK_TICKETS) or not user.can(Permission.ENTER_DESK)


def can_note(user: User, ticket: Ticket) -> bool:
    return can_work(user, ticket) and user.can(Permission.VIEW_INTERNAL)


def can_assign(user: User, ticket: Ticket) -> bool:
    return can_work(user, ticket) and not has_ended(ticket)


def can_edit(user: User, ticket: Ticket) -> bool:
    return can_work(user, ticket) and not has_ended(ticket)


def can_promise(user: User, ticket: Ticket) -> bool:
    """A date promised to the requester, or taken back: agents' work. Only an active ticket has one."""
    return can_work(user, ticket) and not has_ended(ticket)


def can_watch(user: User, ticket: Ticket) -> bool:  # noqa: ARG001
    """Everybody may follow what he may see."""
    return True


def can_link(user: User, ticket: Ticket) -> bool:
    return can_work(user, ticket)


def can_read_entry(user: User, entry_id: int) -> bool:
    return PublicEntry.objects.visible_to(user).filter(pk=entry_id).exists()


def can_read_note(user: User, note_id: int) -> bool:
    return InternalNote.objects.visible_to(user).filter(pk=note_id).exists()
