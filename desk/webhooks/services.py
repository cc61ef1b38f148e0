"""Looking after webhooks: each verb with its policy and its event."""

import secrets
from datetime import datetime

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core import outward
from desk import policies
from journal import webhooks
from journal.models import Webhook
from journal.services import record_event


@transaction.atomic
def add_webhook(*, name: str, url: str, actor: User, now: datetime) -> Webhook:
    """A new webhook with a secret of its own, which is on the row and shown once. Raises PermissionDenied, and
    ValidationError for a name that is taken or an address that is not called."""
    _allow(actor)
    try:
        outward.check(url, may_be_private=settings.WEBHOOKS_MAY_CALL_PRIVATE)
    except outward.Refused:
        raise ValidationError({"url": _("Only public addresses are called, by https on its own port.")}) from None
    try:
        with transaction.atomic():
            webhook = Webhook.objects.create(name=name.strip(), url=url, secret=webhooks.new_secret())
    except IntegrityError:
        raise ValidationError({"name": _("There is a webhook of this name already.")}) from None
    _record("webhook.added", webhook, actor, now)
    return webhook


@transaction.atomic
def switch_off_webhook(*, webhook: Webhook, actor: User, now: datetime) -> None:
    """It is not called any more; what waits for it is let go of, and its rows say so."""
    _switch(webhook, is_active=False, actor=actor, now=now)


@transaction.atomic
def switch_on_webhook(*, webhook: Webhook, actor: User, now: datetime) -> None:
    _switch(webhook, is_active=True, actor=actor, now=now)


@transaction.atomic
def test_webhook(*, webhook: Webhook, actor: User, now: datetime) -> None:
    """Post a call that says it is a test. Raises PermissionDenied, and ValidationError where it is switched off."""
    _allow(actor)
    if not webhook.is_active:
        raise ValidationError(_("It is switched off."))
    webhooks.call(
        webhook=webhook, key=f"{webhooks.key_prefix(webhook)}test:{secrets.token_hex(8)}", type="webhook.test",
        data={"message": "A test call from Portico.", "link": settings.SITE_URL}, at=now, now=now,
    )  # fmt: skip
    _record("webhook.tested", webhook, actor, now)


test_webhook.__test__ = False  # type: ignore[attr-defined]  # its verb is "test"; pytest takes the name for its own


def _switch(webhook: Webhook, *, is_active: bool, actor: User, now: datetime) -> None:
    _allow(actor)
    if Webhook.objects.filter(pk=webhook.pk).exclude(is_active=is_active).update(is_active=is_active):
        _record("webhook.switched_on" if is_active else "webhook.switched_off", webhook, actor, now)


def _allow(actor: User) -> None:
    if not policies.can_administer_webhooks(actor):
        raise PermissionDenied


def _record(name: str, webhook: Webhook, actor: User, now: datetime) -> None:
    record_event(
        name=name, subject_kind=webhooks.SUBJECT_KIND, subject_id=webhook.pk, actor=actor, at=now,
        data={"name": webhook.name, "url": webhook.url},
    )  # fmt: skip
