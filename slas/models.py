"""Promises (calendars, agreements, targets, escalation steps) and the clocks that measure them (HOUSE.md section 4)."""

from datetime import date, datetime, timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, Team, User, validate_time_zone
from catalog.models import Service
from slas import clock
from tickets.models import Priority, Ticket, WaitingReason


def validate_interval(value: str) -> None:
    """ "HH:MM-HH:MM", the end may be 24:00 or lie before the start (past midnight)."""
    opens, _dash, closes = value.partition("-")
    try:
        clock.Calendar(timezone="UTC", hours={0: [(opens, closes)]})
    except ValueError:
        raise ValidationError(_("%(value)s is not an interval like 09:00-17:00."), params={"value": value}) from None


class BusinessCalendar(models.Model):
    """Working hours in one time zone. `version` rises with every edit of its hours or special days, so that what was
    computed with an older version can be told."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    time_zone = models.CharField(_("time zone"), max_length=60, validators=[validate_time_zone])
    country = models.CharField(_("holidays of"), max_length=10, blank=True, default="")
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.name


class OpeningHours(models.Model):
    """One working interval of one weekday (0 = Monday)."""

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField()
    interval = models.CharField(max_length=11, validators=[validate_interval])

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(weekday__lte=6), name="slas_weekday_of_a_week"),
            models.UniqueConstraint(fields=["calendar", "weekday", "interval"], name="slas_one_interval_once"),
        ]

    def __str__(self) -> str:
        return f"{self.weekday} {self.interval}"


class SpecialDay(models.Model):
    """A day that differs: no `intervals` = closed (a holiday, by name); otherwise they replace the day's hours
    (a make-up working Saturday). `source` says where it came from."""

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="special_days")
    date = models.DateField()
    name = models.CharField(max_length=120)
    intervals = ArrayField(models.CharField(max_length=11, validators=[validate_interval]), default=list, blank=True)
    source = models.CharField(max_length=60, default="typed", db_default="typed")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["calendar", "date"], name="slas_one_special_day_per_date")]

    def __str__(self) -> str:
        return f"{self.date} {self.name}"


class Metric(models.TextChoices):
    FIRST_RESPONSE = "first_response", _("First response")
    RESOLUTION = "resolution", _("Resolution")


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def visible_to(self, user: User) -> Self:
        return self if user.is_agent else self.filter(customer=user.organisation_id)

    def in_force(self, on: date) -> Self:
        return self.filter(is_active=True, start_date__lte=on).filter(Q(end_date=None) | Q(end_date__gt=on))


class Agreement(models.Model):
    """What is promised to whom. No `customer` = the default for everybody; no `services` = all of them. The most
    specific agreement in force applies: customer and service, customer, service, default.

    `pauses_on` are the waiting reasons that stop its clocks.
    """

    name = models.CharField(_("name"), max_length=80, unique=True)
    customer = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="agreements"
    )
    services = models.ManyToManyField(Service, related_name="agreements", blank=True)
    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.PROTECT, related_name="agreements")
    start_date = models.DateField(_("valid from"))
    end_date = models.DateField(_("valid until"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    pauses_on = ArrayField(models.CharField(max_length=10, choices=WaitingReason), default=list, blank=True)
    attainment_target = models.PositiveSmallIntegerField(_("target in percent"), default=95)

    objects = AgreementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(end_date=None) | Q(end_date__gt=F("start_date")), name="slas_agreement_ends_after_start"
            ),
            models.CheckConstraint(condition=Q(attainment_target__lte=100), name="slas_target_is_a_percentage"),
        ]

    def __str__(self) -> str:
        return self.name


class Target(models.Model):
    """The time promised for one metric and priority, in working time of `calendar` (or the agreement's)."""

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="targets")
    metric = models.CharField(max_length=20, choices=Metric)
    priority = models.PositiveSmallIntegerField(choices=Priority)
    duration = models.DurationField()
    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agreement", "metric", "priority"], name="slas_one_target_each"),
            models.CheckConstraint(condition=Q(duration__gt=timedelta(0)), name="slas_target_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.agreement} {self.metric} P{self.priority}"


class EscalationStep(models.Model):
    """What happens when `percent` of the target is used, or `after_breach` working time past it. No `metric` = every
    metric. Clocks keep a copy of the ladder they started with."""

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="steps")
    metric = models.CharField(max_length=20, choices=Metric, blank=True, default="")
    percent = models.PositiveSmallIntegerField(default=100)
    after_breach = models.DurationField(default=timedelta(0))
    notifies_assignee = models.BooleanField(default=True)
    notifies_lead = models.BooleanField(default=False)
    notifies_manager = models.BooleanField(default=False)
    raises_priority = models.BooleanField(default=False)
    reassigns_to = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(percent__lt=100, after_breach=timedelta(0)) | Q(percent=100),
                name="slas_only_a_breach_has_an_after",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agreement} {self.percent} % + {self.after_breach}"

    @property
    def notifies(self) -> list[str]:
        chosen = {
            "assignee": self.notifies_assignee,
            "lead": self.notifies_lead,
            "manager": self.notifies_manager,
        }
        return [who for who, is_told in chosen.items() if is_told]


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
    `generation` rises only when the promise changes, so a pause never repeats a warning.
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
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="clocks")
    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.PROTECT, related_name="+")
    calendar_version = models.PositiveIntegerField()
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
                fields=["ticket", "metric"],
                name="slas_one_counted_clock_per_metric",
                condition=Q(state__in=["running", "paused", "met"]),
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

    `is_collapsed`: it was found together with a later step after an outage; recorded, not sent.
    """

    clock = models.ForeignKey(Clock, on_delete=models.CASCADE, related_name="escalations")
    generation = models.PositiveIntegerField()
    step = models.PositiveSmallIntegerField()
    planned_at = models.DateTimeField()
    fired_at = models.DateTimeField()
    is_collapsed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clock", "generation", "step"], name="slas_one_escalation_per_step")
        ]

    def __str__(self) -> str:
        return f"{self.clock_id} step {self.step}"
