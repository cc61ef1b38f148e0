"""Promises (calendars, agreements, targets, escalation steps) and the clocks that measure them (HOUSE.md section 4)."""

from datetime import date, datetime, timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organisation, Team, User, validate_time_zone
from catalog.models import Service
from journal.models import Webhook
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


class CalendarVersion(models.Model):
    """What a calendar said before or since an edit: clocks that began under it stay under it until they are moved.

    `content` is {"timezone": zone, "hours": {weekday: [[opens, closes]]}, "holidays": {date: name}, "exceptions": {date:
    {"name": name, "hours": [[opens, closes]]}}, "sources": {date: where it came from}}. A calendar that was never edited has
    none: its rows say it.
    """

    calendar = models.ForeignKey(BusinessCalendar, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["calendar", "number"], name="slas_one_calendar_version_each")]

    def __str__(self) -> str:
        return f"{self.calendar_id} v{self.number}"


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
    """What a clock measures; slas/metrics.py says by which facts each begins, pauses and ends."""

    FIRST_RESPONSE = "first_response", _("First response")
    RESOLUTION = "resolution", _("Resolution")
    OWN = "own", _("Time to own")
    NEXT_REPLY = "next_reply", _("Next reply")
    UPDATE = "update", _("Regular update")
    COMMITMENT = "commitment", _("Commitment")
    TEAM = "team", _("Team's share")
    SUPPLIER = "supplier", _("Supplier's share")


PUBLIC_METRICS = (Metric.FIRST_RESPONSE, Metric.RESOLUTION, Metric.NEXT_REPLY, Metric.UPDATE, Metric.COMMITMENT)
"""What the requester was promised; the rest is between us, our teams and our suppliers."""


class AgreementQuerySet(models.QuerySet["Agreement"]):
    def visible_to(self, user: User) -> Self:
        return self if user.is_agent else self.filter(kind=Agreement.Kind.SLA, customer=user.organisation_id)

    def in_force(self, on: date) -> Self:
        """Those that applied on that day: a superseded version did until its end."""
        return self.exclude(state=Agreement.State.DRAFT).filter(
            Q(end_date=None) | Q(end_date__gt=on), start_date__lte=on
        )

    def active(self) -> Self:
        return self.filter(state=Agreement.State.ACTIVE)


