"""The queue: the tickets of an address (lists.py) in their order, their groups and their rows. Three queries, whatever
its length."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from core.countdown import ClockState
from slas.models import Clock
from tickets.models import LastSeen, Ticket, TicketQuerySet
from work.selectors import paging
from work.selectors.clocks import face_of
from work.selectors.counts import capped_counts, count_label
from work.selectors.lists import (
    SHOWS,
    SLICES,
    VIEWS,
    View,
    asked_of,
    end_of_day,
    possible_numbers,
    show_of,
    tickets_of,
    with_page,
)

PAGE = 50
REMEMBERED = 10  # seconds
COUNTED = ("active", "waiting", "unread")
"""The slices whose number is worth knowing without looking."""
SOON = timedelta(hours=1)

BY_DUE = paging.Order("next_due_at", is_descending=False)
ORDERS = {
    "resolved": paging.Order("resolved_at", is_descending=True),
    "any": paging.Order("opened_at", is_descending=True),
}
"""Slices that are read newest first; all others next breach first."""


class Group(NamedTuple):
    key: str
    label: Promise


NEEDS_ACTION = Group("now", _("Needs action now"))
TODAY = Group("today", _("Later today"))
WEEK = Group("week", _("This week"))
LATER = Group("later", pgettext_lazy("tickets", "Later"))
NO_DEADLINE = Group("none", _("No deadline running"))
EXACT = Group("exact", _("Exact match"))
NEWEST = Group("newest", _("Newest first"))
_GROUP_ORDER = (EXACT, NEEDS_ACTION, TODAY, WEEK, LATER, NO_DEADLINE, NEWEST)


@dataclass(frozen=True)
class Row:
    """One line: `clock` is the live clock that breaches first, `state` its ClockState (or "")."""

    ticket: Ticket
    clock: Clock | None
    state: str
    is_unread: bool

    @property
    def url(self) -> str:
        """The ticket's page in the desk, without the list it is opened from."""
        return reverse(f"{self.ticket.kind}s:detail", args=[self.ticket.number])


@dataclass(frozen=True)
class Section:
    """The rows of one group; `count` ends in "+" where the page ends within it."""

    group: Group
    rows: list[Row]
    count: str


class Slice(NamedTuple):
    """One tab above the list. `n` is capped and may be some seconds old; `label` and `query` make the link."""

    label: str
    n: str
    query: str
    is_current: bool


@dataclass(frozen=True)
class Queue:
    """`query` is the address of this list without its page, `place` the same with it; `count` is capped."""

    view: View
    q: str
    query: str
    place: str
    count: str = ""
    slices: list[Slice] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    older: str = ""
    newer: str = ""
    problems: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        return [row for section in self.sections for row in section.rows]


class Neighbours(NamedTuple):
    """The tickets before and after one in its list; `position` counts from 1, 0 = it is not on this page."""

    previous: Row | None
    next: Row | None
    position: int


def queue_of(params: QueryDict, *, user: User, now: datetime, size: int = PAGE) -> Queue:
    """The list that an address describes. What it does not understand it says in `problems`, and lists nothing."""
    asked = asked_of(params)
    view, q = VIEWS[str(asked["view"])], asked.get("q", "")
    query, place = asked.urlencode(), with_page(asked, params)
    try:
        tickets = tickets_of(asked, user=user, now=now)
    except ValueError as error:
        return Queue(view, q, query, place, problems=[str(error)])
    show = show_of(asked)
    order = ORDERS.get(show, BY_DUE)
    page = paging.page_of(
        for_rows(tickets, user), order=order, size=size, older=params.get("older", ""), newer=params.get("newer", "")
    )
    exact = _exact(q, user) if q and not page.newer else []
    rows = _rows([*exact, *(ticket for ticket in page.rows if ticket not in exact)], now=now)
    counts = _slice_counts(asked, user=user, now=now)
    return Queue(
        view, q, query, place, count=count_label(counts[show]), slices=_slices(asked, counts),
        sections=_sections(
            rows, n_exact=len(exact), is_by_due=order == BY_DUE, user=user, now=now, is_cut=bool(page.older)
        ),
        older=page.older, newer=page.newer,
    )  # fmt: skip


def rows_of(tickets: Iterable[Ticket], *, now: datetime) -> list[Row]:
    """Rows of tickets that were read with `for_rows`, with their clocks. One query."""
    return _rows(list(tickets), now=now)


def for_rows(tickets: TicketQuerySet, user: User) -> TicketQuerySet:
    """Everything that `rows_of` needs."""
    return tickets.with_people().annotate(seen_at=_seen_at(user))


