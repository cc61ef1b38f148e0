"""The past in bulk: tickets that lived elsewhere (an import) or before today (the demo's months).

They are written with their true times, and nobody is told: no outbox row, no pulse. What is written is what the verbs
would have written then, event by event.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import User
from core.markup import render_markdown
from journal.history import Fact, append_facts
from journal.models import Visibility
from tickets.models import PREFIXES, Channel, InternalNote, Kind, PublicEntry, Ticket, Words
from tickets.services import SUBJECT_KIND, as_journalled


class TicketStory:
    """A ticket with all that was done and said on it, in the order of time. Nothing is saved before `write_stories`."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.events: list[Fact] = []
        self.entries: list[PublicEntry] = []
        self.notes: list[InternalNote] = []
        self.told: list[tuple[Fact, str, Words]] = []  # events that carry the key of somebody's words, under a name

    def change(self, *, at: datetime, **fields: Any) -> dict[str, Any]:
        """Set header fields; {field: [before, after]} of what really changed, as tickets.services.change_ticket says it."""
        ticket = self.ticket
        changes = {
            name: [as_journalled(getattr(ticket, name)), as_journalled(value)]
            for name, value in fields.items()
            if getattr(ticket, name) != value
        }
        for name in changes:
            setattr(ticket, name, fields[name])
        if "team" in changes:
            ticket.team_since_at = at
        ticket.updated_at = at
        ticket.version += bool(changes)
        return changes

    def tell(
        self,
        name: str,
        *,
        at: datetime,
        actor: User | None,
        data: Mapping[str, Any] | None = None,
        visibility: Visibility = Visibility.INTERNAL,
    ) -> Fact:
        """A fact about the ticket."""
        fact = Fact(
            name=name, subject_kind=SUBJECT_KIND, actor=actor, at=at, visibility=visibility,
            data={**(data or {}), "version": self.ticket.version},
        )  # fmt: skip
        self.events.append(fact)
        return fact

    def describe(self, body: str, *, author: User) -> None:
        """The requester's own first words. They have no event of their own: that it was opened tells of them."""
        self._add_entry(
            body, at=self.ticket.opened_at, author=author, channel=Channel(self.ticket.channel), is_from_agent=False
        )

    def say(self, body: str, *, at: datetime, author: User, channel: Channel, is_from_agent: bool) -> None:
        """A public message."""
        entry = self._add_entry(body, at=at, author=author, channel=channel, is_from_agent=is_from_agent)
        fact = self.tell(
            "ticket.replied", at=at, actor=author, visibility=Visibility.PUBLIC,
            data={"channel": channel, "is_from_agent": is_from_agent},
        )  # fmt: skip
        self.told.append((fact, "entry", entry))

    def note(self, body: str, *, at: datetime, author: User) -> None:
        """An internal note."""
        note = InternalNote(ticket=self.ticket, author=author, at=at, body=body, body_html=render_markdown(body))
        self.notes.append(note)
        self.told.append((self.tell("ticket.noted", at=at, actor=author), "note", note))
        self.ticket.updated_at = at

    def _add_entry(
        self, body: str, *, at: datetime, author: User, channel: Channel, is_from_agent: bool
    ) -> PublicEntry:
        entry = PublicEntry(
            ticket=self.ticket, author=author, at=at, body=body, body_html=render_markdown(body), channel=channel,
            is_from_agent=is_from_agent,
        )  # fmt: skip
        self.entries.append(entry)
        self.ticket.updated_at = at
        return entry


def write_stories(stories: Sequence[TicketStory], *, kind: Kind) -> None:
    """Save whole stories of one kind, inside the caller's transaction: a handful of statements, however many."""
    for story, number in zip(stories, next_numbers(kind, len(stories)), strict=True):
        story.ticket.number = number
    Ticket.objects.bulk_create([story.ticket for story in stories])
    PublicEntry.objects.bulk_create([entry for story in stories for entry in story.entries])
    InternalNote.objects.bulk_create([note for story in stories for note in story.notes])
    append_facts(_facts(stories))


def next_numbers(kind: Kind, n: int) -> list[str]:
    """`n` numbers at once, rising."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s) ORDER BY 1", [f"tickets_{kind.value}_number", n])
        return [f"{PREFIXES[kind]}-{number}" for (number,) in cursor.fetchall()]


def _facts(stories: Iterable[TicketStory]) -> Iterator[Fact]:
    """All of them, now that the rows they tell of have keys."""
    for story in stories:
        for fact, name, words in story.told:
            fact.data[name] = words.pk
        for fact in sorted(story.events, key=lambda fact: fact.at):
            fact.subject_id = story.ticket.pk
            yield fact
