"""Writing on the spine. Upper apps (work, the practices) compose these inside their own transactions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.db.models import F

from accounts.models import User
from core.markup import render_markdown
from files.services import store_files
from journal import services as journal
from journal.models import Event, Visibility
from tickets.models import PREFIXES, Channel, Draft, InternalNote, Kind, LastSeen, PriorityRule, PublicEntry, Ticket

SUBJECT_KIND = "ticket"
PULSE_SECONDS = 24 * 3600


class StaleTicket(Exception):
    """Somebody changed the ticket since the page was loaded. `changes` are the events of what happened meanwhile."""

    def __init__(self, ticket: Ticket, changes: Sequence[Event]) -> None:
        super().__init__(f"{ticket.number} was changed meanwhile")
        self.ticket = ticket
        self.changes = list(changes)


def next_number(kind: Kind) -> str:
    """A number of its own per kind, rising, never given twice (a PostgreSQL sequence: gaps are possible)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s)", [f"tickets_{kind.value}_number"])
        return f"{PREFIXES[kind]}-{cursor.fetchone()[0]}"


def matrix_priority(*, impact: int, urgency: int) -> int:
    """The priority of the editable table. Every cell exists (seeded by migration, edited, never deleted)."""
    return PriorityRule.objects.get(impact=impact, urgency=urgency).priority


def open_ticket(*, kind: Kind, requester: User, now: datetime, **fields: Any) -> Ticket:
    """The header row. `fields` are those of the model; the organisation is the requester's."""
    return Ticket.objects.create(
        number=next_number(kind),
        kind=kind,
        requester=requester,
        organisation_id=requester.organisation_id,
        opened_at=now,
        updated_at=now,
        **fields,
    )


def add_entry(
    *,
    ticket: Ticket,
    body: str,
    author: User,
    channel: Channel,
    is_from_agent: bool,
    now: datetime,
    uploads: Sequence[UploadedFile] = (),
) -> PublicEntry:
    """A public message with its files, and its event."""
    entry = PublicEntry.objects.create(
        ticket=ticket,
        author=author,
        at=now,
        body=body,
        body_html=render_markdown(body),
        channel=channel,
        is_from_agent=is_from_agent,
    )
    store_files(uploads=uploads, subject_kind="entry", subject_id=entry.pk, actor=author, now=now)
    Ticket.objects.filter(pk=ticket.pk).update(updated_at=now)
    _clear_draft(ticket, author, Draft.Kind.REPLY)
    return entry


def add_note(
    *, ticket: Ticket, body: str, author: User, now: datetime, uploads: Sequence[UploadedFile] = ()
) -> InternalNote:
    """An internal note with its files."""
    note = InternalNote.objects.create(ticket=ticket, author=author, at=now, body=body, body_html=render_markdown(body))
    store_files(uploads=uploads, subject_kind="note", subject_id=note.pk, actor=author, now=now)
    Ticket.objects.filter(pk=ticket.pk).update(updated_at=now)
    _clear_draft(ticket, author, Draft.Kind.NOTE)
    return note


def lock_ticket(*, ticket: Ticket) -> None:
    """Nobody else changes the ticket until this transaction ends. Whoever writes a practice's row or a clock beside the
    header takes the header first: ticket, practice, clocks. In that order nobody waits in a circle."""
    Ticket.objects.select_for_update().only("pk").get(pk=ticket.pk)


def change_ticket(
    *, ticket: Ticket, now: datetime, expected_version: int | None = None, **fields: Any
) -> dict[str, Any]:
    """Compare-and-set on the header: write `fields`, raise the version, bring `ticket` up to date. Where no field changes
    nothing is written; without `fields` the version alone rises, since the practice's own row changes.

    Returns {field: [before, after]} of what really changed. With `expected_version` (the one the editor's page showed)
    an edit against an older header raises StaleTicket and writes nothing.
    """
    rows = Ticket.objects.filter(pk=ticket.pk)
    locked = rows.select_for_update(of=("self",)).get()
    if expected_version is not None and locked.version != expected_version:
        raise StaleTicket(locked, changes_since(ticket=locked, version=expected_version))
    changes = {
        name: [as_journalled(getattr(locked, name)), as_journalled(value)]
        for name, value in fields.items()
        if getattr(locked, name) != value
    }
    if fields and not changes:
        return changes
    if "team" in changes:
        fields["team_since_at"] = now
    rows.update(**fields, updated_at=now, version=F("version") + 1)
    # Named fields only: a full refresh would drop the practice's row that the caller holds on to.
    ticket.refresh_from_db(fields=[*fields, "updated_at", "version"])
    return changes


def changes_since(*, ticket: Ticket, version: int) -> list[Event]:
    """The events that raised the header above `version`, oldest first."""
    return list(
        Event.objects.filter(subject_kind=SUBJECT_KIND, subject_id=ticket.pk, data__version__gt=version)
        .select_related("actor")
        .order_by("id")[:20]
    )


def record_event(
    *,
    ticket: Ticket,
    name: str,
    actor: User | None,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    visibility: Visibility = Visibility.INTERNAL,
) -> Event:
    """A fact about the ticket; open pages hear of it after commit through their pulse."""
    event = journal.record_event(
        name=name,
        subject_kind=SUBJECT_KIND,
        subject_id=ticket.pk,
        actor=actor,
        at=at,
        data={**(data or {}), "version": ticket.version},
        visibility=visibility,
    )
    transaction.on_commit(lambda: _beat_pulse(ticket.pk, event.pk))
    return event


def save_draft(*, ticket: Ticket, user: User, kind: Draft.Kind, body: str, now: datetime) -> None:
    """Keep what is being typed; an empty text removes the draft."""
    if not body.strip():
        _clear_draft(ticket, user, kind)
        return
    Draft.objects.update_or_create(ticket=ticket, user=user, kind=kind, defaults={"body": body, "updated_at": now})


def mark_seen(*, ticket: Ticket, user: User, now: datetime) -> None:
    """One statement: it is part of every reading."""
    seen = LastSeen(ticket=ticket, user=user, at=now)
    LastSeen.objects.bulk_create([seen], update_conflicts=True, unique_fields=["user", "ticket"], update_fields=["at"])


def pulse_key(ticket_id: int | None) -> str:
    return f"pulse:{ticket_id or 'all'}"


def _beat_pulse(ticket_id: int, event_id: int) -> None:
    cache.set(pulse_key(ticket_id), event_id, PULSE_SECONDS)
    cache.set(pulse_key(None), event_id, PULSE_SECONDS)


def _clear_draft(ticket: Ticket, user: User, kind: Draft.Kind) -> None:
    Draft.objects.filter(ticket=ticket, user=user, kind=kind).delete()


def as_journalled(value: Any) -> Any:
    """A value as the journal's JSON keeps it: choices and numbers as they are, rows as their key and name."""
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    return {"id": value.pk, "name": str(value)}
