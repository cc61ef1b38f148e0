"""What an agent keeps of his own in the desk."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def visible_to(self, user: User) -> Self:
        """One's own, and what colleagues share. What a filter lists is decided by its reader's rights, not here."""
        return self.filter(Q(user=user) | Q(is_shared=True))


class SavedFilter(models.Model):
    """An address of the queue under a name. `query` is its query string, as work.selectors.queue writes it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=1000)
    position = models.PositiveIntegerField(default=0)
    is_shared = models.BooleanField(_("shared with all agents"), default=False)

    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="desk_one_filter_per_name")]
        indexes = [models.Index(fields=["user", "position"], name="desk_savedfilter_own")]

    def __str__(self) -> str:
        return self.name
