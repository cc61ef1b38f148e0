"""What an incident has beyond the header row all work shares."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from incidents.states import State
from tickets.models import Ticket


class ResolutionCode(models.TextChoices):
    FIXED = "fixed", _("Fixed")
    WORKAROUND = "workaround", _("Workaround given")
    ADVICE = "advice", _("Advice or training given")
    CONFIGURATION = "configuration", _("Configuration corrected")
    REPLACEMENT = "replacement", _("Hardware repaired or replaced")
    NOT_REPRODUCED = "not_reproduced", _("Could not be reproduced")
    DUPLICATE = "duplicate", _("Duplicate of another ticket")
    OTHER = "other", _("Other")


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(ticket__in=Ticket.objects.visible_to(user))

    def with_header(self) -> Self:
        return self.select_related(
            "ticket__requester", "ticket__assignee", "ticket__team", "ticket__service", "ticket__organisation"
        )


class Incident(models.Model):
    """`priority_reason` is set while the priority stands against the matrix. `state` moves only along MACHINE."""

    ticket = models.OneToOneField(Ticket, on_delete=models.PROTECT, primary_key=True, related_name="incident")
    state = models.CharField(max_length=12, choices=State, default=State.NEW)
    category = models.CharField(_("category"), max_length=60, blank=True, default="")
    priority_reason = models.CharField(max_length=200, blank=True, default="")
    resolution_code = models.CharField(max_length=20, choices=ResolutionCode, blank=True, default="")
    resolution = models.TextField(blank=True, default="")
    reopened_at = models.DateTimeField(null=True)
    reopened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects = IncidentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="incidents_resolved_has_resolution",
                condition=~Q(state=State.RESOLVED) | Q(resolution_code__gt="", resolution__gt=""),
            ),
        ]

    def __str__(self) -> str:
        return str(self.ticket)
