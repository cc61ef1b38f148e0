"""The services that are provided, and who owns them."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, Team, User
from accounts.permissions import Permission


class ServiceQuerySet(models.QuerySet["Service"]):
    def visible_to(self, user: User) -> Self:
        """Customers see the live services their organisation uses."""
        if user.can(Permission.VIEW_ALL_TICKETS):
            return self
        return self.live().filter(customers=user.organisation_id)

    def live(self) -> Self:
        return self.filter(state=Service.State.LIVE)


class Service(models.Model):
    class State(models.TextChoices):
        LIVE = "live", _("Live")
        RETIRED = "retired", _("Retired")

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80, unique=True)
    description = models.CharField(_("description"), max_length=200, blank=True)
    icon = models.CharField(max_length=40, default="apps")
    state = models.CharField(max_length=10, choices=State, default=State.LIVE)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_services")
    support_team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="supported_services"
    )
    customers = models.ManyToManyField(Organisation, related_name="services", blank=True)

    objects = ServiceQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name
