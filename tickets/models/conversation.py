"""The conversation: what the requester and we wrote, our own notes, texts half written, and who has read how far.

Public entries and internal notes are two tables on purpose: customer code that reads entries cannot join a note.
"""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import Permission
from tickets.models.ticket import Channel, Ticket


class PublicEntryQuerySet(models.QuerySet["PublicEntry"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(ticket__in=Ticket.objects.visible_to(user))


class InternalNoteQuerySet(models.QuerySet["InternalNote"]):
    def visible_to(self, user: User) -> Self:
        if not user.can(Permission.VIEW_INTERNAL):
            return self.none()
        return self.filter(ticket__in=Ticket.objects.visible_to(user))


class Words(models.Model):
    """What somebody wrote: Markdown as typed and its clean HTML."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="%(class)ss")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    body = models.TextField()
    body_html = models.TextField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.author} on {self.ticket_id}"


class PublicEntry(Words):
    """Part of the conversation with the requester. `is_from_agent` is decided when it is written: a person's roles may
    change later, the history does not."""

    channel = models.CharField(max_length=8, choices=Channel)
    is_from_agent = models.BooleanField()

    objects = PublicEntryQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["ticket", "at"], name="tickets_publicentry_ticket")]


class InternalNote(Words):
    """For agents only, in a table of its own."""

    objects = InternalNoteQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["ticket", "at"], name="tickets_internalnote_ticket")]


class Draft(models.Model):
    """A text somebody is still writing, kept on the server so that it survives anything."""

    class Kind(models.TextChoices):
        REPLY = "reply", _("Public reply")
        NOTE = "note", _("Internal note")

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=5, choices=Kind)
    body = models.TextField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user", "kind"], name="tickets_one_draft_each")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.kind} {self.ticket_id}"


class LastSeen(models.Model):
    """When a person last looked at a ticket: what is newer is unread."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "ticket"], name="tickets_seen_once")]

    def __str__(self) -> str:
        return f"{self.user_id} saw {self.ticket_id}"
