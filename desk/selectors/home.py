"""An agent's first page: what he has to do next, in lists of a few rows."""

from datetime import datetime
from typing import NamedTuple

from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from accounts.models import Membership, User
from slas.sweep import seconds_since_sweep
from tickets.models import LastSeen, Phase, PublicEntry, Ticket, TicketQuerySet
from work.selectors.queue import SOON, Row, for_rows, rows_of

LATE = 10  # seconds without a sweep that should come every one
SHOWN = 6
"""Rows of each list; the heading leads to the whole one."""


class Block(NamedTuple):
    """One list of the page: its most urgent or newest rows, and where the whole of it is."""

    key: str
    title: str
    subtitle: str
    view: str
    empty: str
    rows: list[Row]


def home(*, user: User, now: datetime) -> list[Block]:
    """Five queries, whatever the person's load."""
    visible = Ticket.objects.visible_to(user)
    mine = visible.active().filter(assignee=user)
    teams = Membership.objects.filter(user=user).values("team")
    lists: dict[str, TicketQuerySet] = {
        "now": mine.filter(next_due_at__lt=now + SOON).next_breach_first(),
        "answers": _answered(mine).next_breach_first(),
        "news": _touched(visible, user).order_by("-updated_at", "-pk"),
        "team": visible.active().filter(assignee=None, team__in=teams).next_breach_first(),
    }
    found = {key: list(for_rows(tickets, user)[:SHOWN]) for key, tickets in lists.items()}
    everything = list({ticket.pk: ticket for tickets in found.values() for ticket in tickets}.values())
    by_ticket = {row.ticket.pk: row for row in rows_of(everything, now=now)}
    rows = {key: [by_ticket[ticket.pk] for ticket in tickets] for key, tickets in found.items()}
    return [
        Block("now", _("Needs action now"), _("Mine: breached, or due within an hour"), "view=mine", _("Nothing is due."), rows["now"]),
        Block("answers", _("Waiting on me"), _("The customer had the last word"), "view=mine", _("Everybody has an answer."), rows["answers"]),
        Block("team", _("My teams, unassigned"), _("Somebody has to take these"), "view=team", _("Everything is in somebody's hands."), rows["team"]),
        Block("news", _("Recently updated"), _("Mine and watched, changed since I looked"), "view=mine&show=unread", _("You have seen it all."), rows["news"]),
    ]  # fmt: skip


def _answered(tickets: TicketQuerySet) -> TicketQuerySet:
    """In which the customer had the last word."""
    last = PublicEntry.objects.filter(ticket=OuterRef("pk")).order_by("-at", "-pk")
    return (
        tickets.exclude(phase=Phase.WAITING)
        .annotate(last_is_ours=Subquery(last.values("is_from_agent")[:1]))
        .filter(last_is_ours=False)
    )


def _touched(tickets: TicketQuerySet, user: User) -> TicketQuerySet:
    """Which the reader works on or watches, and which changed since he looked. What is closed is history."""
    seen = LastSeen.objects.filter(user=user, ticket=OuterRef("pk")).values("at")[:1]
    involved = Q(assignee=user) | Q(watchers__user=user)
    return (
        tickets.exclude(phase__in=[Phase.CLOSED, Phase.CANCELLED])
        .filter(involved)
        .annotate(looked_at=Subquery(seen))
        .filter(Q(looked_at=None) | Q(looked_at__lt=F("updated_at")))
        .distinct()
    )


class Clockwork(NamedTuple):
    """Whether the clocks are watched: "fine", "slow" or "unknown", with an icon's name and words."""

    state: str
    icon: str
    words: str


def clockwork() -> Clockwork:
    """From the age of the last sweep of due clocks; unknown when it never ran or the cache is gone."""
    seconds = seconds_since_sweep()
    if seconds is None:
        return Clockwork("unknown", "clock-pause", _("No sweep of the clocks is known"))
    words = _("Clocks are watched: last sweep %(n)s s ago") % {"n": seconds}
    return Clockwork("slow", "clock-exclamation", words) if seconds > LATE else Clockwork("fine", "clock-play", words)
