"""Calling webhooks: addresses outside that are told of things, signed as Standard Webhooks has it.

Guarantee: at least once. The row's key is the webhook-id of every try, so that a receiver can tell a repeat; a failed call
is tried again for three days, a receiver that answers 410 is not called any more.
"""

import base64
import json
import secrets
import socket
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import standardwebhooks
from django.conf import settings
from django.core.cache import cache

from core import outward
from journal import outbox, services
from journal.models import Outbox, Webhook

TOPIC = "webhook"
SUBJECT_KIND = "webhook"
AGENT = "Portico-Webhook/1"
BUDGET_SECONDS = 5.0
AT_ONCE = 20
CALLER_SECONDS = 60
REST = timedelta(seconds=15)
"""A receiver that has just failed is left in peace so long: its other rows wait, untried, and hold up nobody's."""


class Failed(Exception):
    """The receiver did not take it; it may later."""


def new_secret() -> str:
    """A fresh signing key in the form of the standard."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def key_prefix(webhook: Webhook) -> str:
    """How the ids of all its calls begin."""
    return f"webhook:{webhook.pk}:"


def call(
    *, webhook: Webhook, key: str, type: str, data: Mapping[str, Any], at: datetime, now: datetime
) -> None:  # `type` is the standard's word
    """Post one call of `webhook`, about something that happened `at`; `key` is its id for ever."""
    payload = {"webhook": webhook.pk, "type": type, "timestamp": at.astimezone(UTC).isoformat(), "data": dict(data)}
    services.post(key=key, topic=TOPIC, payload=payload, now=now)


def deliver(row: Outbox, now: datetime) -> str:
    """Handler of the topic "webhook". Payload: {"webhook": id, "type", "timestamp", "data"}; all but the first is the
    body. Returns the status. Raises Undeliverable, NotYet, Failed."""
    webhook = Webhook.objects.filter(pk=row.payload["webhook"]).first()
    if webhook is None:
        raise outbox.Undeliverable("the webhook is gone")
    if not webhook.is_active:
        return "not called: the webhook is switched off"
    resting = f"webhook-rests:{webhook.pk}"
    if cache.get(resting):
        raise outbox.NotYet("the receiver has just failed", pause=REST)
    try:
        answer = outward.post(
            webhook.url, may_be_private=settings.WEBHOOKS_MAY_CALL_PRIVATE, **_signed(row, webhook, now)
        )
    except outward.Refused as refusal:
        raise outbox.Undeliverable(str(refusal)) from refusal
    except outward.Unreachable as problem:
        cache.set(resting, 1, REST.total_seconds())
        raise Failed(str(problem)) from problem
    return _judge(answer, webhook, resting, now)


def call_due(*, now: datetime, budget: float = BUDGET_SECONDS) -> None:
    """Call what is due, for about `budget` seconds; the next run goes on. One run at a time calls on each machine, or
    slow receivers would hold every worker process."""
    ends = time.monotonic() + budget
    caller = f"calling:{socket.gethostname()}"
    if not cache.add(caller, 1, CALLER_SECONDS):
        return
    try:
        while outbox.dispatch(now=now, limit=AT_ONCE, only=[TOPIC]) and time.monotonic() < ends:
            pass
    finally:
        cache.delete(caller)


def _signed(row: Outbox, webhook: Webhook, now: datetime) -> dict[str, Any]:
    body = json.dumps({name: row.payload[name] for name in ("type", "timestamp", "data")}, separators=(",", ":"))
    sent_at = now.astimezone(UTC)  # the library takes the digits as UTC, whatever the zone
    signature = standardwebhooks.Webhook(webhook.secret).sign(row.dedupe_key, sent_at, body)
    return {
        "body": body.encode(),
        "headers": {
            "Content-Type": "application/json",
            "User-Agent": AGENT,
            "webhook-id": row.dedupe_key,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": signature,
        },
    }


def _judge(answer: outward.Answer, webhook: Webhook, resting: str, now: datetime) -> str:
    words = f"{answer.status} {_phrase(answer.status)}, {answer.seconds * 1000:.0f} ms"
    if 200 <= answer.status < 300:
        return words
    if answer.status == HTTPStatus.GONE:
        Webhook.objects.filter(pk=webhook.pk).update(is_active=False)
        services.record_event(
            name="webhook.gone", subject_kind=SUBJECT_KIND, subject_id=webhook.pk, actor=None, at=now,
            data={"name": webhook.name},
        )  # fmt: skip
        return f"{words}: switched off"
    cache.set(resting, 1, REST.total_seconds())
    if 300 <= answer.status < 400:
        raise Failed(f"{words}: no redirect is followed")
    raise Failed(words)


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "unknown"
