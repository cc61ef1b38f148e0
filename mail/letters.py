"""From an outbox row to a letter: who it is for, whether he may still read it, and its words in his language."""

import hashlib
from collections.abc import Mapping
from email.utils import formataddr
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from accounts.models import User
from files.models import StoredFile
from journal.models import Outbox, Visibility
from journal.selectors import events_of
from mail.digests import digest_of, late_by
from mail.notices import NOTICES, Notice
from slas.models import Metric
from tickets import policies
from tickets.models import InternalNote, PublicEntry, Ticket
from tickets.services import SUBJECT_KIND

Written = tuple[str, dict[str, Any], dict[str, str]]
"""What a kind of letter gives: its subject, its words by name, the headers of its conversation."""


class NotForThisReader(Exception):
    """The person may not read this (any more), or it is gone: nothing is sent, and the row says why."""


class Letter(EmailMultiAlternatives):
    """`answer` is what the receiving server said, set by the backend that sent it."""

    answer: str = ""


def compose(row: Outbox) -> Letter:
    """The letter of a row of the topic "mail": {"notice", "ticket", "person", "entry" | "note", "metric", "percent",
    "due_at", "late_by" (seconds), "words", "before"}, or {"notice": "digest", "person", "digest"}. Rights are asked again here: they may
    have changed since the row was written.

    Raises NotForThisReader.
    """
    notice = NOTICES[row.payload["notice"]]
    person = _reader(row.payload)
    write = _digest if row.payload["notice"] == "digest" else _about_ticket
    with translation.override(person.language), timezone.override(ZoneInfo(person.time_zone)):
        subject, words, thread = write(row.payload, notice, person)
        context = {"notice": notice, "person": person, "language": person.language, **words}
        template = f"mail/{row.payload['notice']}"
        letter = Letter(
            subject=subject,
            body=render_to_string(f"{template}.txt", context),
            to=[formataddr((one_line(person.name), person.email))],
            headers={
                "Message-ID": message_id(row),
                **thread,
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "Content-Language": person.language,
            },
        )
        letter.attach_alternative(render_to_string(f"{template}.html", context), "text/html")
    return letter


def _about_ticket(payload: Mapping[str, Any], notice: Notice, person: User) -> Written:
    ticket = _ticket(payload, person)
    _require_agent(notice, person)
    words = {
        "ticket": ticket,
        "url": settings.SITE_URL + ticket.get_absolute_url(),
        "why": _why(person, ticket),
        **_words(payload, ticket, person),
    }
    return _subject(notice, ticket), words, {"In-Reply-To": thread_id(ticket), "References": thread_id(ticket)}


def _digest(payload: Mapping[str, Any], notice: Notice, person: User) -> Written:
    _require_agent(notice, person)
    groups = digest_of(person, payload["digest"])
    n_lines = sum(group.n_lines for group in groups)
    if not n_lines:
        raise NotForThisReader("the person may see none of the tickets")
    words = {
        "groups": groups,
        "n_lines": n_lines,
        "url": settings.SITE_URL + reverse("desk:queue"),
        "why": _("You get this mail because escalations come to you."),
    }
    return one_line(f"{notice.title}: {n_lines}"), words, {}


def message_id(row: Outbox) -> str:
    """The same for every try of a row, so that a repeat folds at the receiver."""
    digest = hashlib.sha256(row.dedupe_key.encode()).hexdigest()
    return f"<{digest}@{settings.MAIL_DOMAIN}>"


def thread_id(ticket: Ticket) -> str:
    """The root that all letters about a ticket answer to: mail programs show them as one conversation."""
    return f"<{ticket.number}@{settings.MAIL_DOMAIN}>"


def one_line(text: str) -> str:
    """Text as a header may carry it: no line break, no control character (a header could be smuggled in)."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _subject(notice: Notice, ticket: Ticket) -> str:
    title = f"{notice.title}: " if notice.leads_subject else ""
    return one_line(f"[{ticket.number}] {title}{ticket.subject}")


def _require_agent(notice: Notice, person: User) -> None:
    if notice.is_internal and not person.is_agent:
        raise NotForThisReader("the person is not an agent")


def _reader(payload: Mapping[str, Any]) -> User:
    person = User.objects.active().filter(pk=payload["person"]).prefetch_related("roles").first()
    if person is None:
        raise NotForThisReader("the person is no longer active")
    return person


def _ticket(payload: Mapping[str, Any], person: User) -> Ticket:
    ticket = Ticket.objects.visible_to(person).with_people().filter(pk=payload["ticket"]).first()
    if ticket is None:
        raise NotForThisReader("the person may not see the ticket")
    return ticket


def _words(payload: Mapping[str, Any], ticket: Ticket, person: User) -> dict[str, Any]:
    """What this notice says beyond the ticket's header, as far as `person` may read it."""
    match payload["notice"]:
        case "reply":
            return _entry(payload["entry"], person)
        case "note":
            return _note(payload["note"], person)
        case "resolved":
            return {"resolution": _resolution(ticket), "reopen_days": settings.REOPEN_WINDOW_DAYS}
        case "closed":
            return {"close_days": settings.AUTO_CLOSE_DAYS}
        case "promised" | "promise_withdrawn":
            due_at = parse_datetime(payload["due_at"])
            return {"due_at": due_at, "words": payload.get("words", ""), "is_new": not payload.get("before")}
        case "warning" | "breach":
            return _deadline(payload)
    return {}


def _entry(entry_id: int, person: User) -> dict[str, Any]:
    if not policies.can_read_entry(person, entry_id):
        raise NotForThisReader("the person may not read the message")
    entry = PublicEntry.objects.select_related("author").get(pk=entry_id)
    return {"entry": entry, "files": _files("entry", entry_id)}


def _note(note_id: int, person: User) -> dict[str, Any]:
    if not policies.can_read_note(person, note_id):
        raise NotForThisReader("the person may not read the internal note")
    note = InternalNote.objects.select_related("author").get(pk=note_id)
    return {"note": note, "files": _files("note", note_id)}


def _files(subject_kind: str, subject_id: int) -> list[str]:
    """Names only: the files themselves stay behind the gate."""
    found = StoredFile.objects.filter(subject_kind=subject_kind, subject_id=subject_id).order_by("id")
    return list(found.values_list("name", flat=True))


def _resolution(ticket: Ticket) -> str:
    """The words of the last public resolution."""
    events = events_of(subject_kind=SUBJECT_KIND, subject_id=ticket.pk)
    resolved = events.filter(name=f"{ticket.kind}.resolved", visibility=Visibility.PUBLIC).last()
    return str(resolved.data.get("resolution", "")) if resolved else ""


def _deadline(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "metric": Metric(payload["metric"]).label,
        "percent": payload["percent"],
        "due_at": parse_datetime(payload["due_at"]) if payload["due_at"] else None,
        "late_by": late_by(payload["late_by"]),
    }


def _why(person: User, ticket: Ticket) -> str:
    """Why did I get this: the nearest relation of the reader to the ticket."""
    if person.pk == ticket.requester_id:
        return _("You get this mail because you reported it.")
    if person.pk == ticket.assignee_id:
        return _("You get this mail because the ticket is assigned to you.")
    if ticket.watchers.filter(user=person).exists():
        return _("You get this mail because you follow the ticket.")
    if ticket.team and person.pk in (ticket.team.lead_id, ticket.team.manager_id):
        return _("You get this mail because the ticket belongs to %(team)s.") % {"team": ticket.team}
    return _("You get this mail because escalations come to you.")