class Agreement(models.Model):
    """One version of a document that promises times: to a customer (SLA), by one of our teams (OLA), by a supplier (UC).

    No `customer` = the default for everybody; no `services` = all of them. The most specific SLA in force applies:
    customer and service, customer, service, default. A version that is active is never edited: `replaces` names the one
    it came from, which is superseded and ends the day this one begins. `applies_to_open`: tickets opened before moved
    over to this version.

    `pauses_on` are the waiting reasons that stop its clocks. `starts_from` is where a clock begins whose promise changed,
    `reopens_as` what a reopening does to the resolution clock, `reply_mode` when a next reply is owed (BEHAVIOUR.md rules
    3, 4 and 7).
    """

    class Kind(models.TextChoices):
        SLA = "sla", _("Service level agreement")
        OLA = "ola", _("Operational level agreement")
        UC = "uc", _("Underpinning contract")

    class State(models.TextChoices):
        DRAFT = "draft", pgettext_lazy("agreement", "Draft")
        ACTIVE = "active", pgettext_lazy("agreement", "Active")
        SUPERSEDED = "superseded", pgettext_lazy("agreement", "Superseded")

    class ReopensAs(models.TextChoices):
        RESUME = "resume", _("The clock goes on, without the time it stood still")
        NEW_CYCLE = "new_cycle", _("A new clock with the full time begins")

    class StartsFrom(models.TextChoices):
        CREATION = "creation", _("When the ticket was opened")
        ASSIGNMENT = "assignment", _("When the team got the ticket")

    class ReplyMode(models.TextChoices):
        TO_ANSWER = "to_answer", _("After the requester has written")
        BETWEEN = "between", _("After each of our replies")

    kind = models.CharField(_("kind"), max_length=3, choices=Kind, default=Kind.SLA)
    name = models.CharField(_("name"), max_length=80)
    version = models.PositiveIntegerField(_("version"), default=1)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.ACTIVE)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    applies_to_open = models.BooleanField(default=False)
    customer = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="agreements",
        verbose_name=_("customer"),
    )
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="agreements", verbose_name=_("team")
    )
    supplier = models.ForeignKey(
        Organisation,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="contracts",
        verbose_name=_("supplier"),
    )
    services = models.ManyToManyField(Service, related_name="agreements", blank=True, verbose_name=_("services"))
    calendar = models.ForeignKey(
        BusinessCalendar, on_delete=models.PROTECT, related_name="agreements", verbose_name=_("calendar")
    )
    start_date = models.DateField(_("valid from"))
    end_date = models.DateField(_("valid until"), null=True, blank=True)
    review_date = models.DateField(_("review on"), null=True, blank=True)
    signed_by = models.CharField(_("signed by"), max_length=120, blank=True, default="")
    signed_for_us_by = models.CharField(_("signed for us by"), max_length=120, blank=True, default="")
    signed_date = models.DateField(_("signed on"), null=True, blank=True)
    pauses_on = ArrayField(
        models.CharField(max_length=10, choices=WaitingReason), default=list, blank=True, verbose_name=_("pauses while")
    )
    starts_from = models.CharField(
        _("a changed target starts"), max_length=10, choices=StartsFrom, default=StartsFrom.CREATION
    )
    reopens_as = models.CharField(_("on reopening"), max_length=10, choices=ReopensAs, default=ReopensAs.RESUME)
    reply_mode = models.CharField(
        _("a next reply is owed"), max_length=10, choices=ReplyMode, default=ReplyMode.TO_ANSWER
    )
    attainment_target = models.PositiveSmallIntegerField(_("target in percent"), default=95)
    availability_target = models.DecimalField(
        _("availability in percent"), max_digits=6, decimal_places=3, null=True, blank=True
    )
    workload_limit = models.PositiveIntegerField(_("tickets a month at most"), null=True, blank=True)
    exceptions = models.TextField(_("exceptions"), blank=True, default="")

    objects = AgreementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="slas_one_agreement_version_each"),
            models.UniqueConstraint(fields=["name"], name="slas_one_active_version", condition=Q(state="active")),
            models.UniqueConstraint(fields=["name"], name="slas_one_draft_version", condition=Q(state="draft")),
            models.CheckConstraint(
                condition=Q(end_date=None) | Q(end_date__gte=F("start_date")), name="slas_agreement_ends_after_start"
            ),
            models.CheckConstraint(condition=Q(attainment_target__lte=100), name="slas_target_is_a_percentage"),
            models.CheckConstraint(
                condition=Q(availability_target=None) | Q(availability_target__gt=0, availability_target__lte=100),
                name="slas_availability_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=Q(kind="sla", team=None, supplier=None)
                | Q(kind="ola", team__isnull=False, customer=None, supplier=None)
                | Q(kind="uc", supplier__isnull=False, customer=None, team=None),
                name="slas_agreement_has_its_party",
            ),
        ]

    def __str__(self) -> str:
        return self.name if self.version == 1 else f"{self.name} (v{self.version})"

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT


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
    """What happens at `percent` of the target, moved by `offset` (negative = earlier), in working time unless
    `at_any_hour`. No `metric` = every metric. Clocks keep a copy of the ladder they started with.

    It fires only for `only_priorities` (none = all), `only_unassigned`, `only_unanswered` (no public word of ours yet);
    nobody is told when one of us wrote to the requester within `quiet_for`. What was left out, and why, is kept on the
    Escalation.
    """

    agreement = models.ForeignKey(Agreement, on_delete=models.CASCADE, related_name="steps")
    metric = models.CharField(_("for"), max_length=20, choices=Metric, blank=True, default="")
    percent = models.PositiveSmallIntegerField(_("at percent of the target"), default=100)
    offset = models.DurationField(_("later by"), default=timedelta(0))
    at_any_hour = models.BooleanField(_("also outside working hours"), default=False)
    only_priorities = ArrayField(
        models.PositiveSmallIntegerField(choices=Priority), default=list, blank=True, verbose_name=_("only priorities")
    )
    only_unassigned = models.BooleanField(_("only while nobody owns it"), default=False)
    only_unanswered = models.BooleanField(_("only while we have not answered"), default=False)
    quiet_for = models.DurationField(_("quiet after a reply for"), null=True, blank=True)
    notifies_assignee = models.BooleanField(_("tell the assignee"), default=True)
    notifies_lead = models.BooleanField(_("tell the team lead"), default=False)
    notifies_manager = models.BooleanField(_("tell the manager"), default=False)
    notifies_owner = models.BooleanField(_("tell the service owner"), default=False)
    raises_priority = models.BooleanField(_("raise the priority"), default=False)
    reassigns_to = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("hand over to")
    )
    webhook = models.ForeignKey(
        Webhook, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("call the webhook")
    )

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(percent__lte=1000), name="slas_step_is_a_percentage"),
        ]

    def __str__(self) -> str:
        return f"{self.agreement} {self.percent} % + {self.offset}"

    @property
    def notifies(self) -> list[str]:
        chosen = {
            "assignee": self.notifies_assignee,
            "lead": self.notifies_lead,
            "manager": self.notifies_manager,
            "owner": self.notifies_owner,
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


class OutageQuerySet(models.QuerySet["Outage"]):
    def visible_to(self, user: User) -> Self:
        return self if user.is_agent else self.filter(service__in=Service.objects.visible_to(user))

    def overlapping(self, starts_at: datetime, ends_at: datetime) -> Self:
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=starts_at), starts_at__lt=ends_at)


class Outage(models.Model):
    """A time [starts_at, ends_at) in which a service was not available; no end = it still is not. `is_planned` time was
    agreed beforehand and does not count against it. `ticket` is the incident that tells of it."""

    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="outages", verbose_name=_("service"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    is_planned = models.BooleanField(_("planned"), default=False)
    cause = models.CharField(_("what happened"), max_length=200, blank=True, default="")
    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, null=True, blank=True, related_name="outages")
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = OutageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")), name="slas_outage_ends_after_start"
            ),
        ]
        indexes = [models.Index(fields=["service", "starts_at"], name="slas_outage_service")]

    def __str__(self) -> str:
        return f"{self.service} from {self.starts_at}"
