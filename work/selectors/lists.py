"""Which tickets an address describes: `view` names a view, `show` a slice of it, `q` words to search, and further
conditions belong to whoever registered them (the desk: those of the dashboard's figures)."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Membership, User
from tickets.models import ACTIVE_PHASES, PREFIXES, LastSeen, Phase, Ticket, TicketQuerySet, Watcher

LONGEST = 200  # characters of one value of an address; nobody types more


class View(NamedTuple):
    """A named rule. `show` is the slice it starts with; a view that is a slice itself offers no others."""

    key: str
    label: Promise
    icon: str
    show: str = "active"
    has_slices: bool = True


VIEWS: dict[str, View] = {
    view.key: view
    for view in (
        View("mine", _("Assigned to me"), "user-circle"),
        View("unassigned", _("Unassigned"), "user-question"),
        View("team", _("My teams"), "users"),
        View("breached", _("Breached"), "flame", has_slices=False),
        View("due-today", _("Due today"), "hourglass-high", has_slices=False),
        View("watching", _("Watching"), "eye"),
        View("waiting", _("On hold"), "player-pause", "waiting", has_slices=False),
        View("resolved", _("Resolved"), "circle-check", "resolved", has_slices=False),
        View("open", _("All open"), "inbox"),
        View("all", _("Everything"), "archive", "any"),
    )
}

SHOWS: dict[str, Promise] = {
    "active": pgettext_lazy("tickets", "Active"),
    "waiting": pgettext_lazy("tickets", "On hold"),
    "unread": _("Unread"),
    "resolved": pgettext_lazy("tickets", "Resolved"),
    "any": pgettext_lazy("tickets", "All"),
}
SLICES = ("active", "waiting", "unread", "resolved")


def _of_view(key: str, *, user: User, now: datetime) -> Q:
    match key:
        case "mine":
            return Q(assignee=user)
        case "unassigned":
            return Q(assignee=None)
        case "team":
            return Q(team__in=Membership.objects.filter(user=user).values("team"))
        case "breached":
            return Q(next_due_at__lt=now)
        case "due-today":
            return Q(next_due_at__lt=end_of_day(user, now))
        case "watching":
            return Q(pk__in=Watcher.objects.filter(user=user).values("ticket"))
    return Q()


def _of_slice(show: str, *, user: User) -> Q:
    match show:
        case "waiting":
            return Q(phase=Phase.WAITING)
        case "resolved":
            return Q(phase=Phase.RESOLVED)
        case "active":
            return Q(phase__in=ACTIVE_PHASES)
        case "unread":  # changed since the reader looked, or never looked at
            seen = LastSeen.objects.filter(user=user, ticket=OuterRef("pk"), at__gte=OuterRef("updated_at"))
            return Q(phase__in=ACTIVE_PHASES) & ~Q(Exists(seen))
    return Q()


def end_of_day(user: User, now: datetime) -> datetime:
    local = now.astimezone(ZoneInfo(user.time_zone))
    return (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


class Conditions(NamedTuple):
    """Further conditions that an address may carry, and who understands them. `narrow` raises ValueError with words
    for the reader where they make no sense."""

    names: frozenset[str]
    narrow: Callable[[TicketQuerySet, Mapping[str, Any], User, datetime], TicketQuerySet]


_conditions: list[Conditions] = []


def register(conditions: Conditions) -> None:
    """Called by an upper app's AppConfig.ready()."""
    _conditions.append(conditions)


def further_names() -> frozenset[str]:
    return frozenset().union(*(conditions.names for conditions in _conditions))


def asked_of(params: QueryDict) -> QueryDict:
    """The part of an address that describes a list, with a known view. Figures of a dashboard count every ticket, so
    their conditions alone mean the view "all"; an address that says nothing means the reader's own work."""
    names = further_names()
    asked = QueryDict(mutable=True)
    known = params.get("view", "")
    if known not in VIEWS:
        known = "all" if any(params.get(name) for name in names) else "open" if params.get("q") else "mine"
    asked["view"] = known
    for name in ("show", "q", *sorted(names)):
        values = [plain for value in params.getlist(name) if (plain := value.replace("\0", "").strip()[:LONGEST])]
        if values and (name != "show" or values[-1] in SHOWS):
            asked.setlist(name, values)
    return asked


def show_of(asked: QueryDict) -> str:
    """The slice: the one asked for, every state where one state is a condition, else the view's own."""
    return asked.get("show") or ("any" if "phase" in asked else VIEWS[str(asked["view"])].show)


def tickets_of(params: QueryDict, *, user: User, now: datetime) -> TicketQuerySet:
    """The tickets that an address describes, unordered. Raises ValueError with words for the reader where it makes no
    sense."""
    asked = asked_of(params)
    tickets = Ticket.objects.visible_to(user).filter(
        _of_view(str(asked["view"]), user=user, now=now) & _of_slice(show_of(asked), user=user)
    )
    for conditions in _conditions:
        if any(name in asked for name in conditions.names):
            tickets = conditions.narrow(tickets, asked, user, now)
    q = asked.get("q", "")
    return search_tickets(tickets, q) if q else tickets


def queue_query(params: QueryDict) -> str:
    """The part of an address that says which list it is."""
    return asked_of(params).urlencode()


def queue_place(params: QueryDict) -> str:
    """The part of an address that says which list, and which page of it, a ticket was opened from."""
    return with_page(asked_of(params), params)


def with_page(asked: QueryDict, params: QueryDict) -> str:
    place = asked.copy()
    for name in ("older", "newer"):
        if params.get(name):
            place[name] = params.get(name, "")
    return place.urlencode()


def search_tickets(tickets: TicketQuerySet, q: str) -> TicketQuerySet:
    """By subject, number or the requester's name; an address with "@" means the requester's e-mail. For the desk."""
    if "@" in q:
        return tickets.filter(requester__email__startswith=q.lower())
    people = User.objects.filter(name__icontains=q).values_list("pk", flat=True)[:50]
    return tickets.filter(about(q) | Q(requester__in=list(people)))


def about(q: str) -> Q:
    """Every word in the subject, or the number: what everybody may search by, also who may not know other people."""
    # ~* and not Django's icontains (upper(subject) LIKE …): the trigram index carries it.
    subject = Q()
    for word in q.split()[:8]:
        subject &= Q(subject__iregex=re.escape(word))
    return subject | Q(number__in=possible_numbers(q))


def possible_numbers(q: str) -> list[str]:
    """The ticket numbers that somebody may mean: INC-1001, inc1001, 1001."""
    match = re.fullmatch(r"\s*([A-Za-z]{2,5})?[\s-]?(\d{1,12})\s*", q)
    if match is None:
        return []
    letters, digits = match.groups()
    return [f"{prefix}-{digits}" for prefix in ([letters.upper()] if letters else PREFIXES.values())]