def neighbours_of(queue: Queue, number: str) -> Neighbours:
    rows = queue.rows
    at = next((place for place, row in enumerate(rows) if row.ticket.number == number), None)
    if at is None:
        return Neighbours(None, None, 0)
    return Neighbours(rows[at - 1] if at else None, rows[at + 1] if at + 1 < len(rows) else None, at + 1)


def _slice_counts(asked: QueryDict, *, user: User, now: datetime) -> dict[str, int]:
    """The present slice and, where the view has them, the others: one query, remembered for a few seconds."""
    key = f"desk:slices:{user.pk}:{hashlib.sha256(asked.urlencode().encode()).hexdigest()}"
    known: dict[str, int] | None = cache.get(key)
    if known is None:
        shows = dict.fromkeys([show_of(asked), *(COUNTED if VIEWS[str(asked["view"])].has_slices else ())])
        known = capped_counts({show: tickets_of(_sliced(asked, show), user=user, now=now) for show in shows})
        cache.set(key, known, REMEMBERED)
    return known


def _slices(asked: QueryDict, counts: Mapping[str, int]) -> list[Slice]:
    """The tabs: the slices of a view that has them, and the present one where it is none of these."""
    if not VIEWS[str(asked["view"])].has_slices:
        return []
    present = show_of(asked)
    return [
        Slice(str(SHOWS[show]), count_label(counts.get(show, 0)), _sliced(asked, show).urlencode(), show == present)
        for show in (*SLICES, *([] if present in SLICES else [present]))
    ]


def _sliced(asked: QueryDict, show: str) -> QueryDict:
    other = asked.copy()
    other["show"] = show
    return other


def _exact(q: str, user: User) -> list[Ticket]:
    """The ticket whose number was typed, wherever it is: it comes first."""
    numbers = possible_numbers(q)
    return list(for_rows(Ticket.objects.visible_to(user).filter(number__in=numbers), user)) if numbers else []


# --- in which rows and groups ---------------------------------------------------------------------------------------


def _seen_at(user: User) -> Subquery:
    return Subquery(LastSeen.objects.filter(user=user, ticket=OuterRef("pk")).values("at")[:1])


def _rows(tickets: Sequence[Ticket], *, now: datetime) -> list[Row]:
    clocks = _first_clocks(tickets)
    return [
        Row(
            ticket=ticket,
            clock=clocks.get(ticket.pk),
            state=face_of(clocks[ticket.pk], now=now).state if ticket.pk in clocks else "",
            is_unread=ticket.is_active and (ticket.seen_at is None or ticket.seen_at < ticket.updated_at),  # type: ignore[attr-defined]
        )
        for ticket in tickets
    ]


def _first_clocks(tickets: Sequence[Ticket]) -> dict[int, Clock]:
    """The live clock of each ticket that breaches first; a paused one only where none runs."""
    found: dict[int, Clock] = {}
    clocks: QuerySet[Clock] = Clock.objects.live().filter(ticket__in=[ticket.pk for ticket in tickets])
    for clock in clocks.select_related("calendar").order_by("-state", "due_at"):
        found.setdefault(clock.ticket_id, clock)
    return found


def _sections(
    rows: Sequence[Row], *, n_exact: int, is_by_due: bool, user: User, now: datetime, is_cut: bool
) -> list[Section]:
    """The rows in their groups; within one their order stays. What is at risk by its share moves up to "now"."""
    groups = [EXACT] * n_exact
    groups += [_group(row, user=user, now=now) if is_by_due else NEWEST for row in rows[n_exact:]]
    placed = sorted(zip(groups, rows, strict=True), key=lambda pair: _GROUP_ORDER.index(pair[0]))
    sections = [
        Section(group, listed := [row for _group, row in pairs], str(len(listed)))
        for group, pairs in groupby(placed, key=lambda pair: pair[0])
    ]
    if is_cut and sections:
        last = sections[-1]
        sections[-1] = Section(last.group, last.rows, f"{last.count}+")
    return sections


def _group(row: Row, *, user: User, now: datetime) -> Group:
    due_at = row.ticket.next_due_at
    if due_at is None:
        return NO_DEADLINE
    if due_at < now + SOON or row.state in (ClockState.AT_RISK, ClockState.BREACHED):
        return NEEDS_ACTION
    day_ends_at = end_of_day(user, now)
    if due_at < day_ends_at:
        return TODAY
    days_to_monday = 7 - now.astimezone(ZoneInfo(user.time_zone)).weekday()
    return WEEK if due_at < day_ends_at + timedelta(days=days_to_monday - 1) else LATER
