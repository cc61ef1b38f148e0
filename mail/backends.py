"""Where letters go: to an SMTP server whose answer is kept, or, without one, to files that people can read."""

import os
import secrets
import smtplib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.utils import timezone

from mail.letters import Letter


class _Remembering(smtplib.SMTP):
    """smtplib forgets what the server said to an accepted message, which is where the queue id stands."""

    answer = ""

    def data(self, msg: Any) -> tuple[int, bytes]:
        code, words = super().data(msg)
        self.answer = f"{code} {words.decode(errors='replace')}"
        return code, words


class _RememberingTLS(_Remembering, smtplib.SMTP_SSL):
    pass


class SmtpBackend(EmailBackend):
    """Django's SMTP backend that notes the server's answer on the letter."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _RememberingTLS if self.use_ssl else _Remembering

    def _send(self, email_message: EmailMessage) -> bool:
        is_sent: bool = super()._send(email_message)  # type: ignore[misc]
        if isinstance(email_message, Letter) and isinstance(self.connection, _Remembering):
            email_message.answer = self.connection.answer
        return is_sent


class ReadableFileBackend(BaseEmailBackend):
    """One .eml file per message in EMAIL_FILE_PATH. A file appears under its name only when it is complete."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        folder = Path(settings.EMAIL_FILE_PATH)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for message in email_messages:
            name = f"{timezone.now():%Y%m%dT%H%M%S}-{secrets.token_hex(6)}.eml"
            draft = folder / f".{name}"
            draft.write_bytes(message.message().as_bytes(linesep="\r\n"))
            os.replace(draft, folder / name)
            if isinstance(message, Letter):
                message.answer = f"written to {name}"
        return len(email_messages)
