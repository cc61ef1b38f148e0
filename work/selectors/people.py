"""Finding people while somebody types."""

from dataclasses import dataclass

from accounts.models import User
from tickets.models import Ticket


def people_called(words: str, *, user: User, limit: int = 8) -> list[User]:
    """People `user` may see whose name contains `words`, or whose e-mail begins so; the exact address first."""
    if len(words.strip()) < 2:
        return []
    wanted = words.strip()
    found = User.objects.visible_to(user).active().select_related("organisation")
    exact = found.filter(email=wanted.lower())
    others = found.filter(name__icontains=wanted) | found.filter(email__startswith=wanted.lower())
    return list(dict.fromkeys([*exact, *others.order_by("name", "pk")[:limit]]))[:limit]


@dataclass(frozen=True)
class Caller:
    """Somebody on the phone, and the newest of what he has open already."""

    person: User
    open_tickets: list[Ticket]


def caller_of(words: str, *, user: User) -> Caller | None:
    """The one person whose e-mail was typed or chosen; None while nobody is meant for certain."""
    person = (
        User.objects.visible_to(user)
        .active()
        .filter(email=words.strip().lower())
        .select_related("organisation")
        .first()
    )
    if person is None:
        return None
    tickets = Ticket.objects.visible_to(user).active().filter(requester=person).order_by("-opened_at")
    return Caller(person, list(tickets[:5]))
