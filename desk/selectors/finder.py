"""The command palette: tickets, people and places by a few letters."""

from dataclasses import dataclass

from accounts.models import User
from accounts.permissions import Permission
from tickets.models import LastSeen, Ticket
from work.selectors.lists import possible_numbers, search_tickets
from work.selectors.people import people_called

SHOWN = 6


@dataclass(frozen=True)
class Found:
    """`exact` are the tickets whose number was typed."""

    exact: list[Ticket]
    tickets: list[Ticket]
    people: list[User]


def find(q: str, *, user: User) -> Found:
    """Without words, the tickets the person looked at last."""
    visible = Ticket.objects.visible_to(user).with_people()
    if not q:
        seen = LastSeen.objects.filter(user=user).order_by("-at").values_list("ticket_id", flat=True)[:SHOWN]
        by_id = visible.in_bulk(list(seen))
        return Found([], [by_id[pk] for pk in seen if pk in by_id], [])
    numbers = possible_numbers(q)
    exact = list(visible.filter(number__in=numbers)) if numbers else []
    tickets = [ticket for ticket in search_tickets(visible, q).next_breach_first()[:SHOWN] if ticket not in exact]
    people = people_called(q, user=user, limit=4) if user.can(Permission.VIEW_PEOPLE) else []
    return Found(exact, tickets, people)
