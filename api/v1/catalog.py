"""The services the caller may report trouble with."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.fields import Query, TeamName
from api.pagination import Page
from api.schema import paged
from catalog.models import Service


class ServiceSerializer(serializers.Serializer[Service]):
    key = serializers.SlugField()
    name = serializers.CharField()
    description = serializers.CharField()
    state = serializers.ChoiceField(choices=Service.State.choices)
    support_team = TeamName(allow_null=True)


class ServiceQuery(Query):
    state = serializers.ChoiceField(choices=Service.State.choices, required=False)
    q = serializers.CharField(required=False, max_length=100, help_text="Part of the name.")


class Services(Endpoint):
    @extend_schema(
        operation_id="services_list", parameters=[ServiceQuery], responses=paged(ServiceSerializer), tags=["services"]
    )
    def get(self, request: Request) -> Response:
        """Services: all of them to the desk, the live ones his organisation uses to everybody else."""
        query = self.read_query(ServiceQuery)
        rows = Service.objects.visible_to(self.reader).select_related("support_team")
        if state := query.get("state"):
            rows = rows.filter(state=state)
        if words := query.get("q"):
            rows = rows.filter(name__icontains=words)
        page = Page(request, rows, query)
        return page.answer(self.show(ServiceSerializer, page.rows, many=True))


class ServiceDetail(Endpoint):
    @extend_schema(operation_id="services_retrieve", responses=ServiceSerializer, tags=["services"])
    def get(self, request: Request, key: str) -> Response:
        """One service."""
        rows = Service.objects.visible_to(self.reader).select_related("support_team")
        return Response(self.show(ServiceSerializer, get_object_or_404(rows, key=key)))
