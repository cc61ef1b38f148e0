"""Reads of one ticket's story."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import User
from accounts.permissions import Permission
from files.models import StoredFile
from journal.models import Event, Visibility
from journal.selectors import events_of
from tickets.models import InternalNote, PublicEntry, Ticket
from tickets.services import SUBJECT_KIND


@dataclass(frozen=True)
class Moment:
    """One thing in the stream of a ticket: `kind` is "entry", "note" or "event"; exactly one of the three is set."""

    at: datetime
    kind: str
    entry: PublicEntry | None = None
    note: InternalNote | None = None
    event: Event | None = None
    files: tuple[StoredFile, ...] = ()


# Facts the conversation shows anyway; as event lines they would say everything twice.
_TOLD_BY_WORDS = {"ticket.replied", "ticket.noted"}


def timeline(*, ticket: Ticket, user: User) -> list[Moment]:
    """Entries, notes and events that `user` may see, oldest first. Four queries, whatever the length."""
    entries = list(PublicEntry.objects.visible_to(user).filter(ticket=ticket).select_related("author"))
    notes = list(InternalNote.objects.visible_to(user).filter(ticket=ticket).select_related("author"))
    files = _files_by_subject([e.pk for e in entries], [n.pk for n in notes])
    moments = [Moment(at=e.at, kind="entry", entry=e, files=files.get(("entry", e.pk), ())) for e in entries]
    moments += [Moment(at=n.at, kind="note", note=n, files=files.get(("note", n.pk), ())) for n in notes]
    moments += [Moment(at=e.at, kind="event", event=e) for e in visible_events(ticket=ticket, user=user)]
    return sorted(moments, key=lambda m: (m.at, m.kind == "event"))


def visible_events(*, ticket: Ticket, user: User) -> QuerySet[Event]:
    events = events_of(subject_kind=SUBJECT_KIND, subject_id=ticket.pk).exclude(name__in=_TOLD_BY_WORDS)
    if not user.can(Permission.VIEW_INTERNAL):
        events = events.filter(visibility=Visibility.PUBLIC)
    return events


def _files_by_subject(entry_ids: list[int], note_ids: list[int]) -> dict[tuple[str, int], tuple[StoredFile, ...]]:
    found: dict[tuple[str, int], tuple[StoredFile, ...]] = {}
    theirs = Q(subject_kind="entry", subject_id__in=entry_ids) | Q(subject_kind="note", subject_id__in=note_ids)
    for file in StoredFile.objects.filter(theirs).order_by("id"):
        key = (file.subject_kind, file.subject_id)
        found[key] = (*found.get(key, ()), file)
    return found
