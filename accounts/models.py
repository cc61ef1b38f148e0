"""People, the organisations they belong to, the teams that do the work, and the roles that say what they may do."""

import zoneinfo
from functools import cached_property
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission


def validate_time_zone(value: str) -> None:
    if value not in zoneinfo.available_timezones():
        raise ValidationError(_("%(value)s is not a time zone."), params={"value": value})


class OrganisationQuerySet(models.QuerySet["Organisation"]):
    def visible_to(self, user: "User") -> Self:
        if user.can(Permission.VIEW_PEOPLE):
            return self
        return self.filter(pk=user.organisation_id)


class Organisation(models.Model):
    class Kind(models.TextChoices):
        CUSTOMER = "customer", _("Customer")
        INTERNAL = "internal", _("Internal")
        SUPPLIER = "supplier", _("Supplier")

    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC", validators=[validate_time_zone])
    is_active = models.BooleanField(_("active"), default=True)

    objects = OrganisationQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


SEEDED_ROLES = (
    gettext_noop("Requester"),
    gettext_noop("Organisation manager"),
    gettext_noop("Agent"),
    gettext_noop("Team lead"),
    gettext_noop("Manager"),
    gettext_noop("Auditor"),
    gettext_noop("Administrator"),
)
"""The names a new installation starts with (migration 0002), here so that the catalogue knows them."""


class Role(models.Model):
    """Shown in the reader's language where the catalogue knows its name."""

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=60)
    permissions = ArrayField(models.CharField(max_length=40, choices=Permission), default=list, blank=True)

    def __str__(self) -> str:
        return gettext(self.name)


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: "User") -> Self:
        if user.can(Permission.VIEW_PEOPLE):
            return self
        if user.can(Permission.VIEW_ORGANISATION_TICKETS):
            return self.filter(organisation_id=user.organisation_id)
        return self.filter(pk=user.pk)

    def active(self) -> Self:
        return self.filter(is_active=True)

    def with_permission(self, permission: Permission) -> Self:
        return self.filter(roles__permissions__contains=[permission]).distinct()


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: "User") -> UserQuerySet:
        return self.get_queryset().visible_to(user)

    def active(self) -> UserQuerySet:
        return self.get_queryset().active()

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An administrator, in the first internal organisation (made when there is none): `manage.py createsuperuser`."""
        if "organisation" not in fields:
            fields["organisation"], _created = Organisation.objects.get_or_create(
                kind=Organisation.Kind.INTERNAL, defaults={"name": "Our organisation"}
            )
        user = self.create_user(email, password, **fields)
        user.roles.add(Role.objects.get(key="admin"))
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person, signing in by e-mail. Never deleted under what he did: erasure overwrites the row."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("As the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="people")
    roles = models.ManyToManyField(Role, related_name="people", blank=True)
    reports_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="reports")
    time_zone = models.CharField(_("time zone"), max_length=60, default="UTC", validators=[validate_time_zone])
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, default="en")
    theme = models.CharField(_("theme"), max_length=6, choices=Theme, default=Theme.SYSTEM)
    is_active = models.BooleanField(_("active"), default=True)
    joined_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="accounts_one_person_per_email")]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Union over the roles. Read once per row object, so a change of roles takes effect with the next request."""
        if not self.is_active:
            return frozenset()
        return frozenset(p for role in self.roles.all() for p in role.permissions)

    def can(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def is_agent(self) -> bool:
        return self.can(Permission.ENTER_DESK)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: User) -> Self:
        if user.can(Permission.VIEW_PEOPLE):
            return self
        return self.filter(organisation_id=user.organisation_id)


class Team(models.Model):
    """A group that takes work. `lead` and `manager` are who escalations reach after the assignee."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="teams")
    lead = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="leads")
    manager = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="manages")
    members: "models.ManyToManyField[User, Membership]" = models.ManyToManyField(
        User, through="Membership", related_name="teams"
    )
    is_active = models.BooleanField(_("active"), default=True)

    objects = TeamQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="accounts_one_membership_per_team")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


def agents() -> UserQuerySet:
    """People who may be assigned work."""
    return UserQuerySet(User).active().with_permission(Permission.WORK_TICKETS)
