"""Which tickets a person finds in the portal, and how they are listed."""

from dataclasses import dataclass
from datetime import datetime
from html import unescape

from django.db.models import Q, QuerySet
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import Permission
from core.keyset import Page, page_of
from portal.selectors.promises import Promise, promises_of
from portal.words import standing, steps_done
from tickets.models import ACTIVE_PHASES, Phase, PublicEntry, Ticket, TicketQuerySet, WaitingReason, Watcher

PAGE_SIZE = 20
MINE, FOLLOWED, ORGANISATION = "mine", "followed", "organisation"
SCOPES = {MINE: _("Mine"), FOLLOWED: _("Followed"), ORGANISATION: _("Whole organisation")}
OPEN_PHASES = (*ACTIVE_PHASES, Phase.RESOLVED)
"""What is open for a customer: until he has confirmed, it is not over."""


@dataclass(frozen=True)
class Request:
    """One ticket as a line of a list: `done` of five steps, where it `stands`, and the time promised, if any."""

    ticket: Ticket
    done: int
    stands: str
    promise: Promise | None


@dataclass(frozen=True)
class Wait:
    """A ticket that waits for its requester; `question` is the last public word of an agent, as plain text."""

    ticket: Ticket
    question: str


def requests_of(user: User) -> TicketQuerySet:
    """Every ticket the portal shows to `user`. Agents are requesters here: other people's tickets are in the desk."""
    tickets = Ticket.objects.visible_to(user)
    return tickets.filter(requester=user) if user.is_agent else tickets


def scopes_of(user: User) -> list[str]:
    sees_all = user.can(Permission.VIEW_ORGANISATION_TICKETS) and not user.is_agent
    return [MINE, FOLLOWED, ORGANISATION] if sees_all else [MINE, FOLLOWED]


def request_page(
    *, user: User, now: datetime, scope: str, is_open: bool, query: str = "", older: str = "", newer: str = ""
) -> tuple[Page[Ticket], list[Request]]:
    """One page of the list, newest first, and its lines. Two queries."""
    tickets = _in_scope(requests_of(user), user, scope)
    tickets = tickets.filter(phase__in=OPEN_PHASES) if is_open else tickets.exclude(phase__in=OPEN_PHASES)
    page = page_of(
        _matching(tickets, query).with_people(),
        field="opened_at",
        descending=True,
        size=PAGE_SIZE,
        older=older,
        newer=newer,
    )
    return page, lines(page.rows, now=now)


def latest_requests(*, user: User, now: datetime, limit: int = 5) -> list[Request]:
    """The person's own open requests, the last touched first."""
    tickets = requests_of(user).filter(requester=user, phase__in=OPEN_PHASES)
    return lines(tickets.with_people().order_by("-updated_at", "-id")[:limit], now=now)


def waiting_for(*, user: User, limit: int = 5) -> list[Wait]:
    """What only the requester can do: answer a question, or confirm a solution. The longest waiting first. Two
    queries."""
    waits = Q(waiting_reason=WaitingReason.REQUESTER) | Q(phase=Phase.RESOLVED)
    tickets = list(requests_of(user).filter(waits, requester=user).order_by("updated_at", "id")[:limit])
    agents_words = PublicEntry.objects.filter(ticket__in=tickets, is_from_agent=True)
    last_words = dict(
        agents_words.order_by("ticket", "-at", "-id").distinct("ticket").values_list("ticket", "body_html")
    )
    return [Wait(ticket=ticket, question=unescape(strip_tags(last_words.get(ticket.pk, "")))) for ticket in tickets]


def found_requests(*, user: User, query: str, now: datetime, limit: int = 10) -> list[Request]:
    """Requests of any age whose number or subject has the words of `query`, the last touched first."""
    tickets = _matching(requests_of(user), query).with_people().order_by("-updated_at", "-id")[:limit]
    return lines(tickets, now=now)


def lines(tickets: QuerySet[Ticket] | list[Ticket], *, now: datetime) -> list[Request]:
    rows = list(tickets)
    promises = promises_of(rows, now=now)
    return [
        Request(ticket=ticket, done=steps_done(ticket), stands=standing(ticket), promise=promises.get(ticket.pk))
        for ticket in rows
    ]


def _in_scope(tickets: TicketQuerySet, user: User, scope: str) -> TicketQuerySet:
    if scope == ORGANISATION:
        return tickets.filter(organisation_id=user.organisation_id)
    if scope == FOLLOWED:
        return tickets.filter(pk__in=Watcher.objects.filter(user=user).values("ticket_id"))
    return tickets.filter(requester=user)


def _matching(tickets: TicketQuerySet, query: str) -> TicketQuerySet:
    """Every word in the subject, or the number itself."""
    if not query:
        return tickets
    every_word = Q()
    for word in query.split()[:8]:
        every_word &= Q(subject__icontains=word)
    return tickets.filter(every_word | Q(number=query.upper()))
