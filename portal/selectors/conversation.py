"""The story of one ticket as a customer reads it: public words and public facts. Internal notes are not read here at
all, whoever asks."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from core.markup import render_markdown
from files.models import StoredFile
from journal.models import Event, Visibility
from journal.selectors import events_of
from portal.words import EVENTS, sentence
from tickets.models import Channel, Link, PublicEntry, Ticket
from tickets.services import SUBJECT_KIND


@dataclass(frozen=True)
class Line:
    """One thing in the story. With `html` it is a message by `author`; without, a fact told by `icon` and `words`.
    `files` are dicts of url, name and size in bytes."""

    at: datetime
    author: User | None = None
    html: SafeString | None = None
    is_from_agent: bool = False
    via: str = ""
    files: list[dict[str, Any]] = field(default_factory=list)
    icon: str = ""
    words: str = ""

    @property
    def kind(self) -> str:
        """How the message is painted."""
        return "agent" if self.is_from_agent else "requester"


def conversation(*, ticket: Ticket, user: User) -> list[Line]:
    """Messages and facts, oldest first; at the same moment the fact before its words. Three queries."""
    entries = list(PublicEntry.objects.visible_to(user).filter(ticket=ticket).select_related("author"))
    files = _files_of(entries)
    lines = [_message(entry, files.get(entry.pk, [])) for entry in entries]
    facts = events_of(subject_kind=SUBJECT_KIND, subject_id=ticket.pk).filter(
        visibility=Visibility.PUBLIC, name__in=EVENTS
    )
    for event in facts:
        lines += _fact(event)
    return sorted(lines, key=lambda line: (line.at, line.html is not None))


def follow_ups(*, ticket: Ticket, user: User) -> tuple[list[Ticket], list[Ticket]]:
    """The tickets this one follows up on, and those that follow up on it, as far as `user` may see them. One query."""
    links = Link.objects.filter(type=Link.Type.FOLLOWS)
    related = Ticket.objects.visible_to(user).filter(pk__in=links.filter(source=ticket).values("target"))
    later = Ticket.objects.visible_to(user).filter(pk__in=links.filter(target=ticket).values("source"))
    return list(related), list(later)


def _message(entry: PublicEntry, files: list[dict[str, Any]]) -> Line:
    is_by_page = entry.channel in (Channel.PORTAL, Channel.DESK)
    return Line(
        at=entry.at,
        author=entry.author,
        html=mark_safe(entry.body_html),  # noqa: S308 (cleaned when it was written, core/markup.py)
        is_from_agent=entry.is_from_agent,
        via="" if is_by_page else str(Channel(entry.channel).label),
        files=files,
    )


def _fact(event: Event) -> list[Line]:
    icon, _words = EVENTS[event.name]
    fact = Line(at=event.at, icon=icon, words=sentence(event))
    resolution = event.data.get("resolution")
    if event.name != "incident.resolved" or not resolution:
        return [fact]
    message = Line(at=event.at, author=event.actor, html=mark_safe(render_markdown(resolution)), is_from_agent=True)  # noqa: S308
    return [message, fact]


def _files_of(entries: list[PublicEntry]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    files = StoredFile.objects.filter(subject_kind="entry", subject_id__in=[entry.pk for entry in entries])
    for file in files.order_by("id"):
        url = reverse("files:download", args=[file.key])
        found.setdefault(file.subject_id, []).append({"url": url, "name": file.name, "size": file.size})
    return found
