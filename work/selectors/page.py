"""Reads of one ticket's page that every kind shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, IntegerField, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from journal.models import Event
from tickets.models import Draft, LastSeen, Link, PublicEntry, Ticket, Watcher
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


class Watching(NamedTuple):
    pk: int
    name: str
    is_active: bool

    def __str__(self) -> str:
        return self.name


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


def page_annotations(user: User, *, ticket: str, requester: str) -> dict[str, Any]:
    """What a ticket's page needs of other tables, read with the row itself: `seen_at` by the reader, `n_open` tickets of
    the requester, the reader's newest draft (`drafts`, none or one) and who is `watching`. `ticket` and `requester` are
    the ways from the practice's row to their keys."""
    own = {"ticket": OuterRef(ticket), "user": user}
    others = Ticket.objects.visible_to(user).active().filter(requester=OuterRef(requester)).order_by()
    counted = others.values("requester").annotate(n=Count("pk")).values("n")
    drafts = Draft.objects.filter(**own).order_by("-updated_at")
    watchers = Watcher.objects.filter(ticket=OuterRef(ticket)).order_by("user__name", "pk")
    watching = JSONObject(pk="user_id", name="user__name", is_active="user__is_active")
    return {
        "seen_at": Subquery(LastSeen.objects.filter(**own).values("at")[:1]),
        "n_open": Coalesce(Subquery(counted, output_field=IntegerField()), 0),
        "drafts": ArraySubquery(drafts.values(json=JSONObject(kind="kind", body="body"))[:1]),
        "watching": ArraySubquery(watchers.values(json=watching)),
    }


def watchers_of(row: Any) -> list[Watching]:
    """The watchers of a row that was read with `page_annotations`."""
    return [Watching(**watcher) for watcher in row.watching]


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


def recipients_words(ticket: Ticket, *, user: User, watchers: Sequence[Watching]) -> str:
    """Who will get a public reply of `user`, by name: each once, nobody his own words (tickets.notices.notify)."""
    requester = Watching(ticket.requester.pk, ticket.requester.name, ticket.requester.is_active)
    names = [
        person.name for person in dict.fromkeys([requester, *watchers]) if person.pk != user.pk and person.is_active
    ]
    if not names:
        return gettext("Nobody gets this by mail")
    sentence = ngettext("%(n)s person will get this: %(names)s", "%(n)s people will get this: %(names)s", len(names))
    return sentence % {"n": len(names), "names": ", ".join(names)}


def entries_since(ticket: Ticket, *, entry_id: int, user: User) -> list[PublicEntry]:
    """Public messages of others that the page of a writer did not show yet: he should read them before he sends."""
    newer = PublicEntry.objects.visible_to(user).filter(ticket=ticket, pk__gt=entry_id).exclude(author=user)
    return list(newer.select_related("author").order_by("pk"))


def lines_of(events: Sequence[Event]) -> list[tuple[Event, Line]]:
    """What happened meanwhile, in words."""
    return [(event, line_of(event)) for event in events]
