"""The postman: empties the outbox, sends letters, and lets an administrator try a dead one again.

Guarantee: at least once. A letter that was sent by a process killed before it could say so is sent again with the same
Message-ID.
"""

import smtplib
import socket
import time
from datetime import datetime

from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import User
from journal import outbox
from journal.models import Outbox
from journal.services import record_event
from journal.webhooks import TOPIC as WEBHOOK
from mail import policies
from mail.letters import NotForThisReader, compose
from slas.sweep import TOPIC as STEPS
from work.digest import TOPIC as LETTERS

INSIDE = (STEPS, LETTERS)
"""Topics whose whole effect is in this database: escalations, and who gets which letter of them."""

BUDGET_SECONDS = 5.0
SENDER_SECONDS = 30
SUBJECT_KIND = "outbox"


class TemporarilyRefused(Exception):
    """The receiving server may take it later."""


def empty_outbox(*, now: datetime, budget: float = BUDGET_SECONDS) -> None:
    """Deliver what is due, for about `budget` seconds; the next call goes on.

    What stays in the house comes first and never waits for a mail server. The rest goes one by one: a lease is always
    fresh, and the first failure ends the run, so that a server that is down is asked once per run. One run at a time
    sends on each machine, or a slow server would hold every worker process.
    """
    ends = time.monotonic() + budget
    while outbox.dispatch(now=now, only=INSIDE) and time.monotonic() < ends:
        pass
    sender = f"sending:{socket.gethostname()}"
    if not cache.add(sender, 1, SENDER_SECONDS):
        return
    try:
        while outbox.dispatch(now=now, limit=1, but=[WEBHOOK]) and time.monotonic() < ends:
            pass
    finally:
        cache.delete(sender)


def send_notice(row: Outbox, now: datetime) -> str:  # noqa: ARG001 (the engine's signature)
    """Handler of the topic "mail". Returns what the server said. Raises Undeliverable for a permanent refusal, and
    whatever else went wrong so that the engine tries again."""
    try:
        letter = compose(row)
    except NotForThisReader as reason:
        return f"not sent: {reason}"
    try:
        letter.send()
    except smtplib.SMTPRecipientsRefused as refusal:
        code, words = next(iter(refusal.recipients.values()))
        _judge(code, words)
    except smtplib.SMTPDataError as refusal:
        _judge(refusal.smtp_code, refusal.smtp_error)
    return f"{letter.to[0]}: {letter.answer or 'sent'}"


@transaction.atomic
def retry_delivery(*, row: Outbox, actor: User, now: datetime) -> None:
    """Give a dead letter a fresh set of tries. Raises PermissionDenied."""
    if not policies.can_administer_mail(actor):
        raise PermissionDenied
    outbox.retry(row=row, now=now)
    record_event(
        name="outbox.retried", subject_kind=SUBJECT_KIND, subject_id=row.pk, actor=actor, at=now,
        data={"key": row.dedupe_key, "answer": row.answer},
    )  # fmt: skip


def _judge(code: int, words: bytes | str) -> None:
    """What SMTP's answer means: 5xx will never be taken, 4xx perhaps later."""
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    if 500 <= code < 600:
        raise outbox.Undeliverable(f"{code} {text}")
    raise TemporarilyRefused(f"{code} {text}")
