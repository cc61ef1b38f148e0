"""The mail that invites a person: a link, good for one use, to choose his own password. No password is ever sent.

At least once, like everything that leaves the house; the outbox row's key is the Message-ID.
"""

from datetime import datetime

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from journal.models import Outbox


def send_invitation(row: Outbox, now: datetime) -> str:  # noqa: ARG001 (the outbox calls every handler alike)
    """Handler of the topic "invitation". Payload: {"person": id}."""
    person = User.objects.active().filter(pk=row.payload["person"]).first()
    if person is None or person.has_usable_password():
        return "not needed any more"
    with translation.override(person.language):
        message = EmailMessage(
            subject=_("Your account at Portico"),
            body=render_to_string(
                "accounts/invitation.txt",
                {"person": person, "url": set_password_url(person), "days": settings.PASSWORD_RESET_TIMEOUT // 86400},
            ),
            to=[person.email],
            headers={"Message-ID": f"<{row.dedupe_key.replace(':', '.')}@{settings.MAIL_DOMAIN}>"},
        )
    message.send()
    return f"sent to {person.email}"


def set_password_url(person: User) -> str:
    """allauth's own page for a new password. The token dies with its first use and after PASSWORD_RESET_TIMEOUT."""
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(person), "key": default_token_generator.make_token(person)},
    )
    return f"{settings.SITE_URL}{path}"
