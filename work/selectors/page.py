"""Reads of one ticket's page that every kind shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from journal.models import Event
from tickets.models import Draft, Link, PublicEntry, Ticket
from tickets.selectors import Moment, timeline
from work.wording import Line, line_of


class FileLink(NamedTuple):
    url: str
    name: str
    size: int


@dataclass(frozen=True)
class Item:
    """One thing in the stream: a message, an internal note, or an event with its `line`. `is_new`: written by
    somebody else since the reader last looked; `starts_new`: the first of those."""

    moment: Moment
    line: Line | None
    files: list[FileLink]
    is_new: bool
    starts_new: bool


_BACKWARDS = {
    Link.Type.RELATES: _("relates to"),
    Link.Type.DUPLICATES: _("is duplicated by"),
    Link.Type.CAUSED_BY: _("caused"),
    Link.Type.FOLLOWS: _("is followed up by"),
}


class LinkedTicket(NamedTuple):
    type: str
    ticket: Ticket


def stream_of(ticket: Ticket, *, user: User, seen_at: datetime | None) -> list[Item]:
    """The ticket's whole story that `user` may see, oldest first, events in words."""
    items, has_started = [], False
    for moment in timeline(ticket=ticket, user=user):
        words = moment.entry or moment.note
        is_new = seen_at is not None and words is not None and words.author_id != user.pk and moment.at > seen_at
        line = line_of(moment.event) if moment.event else None
        files = [FileLink(reverse("files:download", args=[file.key]), file.name, file.size) for file in moment.files]
        items.append(Item(moment, line, files, is_new=is_new, starts_new=is_new and not has_started))
        has_started = has_started or is_new
    return items


def watchers_of(ticket: Ticket) -> list[User]:
    return [watcher.user for watcher in ticket.watchers.select_related("user").order_by("user__name", "pk")]


def links_of(ticket: Ticket, *, user: User) -> list[LinkedTicket]:
    """The tickets at the other ends, those the reader may see. One query."""
    visible = Ticket.objects.visible_to(user)
    links = (
        Link.objects.filter(Q(source=ticket, target__in=visible) | Q(target=ticket, source__in=visible))
        .select_related("source", "target")
        .order_by("pk")
    )
    return [
        LinkedTicket(str(link.get_type_display()), link.target)
        if link.source_id == ticket.pk
        else LinkedTicket(_seen_from_target(link), link.source)
        for link in links
    ]


def _seen_from_target(link: Link) -> str:
    return str(_BACKWARDS[Link.Type(link.type)])


def recipients_words(ticket: Ticket, *, user: User, watchers: Sequence[User]) -> str:
    """Who will get a public reply of `user`, by name: each once, nobody his own words (tickets.notices.notify)."""
    people = [person for person in dict.fromkeys([ticket.requester, *watchers]) if person != user and person.is_active]
    if not people:
        return gettext("Nobody gets this by mail")
    sentence = ngettext("%(n)s person will get this: %(names)s", "%(n)s people will get this: %(names)s", len(people))
    return sentence % {"n": len(people), "names": ", ".join(person.name for person in people)}


def draft_of(ticket: Ticket, user: User) -> Draft | None:
    """What the reader was still writing, the newest of the two kinds."""
    return Draft.objects.filter(ticket=ticket, user=user).order_by("-updated_at").first()


def entries_since(ticket: Ticket, *, entry_id: int, user: User) -> list[PublicEntry]:
    """Public messages of others that the page of a writer did not show yet: he should read them before he sends."""
    newer = PublicEntry.objects.visible_to(user).filter(ticket=ticket, pk__gt=entry_id).exclude(author=user)
    return list(newer.select_related("author").order_by("pk"))


def lines_of(events: Sequence[Event]) -> list[tuple[Event, Line]]:
    """What happened meanwhile, in words."""
    return [(event, line_of(event)) for event in events]
