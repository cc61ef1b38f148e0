"""Reads for the administrators' pages: what waits, what was given up, and the letters kept as files."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.services import INVITATION
from core.markup import clean_html
from journal.models import Outbox
from journal.webhooks import TOPIC as WEBHOOK
from mail.notices import NOTICES
from slas.sweep import TOPIC as STEPS
from tickets.models import Ticket
from tickets.notices import TOPIC
from work.digest import TOPIC as LETTERS

SHOWN_FILES = 100
HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "Auto-Submitted", "Content-Language")
FILES_BACKEND = "mail.backends.ReadableFileBackend"

_CONDITIONS = {
    "waiting": Q(done_at=None, is_dead=False),
    "dead": Q(done_at=None, is_dead=True),
    "done": Q(done_at__isnull=False),
}
STATES = tuple(_CONDITIONS)
_TOPICS = {
    TOPIC: gettext_lazy("Letter"),
    INVITATION: gettext_lazy("Invitation"),
    STEPS: gettext_lazy("Escalation"),
    LETTERS: gettext_lazy("Letters of a large sweep"),
    WEBHOOK: gettext_lazy("Webhook"),
}
_FILE_NAME = re.compile(r"\d{8}T\d{6}-[0-9a-f]{12}\.eml")


@dataclass(frozen=True)
class MailFile:
    """A letter that was written to a file instead of being sent. `text` and `html` (cleaned) only where it was opened."""

    name: str
    at: datetime
    headers: dict[str, str]
    text: str = ""
    html: str = ""


def outbox_rows(*, state: str, topic: str = "") -> QuerySet[Outbox]:
    """`state` is one of STATES; "" as topic = all."""
    rows = Outbox.objects.filter(_CONDITIONS[state])
    return rows.filter(topic=topic) if topic else rows


def topic_name(topic: str) -> str:
    """A topic in words; one that nobody has named stands for itself."""
    return str(_TOPICS.get(topic, topic))


def n_waiting() -> int:
    return outbox_rows(state="waiting").count()


def titles(rows: Iterable[Outbox]) -> dict[int, str]:
    """{key of the row: what it is, in words}. Two queries, whatever their number."""
    letters = [row for row in rows if row.topic == TOPIC]
    numbers = dict(
        Ticket.objects.filter(pk__in={row.payload.get("ticket") for row in letters}).values_list("pk", "number")
    )
    names = dict(User.objects.filter(pk__in={row.payload["person"] for row in letters}).values_list("pk", "name"))
    return {row.pk: _title(row, numbers, names) for row in rows}


def _title(row: Outbox, numbers: dict[int, str], names: dict[int, str]) -> str:
    if row.topic != TOPIC:
        return topic_name(row.topic)
    notice = NOTICES.get(row.payload["notice"])
    parts = {
        "notice": notice.title if notice else row.payload["notice"],
        "number": numbers.get(row.payload.get("ticket"), "–"),
        "person": names.get(row.payload["person"], "–"),
    }
    if "ticket" not in row.payload:
        return _("%(notice)s, to %(person)s") % parts
    return _("%(notice)s: %(number)s, to %(person)s") % parts


def keeps_files() -> bool:
    """Whether letters become files here instead of being sent (no SMTP server is set)."""
    return bool(settings.EMAIL_BACKEND == FILES_BACKEND)


def mail_files() -> list[MailFile]:
    """The newest SHOWN_FILES letters, by their headers."""
    folder = Path(settings.EMAIL_FILE_PATH)
    names = sorted((p.name for p in folder.glob("*.eml") if _FILE_NAME.fullmatch(p.name)), reverse=True)
    return [_mail_file(name, _parse(folder / name)) for name in names[:SHOWN_FILES]]


def mail_file(name: str) -> MailFile | None:
    """One letter with its words; None where there is none of that name."""
    path = Path(settings.EMAIL_FILE_PATH) / name
    if not _FILE_NAME.fullmatch(name) or not path.is_file():
        return None
    message = _parse(path)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    return _mail_file(
        name,
        message,
        text=text.get_content() if text else "",
        html=clean_html(html.get_content()) if html else "",
    )


def _parse(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=policy.default)


def _mail_file(name: str, message: EmailMessage, *, text: str = "", html: str = "") -> MailFile:
    at = datetime.strptime(name[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    headers = {header: str(message[header]) for header in HEADERS if message[header]}
    return MailFile(name, at, headers, text, html)
