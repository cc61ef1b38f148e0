"""The spine: the header row that all work shares, who watches it and what it is linked to."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organisation, Team, User
from accounts.permissions import Permission
from catalog.models import Service


class Kind(models.TextChoices):
    INCIDENT = "incident", _("Incident")


PREFIXES = {Kind.INCIDENT: "INC"}


class Phase(models.TextChoices):
    """What every practice's states are labels over: clocks, rights and reports follow the phase."""

    NEW = "new", pgettext_lazy("phase", "New")
    OPEN = "open", pgettext_lazy("phase", "In progress")
    WAITING = "waiting", pgettext_lazy("phase", "On hold")
    RESOLVED = "resolved", pgettext_lazy("phase", "Resolved")
    CLOSED = "closed", pgettext_lazy("phase", "Closed")
    CANCELLED = "cancelled", pgettext_lazy("phase", "Cancelled")


ACTIVE_PHASES = (Phase.NEW, Phase.OPEN, Phase.WAITING)
"""Phases in which somebody still has to do something; the queue's index covers exactly these."""


class WaitingReason(models.TextChoices):
    REQUESTER = "requester", _("Waiting for the requester")
    SUPPLIER = "supplier", _("Waiting for a supplier")
    APPROVAL = "approval", _("Waiting for approval")
    CHANGE = "change", _("Waiting for a change")
    PROBLEM = "problem", _("Waiting for a problem")
    SCHEDULED = "scheduled", _("Scheduled for later")


class Impact(models.IntegerChoices):
    HIGH = 1, pgettext_lazy("impact", "High: a whole organisation")
    MEDIUM = 2, pgettext_lazy("impact", "Medium: a department or site")
    LOW = 3, pgettext_lazy("impact", "Low: one person")


class Urgency(models.IntegerChoices):
    HIGH = 1, pgettext_lazy("urgency", "High: work has stopped")
    MEDIUM = 2, pgettext_lazy("urgency", "Medium: work is hindered")
    LOW = 3, pgettext_lazy("urgency", "Low: work goes on")


class Priority(models.IntegerChoices):
    P1 = 1, pgettext_lazy("priority", "P1 Critical")
    P2 = 2, pgettext_lazy("priority", "P2 High")
    P3 = 3, pgettext_lazy("priority", "P3 Moderate")
    P4 = 4, pgettext_lazy("priority", "P4 Low")
    P5 = 5, pgettext_lazy("priority", "P5 Planning")


class Channel(models.TextChoices):
    PORTAL = "portal", _("Portal")
    DESK = "desk", _("Desk")
    MAIL = "mail", _("E-mail")
    PHONE = "phone", _("Phone")
    API = "api", "API"
    IMPORT = "import", _("Import")


class PriorityRule(models.Model):
    """One cell of the editable table impact × urgency → priority (BEHAVIOUR.md 4.1)."""

    impact = models.PositiveSmallIntegerField(choices=Impact)
    urgency = models.PositiveSmallIntegerField(choices=Urgency)
    priority = models.PositiveSmallIntegerField(choices=Priority)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["impact", "urgency"], name="tickets_one_priority_per_cell"),
        ]

    def __str__(self) -> str:
        return f"{self.impact}/{self.urgency} → {self.priority}"


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, user: User) -> Self:
        """The one visibility gate of tickets, entries and files."""
        if user.can(Permission.VIEW_ALL_TICKETS):
            return self
        watched = Watcher.objects.filter(user=user).values("ticket_id")
        mine = Q(requester=user) | Q(opened_by=user) | Q(pk__in=watched)
        if user.can(Permission.VIEW_ORGANISATION_TICKETS):
            mine |= Q(organisation_id=user.organisation_id)
        return self.filter(mine)

    def active(self) -> Self:
        return self.filter(phase__in=ACTIVE_PHASES)

    def with_people(self) -> Self:
        """Everything a list row shows, in one query."""
        return self.select_related("requester", "assignee", "team", "service", "organisation")

    def next_breach_first(self) -> Self:
        return self.order_by(F("next_due_at").asc(nulls_last=True), "id")


class Ticket(models.Model):
    """The header row of every incident (and later request, problem, change).

    `next_due_at` repeats the deadline of its most urgent running clock (slas keeps it), so that every queue is one
    indexed query. `team_since_at` is when its present team got it (null = at its opening). `version` rises with every change of the header: an edit made against an older one is stale.
    `external_source` and `external_id` are an import's own name for it.
    """

    number = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=12, choices=Kind)
    subject = models.CharField(_("subject"), max_length=200)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="requested_tickets")
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="opened_tickets")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="tickets")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, null=True, blank=True, related_name="tickets")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="tickets")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="assigned_tickets"
    )
    impact = models.PositiveSmallIntegerField(_("impact"), choices=Impact, default=Impact.LOW)
    urgency = models.PositiveSmallIntegerField(_("urgency"), choices=Urgency, default=Urgency.LOW)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority, default=Priority.P4)
    phase = models.CharField(_("state"), max_length=10, choices=Phase, default=Phase.NEW)
    waiting_reason = models.CharField(max_length=10, choices=WaitingReason, blank=True, default="")
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.PORTAL)
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    team_since_at = models.DateTimeField(null=True, blank=True)
    next_due_at = models.DateTimeField(null=True, blank=True)
    n_reopens = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    external_source = models.CharField(max_length=40, blank=True, default="")
    external_id = models.CharField(max_length=80, blank=True, default="")

    objects = TicketQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["external_source", "external_id"],
                name="tickets_one_per_external_reference",
                condition=~Q(external_id=""),
            ),
            models.CheckConstraint(
                name="tickets_waiting_has_reason",
                condition=Q(phase=Phase.WAITING, waiting_reason__gt="")
                | (~Q(phase=Phase.WAITING) & Q(waiting_reason="")),
            ),
        ]
        indexes = [
            models.Index(
                F("next_due_at").asc(nulls_last=True), "id", name="tickets_queue", condition=Q(phase__in=["new", "open", "waiting"])
            ),
            models.Index(fields=["assignee", "phase"], name="tickets_assignee"),
            models.Index(fields=["team", "phase"], name="tickets_team"),
            models.Index(fields=["requester", "-opened_at"], name="tickets_requester"),
            models.Index(fields=["organisation", "-opened_at"], name="tickets_organisation"),
            models.Index(fields=["-opened_at", "-id"], name="tickets_newest"),
            models.Index(fields=["resolved_at"], name="tickets_to_close", condition=Q(phase="resolved")),
            GinIndex(fields=["subject"], opclasses=["gin_trgm_ops"], name="tickets_subject_trigram"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.number} {self.subject}"

    def get_absolute_url(self) -> str:
        return reverse("ticket", args=[self.number])

    @property
    def is_active(self) -> bool:
        return self.phase in ACTIVE_PHASES


class Watcher(models.Model):
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="watchers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="watched")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="tickets_watches_once")]

    def __str__(self) -> str:
        return f"{self.user_id} watches {self.ticket_id}"


class Link(models.Model):
    class Type(models.TextChoices):
        RELATES = "relates", _("relates to")
        DUPLICATES = "duplicates", _("is a duplicate of")
        CAUSED_BY = "caused_by", _("was caused by")
        FOLLOWS = "follows", _("follows up on")

    source = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links_out")
    target = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links_in")
    type = models.CharField(max_length=12, choices=Type)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "target", "type"], name="tickets_linked_once"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="tickets_no_link_to_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.source_id} {self.type} {self.target_id}"
