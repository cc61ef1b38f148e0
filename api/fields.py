"""What the API's serializers are made of: inputs that refuse what they do not know, and fields that find a row only
among those the caller may see."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Organisation, Team, User
from catalog.models import Service
from tickets.models import Ticket

LONGEST_TEXT = 100_000
"""Characters of a message."""


# An explicit list of what may be sent; anything else is named and refused (no mass assignment). Context: `reader`, the
# caller. (A comment: drf-spectacular would print the docstring of a base class under every body.)
class Input(serializers.Serializer[Any]):
    def to_internal_value(self, data: Any) -> Any:
        problems: dict[str, Any] = {}
        if isinstance(data, Mapping):
            problems = {name: [_("This is not known here.")] for name in data if name not in self.fields}
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise serializers.ValidationError(error.detail | problems) from None  # type: ignore[operator]
        if problems:
            raise serializers.ValidationError(problems)
        return values


class Query(Input):
    """The parameters of every list. `cursor` comes from the `next` address of the page before."""

    limit = serializers.IntegerField(min_value=1, max_value=200, default=50, help_text="Rows on a page.")
    cursor = serializers.CharField(default="", max_length=500, help_text="Where to go on: part of `next`.")
    total = serializers.BooleanField(default=False, help_text="Count all rows as well.")


class At(serializers.DateTimeField):
    """A moment: out in UTC whoever reads it, in only with its zone (ACCEPTANCE.md H6)."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "no_zone": _("Please give the time zone, as in 2026-11-23T10:00:00Z.")
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.utcoffset() is None:
            self.fail("no_zone")
        return super().enforce_timezone(value)


@extend_schema_field(OpenApiTypes.DOUBLE)
class Seconds(serializers.Field[timedelta, Any, float, Any]):
    """A duration, out as seconds."""

    def to_representation(self, value: timedelta) -> float:
        return value.total_seconds()


class Text(serializers.CharField):
    """A text of a body, and nothing that could be read as one: 7 is not "7"."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A whole number of a body; "7" is none."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int | float) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class OneOf(serializers.ChoiceField):
    """A choice of a body, a number where the choices are numbers."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if isinstance(data, str) != isinstance(value, str):
            self.fail("invalid_choice", input=data)
        return value


class _Row(serializers.Field[Any, Any, Any, Any]):
    """One row by `column`, among those the caller may see: unknown and foreign read alike."""

    column: ClassVar[str]
    default_error_messages: ClassVar[dict[str, Any]] = {"missing": _("There is no such row.")}

    def rows(self, reader: User) -> QuerySet[Any]:
        raise NotImplementedError

    def run_validation(self, data: Any = serializers.empty) -> Model | None:
        """The database is asked last, with a value that has passed every other check."""
        value = super().run_validation(data)
        if value is None:
            return None
        row = self.rows(self.context["reader"]).filter(**{self.column: value}).first()
        if row is None:
            self.fail("missing")
        return row


class PersonField(_Row, Whole):
    column = "pk"
    default_error_messages: ClassVar[dict[str, Any]] = {"missing": _("There is no such person.")}

    def rows(self, reader: User) -> QuerySet[User]:
        return User.objects.visible_to(reader).active()


class TeamField(_Row, Whole):
    column = "pk"
    default_error_messages: ClassVar[dict[str, Any]] = {"missing": _("There is no such team.")}

    def rows(self, reader: User) -> QuerySet[Team]:
        return Team.objects.visible_to(reader).filter(is_active=True)


class ServiceField(_Row, Text):
    column = "key"
    default_error_messages: ClassVar[dict[str, Any]] = {"missing": _("There is no such service.")}

    def rows(self, reader: User) -> QuerySet[Service]:
        return Service.objects.visible_to(reader)


class TicketField(_Row, Text):
    column = "number"
    default_error_messages: ClassVar[dict[str, Any]] = {"missing": _("There is no such ticket.")}

    def rows(self, reader: User) -> QuerySet[Ticket]:
        return Ticket.objects.visible_to(reader)


class PersonName(serializers.Serializer[User]):
    """A person by id and name. The e-mail address is told only by /people/, to those who may see it."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class TeamName(serializers.Serializer[Team]):
    """A team by id and name."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class OrganisationName(serializers.Serializer[Organisation]):
    """An organisation by id and name."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class ServiceName(serializers.Serializer[Service]):
    """A service by its key and name."""

    key = serializers.CharField()
    name = serializers.CharField()
