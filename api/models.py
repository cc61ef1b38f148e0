"""Keys to the API, and the answers kept so that a repeated call is answered and not repeated."""

from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.permissions import Permission

LONGEST_LIFE = timedelta(days=366)
"""A token lives a year at most, leap years included."""


class Scope(models.TextChoices):
    READ = "read", _("Read")
    WRITE = "write", _("Write")


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def visible_to(self, user: User) -> Self:
        """One's own; administrators see everybody's, to take one away. The secret itself nobody sees again."""
        return self if user.can(Permission.ADMINISTER) else self.filter(owner=user)


class ApiToken(models.Model):
    """A key that acts for its owner, with no more than his rights at the moment of each call.

    Only the hash of the secret is kept; `prefix` is its beginning, by which its owner tells his tokens apart.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(max_length=12)
    sha256 = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(scopes__len__gt=0), name="api_token_has_a_scope"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")) & Q(expires_at__lte=F("created_at") + LONGEST_LIFE),
                name="api_token_ends_within_a_year",
            ),
        ]
        indexes = [models.Index(fields=["owner", "-created_at"], name="api_token_owner")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def scope_labels(self) -> list[str]:
        return [str(Scope(scope).label) for scope in self.scopes]

    def is_usable(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


class IdempotentCall(models.Model):
    """One POST that carried an Idempotency-Key, and what was answered.

    Written in the transaction of the call itself: if that is rolled back the key is free again. `status` is null only
    inside that transaction; `body` is the JSON of the answer.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    method = models.CharField(max_length=6)
    path = models.CharField(max_length=300)
    request_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="api_one_call_per_key")]
        indexes = [models.Index(fields=["created_at"], name="api_call_age")]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"
