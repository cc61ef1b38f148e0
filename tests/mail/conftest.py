from collections.abc import Callable, Iterator

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from journal import outbox
from journal.models import Outbox
from tests.mail.smtp import Mailbox, serve


@pytest.fixture
def letters(db) -> list[EmailMultiAlternatives]:
    """What was sent so far, without a server (pytest-django's mailoutbox goes stale when `db` comes after it)."""
    return mail.outbox


@pytest.fixture
def mailbox(settings) -> Iterator[Mailbox]:
    """A real mail server, and Django's SMTP backend pointed at it."""
    box = Mailbox()
    server = serve(box)
    settings.EMAIL_BACKEND = "mail.backends.SmtpBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
    yield box
    server.shutdown()
    server.server_close()


@pytest.fixture
def deliver(now) -> Callable[..., Outbox]:
    """Deliver the waiting row of a notice to a person, and give the row back: deliver("opened", bob)."""

    def _deliver(notice: str, person) -> Outbox:
        row = Outbox.objects.get(payload__notice=notice, payload__person=person.pk)
        Outbox.objects.exclude(pk=row.pk).filter(topic="mail").delete()
        outbox.dispatch(now=row.available_at, only=["mail"])
        row.refresh_from_db()
        return row

    return _deliver
