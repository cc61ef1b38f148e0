"""Times in which a service was not available."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Service
from tickets.models import Ticket


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
