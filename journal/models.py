"""What happened (`Event`, append-only) and what must leave the house because of it (`Outbox`)."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Visibility(models.TextChoices):
    PUBLIC = "public"
    INTERNAL = "internal"


class Event(models.Model):
    """One fact about one subject: timeline and audit trail in one. Nothing ever changes or removes a row: the
    database refuses it to the application's role.

    `subject_kind` and `subject_id` name the row it is about ("ticket", 42): any app, without knowing it. `actor` is
    null where the system itself acted. `data` holds what changed, as JSON.
    """

    at = models.DateTimeField()
    name = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=30)
    subject_id = models.BigIntegerField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.INTERNAL)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "id"], name="journal_event_subject"),
            models.Index(fields=["name", "at"], name="journal_event_name_at"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject_kind} {self.subject_id}"


class Outbox(models.Model):
    """One thing that must leave the house (or wake an upper app), written in the transaction that decided it.

    Delivered at least once: `dedupe_key` is unique here and travels as Message-ID or webhook-id, so that a repeat can
    be recognised outside. A dispatcher claims a row by a lease, so a killed one delays it, never loses it.
    `is_dead` = given up after the last try; shown to administrators, who may retry.
    """

    dedupe_key = models.CharField(max_length=200, unique=True)
    topic = models.CharField(max_length=40)
    payload = models.JSONField()
    created_at = models.DateTimeField()
    available_at = models.DateTimeField()
    n_attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    is_dead = models.BooleanField(default=False)
    answer = models.TextField(default="", db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["available_at"], name="journal_outbox_ready", condition=Q(done_at__isnull=True, is_dead=False)
            ),
            models.Index(fields=["-created_at"], name="journal_outbox_newest"),
            models.Index(fields=["-id"], name="journal_outbox_dead", condition=Q(is_dead=True)),
        ]

    def __str__(self) -> str:
        return self.dedupe_key


class Webhook(models.Model):
    """An address outside that is told of things, signed with its `secret` (Standard Webhooks)."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    url = models.URLField(_("address"), max_length=400)
    secret = models.CharField(max_length=100)
    is_active = models.BooleanField(_("active"), default=True)

    def __str__(self) -> str:
        return self.name


class Job(models.Model):
    """A long piece of work that somebody asked for and watches: done in small steps, each its own transaction, so that a
    killed worker's successor goes on where it stopped.

    `cursor` is where the next step begins, `result` what is known so far; both belong to the job's kind. `problem` says
    why it failed. A worker holds it by a lease.
    """

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("job", "Waiting")
        RUNNING = "running", pgettext_lazy("job", "Running")
        DONE = "done", pgettext_lazy("job", "Done")
        CANCELLED = "cancelled", pgettext_lazy("job", "Cancelled")
        FAILED = "failed", pgettext_lazy("job", "Failed")

    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    n_total = models.PositiveIntegerField(default=0)
    n_done = models.PositiveIntegerField(default=0)
    cursor = models.JSONField(null=True)
    result = models.JSONField(default=dict)
    problem = models.TextField(default="", db_default="")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running"], ended_at=None)
                | Q(state__in=["done", "cancelled", "failed"], ended_at__isnull=False),
                name="journal_ended_jobs_have_an_end",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], name="journal_job_open", condition=Q(state__in=["waiting", "running"])),
            models.Index(fields=["kind", "-id"], name="journal_job_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None
