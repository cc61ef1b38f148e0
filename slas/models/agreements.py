"""Agreements as versioned documents, with their targets and escalation steps."""

from datetime import date, timedelta
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organisation, Team, User
from catalog.models import Service
from journal.models import Webhook
from slas.models.calendars import BusinessCalendar
from tickets.models import Priority, WaitingReason


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


class PromiseStamp(models.Model):
    """One row, whose value PostgreSQL changes with every statement that changes an agreement, what it says or a calendar:
    whoever keeps in memory what is promised looks here whether it still holds (slas/standing.py)."""

    value = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.value)
