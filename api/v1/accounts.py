"""People, organisations and teams: as much of them as the caller may see."""

from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organisation, Team, User
from accounts.permissions import Permission
from api.endpoint import Endpoint
from api.fields import At, OrganisationName, PersonName, Query, TeamName
from api.models import ApiToken, Scope
from api.pagination import Page
from api.schema import paged


class OrganisationSerializer(serializers.Serializer[Organisation]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Organisation.Kind.choices)
    time_zone = serializers.CharField()
    is_active = serializers.BooleanField()


class PersonSerializer(serializers.Serializer[User]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    email = serializers.EmailField()
    organisation = OrganisationName()
    time_zone = serializers.CharField()
    language = serializers.CharField()
    is_active = serializers.BooleanField()


class TeamSerializer(serializers.Serializer[Team]):
    id = serializers.IntegerField()
    name = serializers.CharField()
    organisation = OrganisationName()
    lead = PersonName(allow_null=True)
    manager = PersonName(allow_null=True)
    members = PersonName(many=True)
    is_active = serializers.BooleanField()


class TokenSerializer(serializers.Serializer[ApiToken]):
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=Scope.choices))
    expires_at = At()


class MeSerializer(PersonSerializer):
    """The caller. `token` is the one he calls with, null in a browser's session."""

    permissions = serializers.ListField(child=serializers.ChoiceField(choices=Permission.choices))
    teams = TeamName(many=True)
    token = TokenSerializer(allow_null=True)


class OrganisationQuery(Query):
    kind = serializers.ChoiceField(choices=Organisation.Kind.choices, required=False)
    q = serializers.CharField(required=False, max_length=100, help_text="Part of the name.")


class PersonQuery(Query):
    organisation = serializers.IntegerField(required=False, min_value=1, help_text="Its id.")
    q = serializers.CharField(required=False, max_length=100, help_text="Part of the name or the e-mail address.")


class TeamQuery(Query):
    q = serializers.CharField(required=False, max_length=100, help_text="Part of the name.")


class Organisations(Endpoint):
    @extend_schema(
        operation_id="organisations_list",
        parameters=[OrganisationQuery],
        responses=paged(OrganisationSerializer),
        tags=["people"],
    )
    def get(self, request: Request) -> Response:
        """Organisations: all of them to the desk, his own to everybody else."""
        query = self.read_query(OrganisationQuery)
        rows = Organisation.objects.visible_to(self.reader)
        if kind := query.get("kind"):
            rows = rows.filter(kind=kind)
        if words := query.get("q"):
            rows = rows.filter(name__icontains=words)
        page = Page(request, rows, query)
        return page.answer(self.show(OrganisationSerializer, page.rows, many=True))


class OrganisationDetail(Endpoint):
    @extend_schema(operation_id="organisations_retrieve", responses=OrganisationSerializer, tags=["people"])
    def get(self, request: Request, pk: int) -> Response:
        """One organisation."""
        return Response(
            self.show(OrganisationSerializer, get_object_or_404(Organisation.objects.visible_to(self.reader), pk=pk))
        )


class People(Endpoint):
    @extend_schema(
        operation_id="people_list", parameters=[PersonQuery], responses=paged(PersonSerializer), tags=["people"]
    )
    def get(self, request: Request) -> Response:
        """People: all of them to the desk, those of the organisation to its manager, himself to everybody else."""
        query = self.read_query(PersonQuery)
        rows = User.objects.visible_to(self.reader).select_related("organisation")
        if organisation := query.get("organisation"):
            rows = rows.filter(organisation_id=organisation)
        if words := query.get("q"):
            rows = rows.filter(Q(name__icontains=words) | Q(email__icontains=words))
        page = Page(request, rows, query)
        return page.answer(self.show(PersonSerializer, page.rows, many=True))


class PersonDetail(Endpoint):
    @extend_schema(operation_id="people_retrieve", responses=PersonSerializer, tags=["people"])
    def get(self, request: Request, pk: int) -> Response:
        """One person."""
        rows = User.objects.visible_to(self.reader).select_related("organisation")
        return Response(self.show(PersonSerializer, get_object_or_404(rows, pk=pk)))


class Teams(Endpoint):
    @extend_schema(operation_id="teams_list", parameters=[TeamQuery], responses=paged(TeamSerializer), tags=["people"])
    def get(self, request: Request) -> Response:
        """Teams and their members: all of them to the desk, those of his organisation to everybody else."""
        query = self.read_query(TeamQuery)
        rows = _teams(self.reader)
        if words := query.get("q"):
            rows = rows.filter(name__icontains=words)
        page = Page(request, rows, query)
        return page.answer(self.show(TeamSerializer, page.rows, many=True))


class TeamDetail(Endpoint):
    @extend_schema(operation_id="teams_retrieve", responses=TeamSerializer, tags=["people"])
    def get(self, request: Request, pk: int) -> Response:
        """One team."""
        return Response(self.show(TeamSerializer, get_object_or_404(_teams(self.reader), pk=pk)))


class Me(Endpoint):
    @extend_schema(operation_id="me_retrieve", responses=MeSerializer, tags=["people"])
    def get(self, request: Request) -> Response:
        """Who is calling, and what he may do."""
        me: dict[str, Any] = {
            **self.show(PersonSerializer, self.reader),
            "permissions": sorted(self.reader.permissions),
            "teams": self.show(TeamName, self.reader.teams.order_by("id"), many=True),
            "token": self.show(TokenSerializer, request.auth) if isinstance(request.auth, ApiToken) else None,
        }
        return Response(me)


def _teams(reader: User) -> Any:
    rows = Team.objects.visible_to(reader).select_related("organisation", "lead", "manager")
    return rows.prefetch_related("members")
