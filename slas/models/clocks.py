"""Clocks, what happened to them, and the escalations they reached."""

from datetime import datetime, timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from slas.models.agreements import Agreement, Metric
from slas.models.calendars import BusinessCalendar
from tickets.models import Priority, Ticket


class ClockQuerySet(models.QuerySet["Clock"]):
    def running(self) -> Self:
        return self.filter(state=Clock.State.RUNNING)

    def live(self) -> Self:
        """Running or paused: still to be kept."""
        return self.filter(state__in=[Clock.State.RUNNING, Clock.State.PAUSED])

    def counted(self) -> Self:
        """Clocks that say something about the service: those of a changed promise do not."""
        return self.exclude(state=Clock.State.CANCELLED)

    def breached(self, now: datetime) -> Self:
        """A breach is a fact of the data, never of a worker having run."""
        return self.filter(due_at__lt=Coalesce(F("ended_at"), now))


class Clock(models.Model):
    """One promise being measured on one ticket.

    `due_at` is absolute; null while paused (unless it had passed before the pause). `used` is the working time spent
    up to `anchor_at`, which is null unless running. `fire_plan` holds the absolute time of every step of `ladder`,
    `step` the number already fired, `next_fire_at` the next one while running: the sweep needs nothing else.
    `generation` rises only when the promise changes or a new cycle begins, so a pause never repeats a warning.

    A commitment has no agreement and no calendar: `promised_by` promised the requester a date, in `words`, and no timer
    moves it. `team` is whose share of the time an OLA's clock measures.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("Running")
        PAUSED = "paused", _("Paused")
        MET = "met", _("Ended")
        CANCELLED = "cancelled", _("Cancelled")

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="clocks")
    metric = models.CharField(max_length=20, choices=Metric)
    generation = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=10, choices=State)
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, null=True, related_name="clocks")
    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.PROTECT, null=True, related_name="+")
    calendar_version = models.PositiveIntegerField(default=1)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, related_name="+")
    promised_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    words = models.CharField(max_length=200, default="", db_default="")
    priority = models.PositiveSmallIntegerField(choices=Priority)
    goal = models.DurationField()
    used = models.DurationField(default=timedelta(0))
    started_at = models.DateTimeField()
    anchor_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ladder = models.JSONField(default=list)
    fire_plan = ArrayField(models.DateTimeField(), default=list)
    step = models.PositiveSmallIntegerField(default=0)
    next_fire_at = models.DateTimeField(null=True)

    objects = ClockQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket", "metric", "generation"], name="slas_one_clock_per_generation"),
            models.UniqueConstraint(
                fields=["ticket", "metric", "team"],
                name="slas_one_live_clock_per_metric",
                condition=Q(state__in=["running", "paused"]),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(metric="commitment", agreement=None)
                | ~Q(metric="commitment") & Q(agreement__isnull=False, calendar__isnull=False),
                name="slas_only_commitments_stand_alone",
            ),
            models.CheckConstraint(
                condition=Q(state="running") | Q(next_fire_at=None), name="slas_only_running_clocks_fire"
            ),
            models.CheckConstraint(
                condition=Q(state="running", anchor_at__isnull=False) | ~Q(state="running") & Q(anchor_at=None),
                name="slas_anchored_while_running",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["running", "paused"], ended_at=None)
                | Q(state__in=["met", "cancelled"], ended_at__isnull=False),
                name="slas_ended_clocks_have_an_end",
            ),
        ]
        indexes = [
            models.Index(fields=["next_fire_at"], name="slas_clock_to_fire", condition=Q(next_fire_at__isnull=False)),
            models.Index(fields=["due_at"], name="slas_clock_due", condition=Q(state="running")),
            models.Index(fields=["metric", "ended_at"], name="slas_clock_ended"),
            models.Index(fields=["ticket", "metric"], name="slas_clock_ticket"),
        ]

    def __str__(self) -> str:
        return f"{self.metric} of {self.ticket_id}"

    def has_breached(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at < (self.ended_at or now)


class ClockEvent(models.Model):
    """What happened to a clock, in order: the input of its ledger."""

    class Kind(models.TextChoices):
        PAUSED = "paused", _("Paused")
        RESUMED = "resumed", _("Resumed")
        STOPPED = "stopped", _("Stopped")

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=8, choices=Kind)
    at = models.DateTimeField()
    reason = models.CharField(max_length=20, blank=True, default="")
    actor = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["clock", "at", "id"], name="slas_clockevent_story")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}"


class Escalation(models.Model):
    """One step of one clock's ladder that was reached: unique, so that twice is impossible, not unlikely.

    `is_collapsed`: it was found together with a later step after an outage; recorded, not sent. `outcome` is what came of
    it: {"told": [{"id", "name"}], "did": [{"deed": "raised" | "handed_over" | "webhook", "priority", "to"}], "left_out": why
    nobody was told (slas.escalation.Reason)}; empty until it was carried out.
    """

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="escalations")
    generation = models.PositiveIntegerField()
    step = models.PositiveSmallIntegerField()
    planned_at = models.DateTimeField()
    fired_at = models.DateTimeField()
    is_collapsed = models.BooleanField(default=False)
    outcome = models.JSONField(default=dict, db_default={})

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock", "generation", "step"], name="slas_one_escalation_per_step")
        ]
        indexes = [models.Index(fields=["fired_at"], name="slas_escalation_fired")]

    def __str__(self) -> str:
        return f"{self.clock_id} step {self.step}"


class EscalationNotice(models.Model):
    """One person who is to hear of one escalation. Above a number at once a person gets one digest of them instead of a
    letter each: `digest` is the key they share."""

    escalation = models.ForeignKey(Escalation, on_delete=models.CASCADE, related_name="notices")
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    digest = models.CharField(max_length=60, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["escalation", "person"], name="slas_one_notice_per_person"),
        ]
        indexes = [models.Index(fields=["person", "digest"], name="slas_notice_digest", condition=~Q(digest=""))]

    def __str__(self) -> str:
        return f"{self.escalation_id} to {self.person_id}"
