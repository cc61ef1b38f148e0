"""Reads for the webhooks' pages."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from journal.models import Event, Outbox, Webhook
from journal.selectors import events_of
from journal.webhooks import SUBJECT_KIND, TOPIC, key_prefix
from slas.models import Agreement

SHOWN = 30

_TYPES = {
    "sla.warned": _("Deadline ahead"),
    "sla.breached": _("Deadline missed"),
    "webhook.test": _("Test call"),
}
_EVENTS = {
    "webhook.added": pgettext_lazy("webhook", "added"),
    "webhook.switched_off": pgettext_lazy("webhook", "switched off"),
    "webhook.switched_on": pgettext_lazy("webhook", "switched on"),
    "webhook.tested": pgettext_lazy("webhook", "test call sent"),
    "webhook.gone": pgettext_lazy("webhook", "switched off: the receiver answered 410 Gone"),
}


@dataclass(frozen=True)
class Call:
    """One call: `what` in words, `about` the ticket's number ("" of a test)."""

    row: Outbox
    what: str
    about: str


@dataclass(frozen=True)
class Deed:
    event: Event
    what: str


def all_webhooks() -> QuerySet[Webhook]:
    return Webhook.objects.order_by("name")


def last_calls(webhook: Webhook) -> list[Call]:
    """The newest SHOWN calls of one webhook. Their keys begin alike, which an index knows."""
    rows = Outbox.objects.filter(topic=TOPIC, dedupe_key__startswith=key_prefix(webhook)).order_by("-id")[:SHOWN]
    return [
        Call(row, str(_TYPES.get(row.payload["type"], row.payload["type"])), row.payload["data"].get("ticket", ""))
        for row in rows
    ]


def agreements_using(webhook: Webhook) -> QuerySet[Agreement]:
    """Those with a step that calls it, drafts too."""
    return Agreement.objects.filter(steps__webhook=webhook).distinct().order_by("name", "version")


def history(webhook: Webhook) -> list[Deed]:
    """What was done to it, newest first."""
    found = events_of(subject_kind=SUBJECT_KIND, subject_id=webhook.pk).reverse()[:SHOWN]
    return [Deed(event, str(_EVENTS.get(event.name, event.name))) for event in found]
