"""Incidents: the list, one of them, opening and correcting. The verbs are in incident_verbs.py."""

import re
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.permissions import Permission
from api.endpoint import Endpoint, IncidentEndpoint
from api.fields import LONGEST_TEXT, At, Input, OneOf, PersonField, Query, ServiceField, TeamField, Text, Whole
from api.idempotency import once
from api.pagination import Page
from api.problems import BadQuery
from api.schema import IF_MATCH, paged
from api.v1.tickets import TicketSerializer
from incidents import policies, services
from incidents.models import Incident, ResolutionCode
from incidents.states import State
from slas.selectors import clocks_visible_to, public_due_at
from tickets import policies as ticket_policies
from tickets.models import Channel, Impact, Kind, Phase, Priority, Ticket, TicketQuerySet, Urgency
from work import services as work
from work.kinds import possible_verbs
from work.selectors.lists import about

ME, NOBODY = "me", "none"


class IncidentSerializer(TicketSerializer):
    """`verbs` is what the caller may do with it now. `priority_reason` (why the priority stands against the table) is
    told to the desk only."""

    state = serializers.ChoiceField(choices=State.choices, source="incident.state")
    category = serializers.CharField(source="incident.category")
    priority_reason = serializers.SerializerMethodField()
    resolution_code = serializers.ChoiceField(
        choices=ResolutionCode.choices, allow_blank=True, source="incident.resolution_code"
    )
    resolution = serializers.CharField(source="incident.resolution")
    verbs = serializers.SerializerMethodField()

    def get_priority_reason(self, ticket: Ticket) -> str | None:
        return ticket.incident.priority_reason if self.context["reader"].can(Permission.VIEW_INTERNAL) else None

    def get_verbs(self, ticket: Ticket) -> list[str]:
        return [verb.name for verb in possible_verbs(ticket=ticket, user=self.context["reader"])]


class IncidentQuery(Query):
    phase = serializers.MultipleChoiceField(choices=Phase.choices, required=False)
    priority = serializers.MultipleChoiceField(choices=Priority.choices, required=False)
    assignee = serializers.RegexField(r"^(me|none|[0-9]{1,18})$", required=False, help_text="An id, `me` or `none`.")
    requester = serializers.RegexField(r"^(me|[0-9]{1,18})$", required=False, help_text="An id or `me`.")
    team = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, help_text="Its id.")
    organisation = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, help_text="Its id.")
    service = serializers.SlugField(max_length=40, required=False, help_text="Its key.")
    breached = serializers.BooleanField(required=False, help_text="A promise was broken, or none was.")
    updated_since = At(required=False)
    q = serializers.CharField(max_length=200, required=False, help_text="A number, or words of the subject.")


class OpenInput(Input):
    """What everybody may say. Who works tickets may also say `requester`, `team` and `category`."""

    subject = Text(max_length=200)
    body = Text(max_length=LONGEST_TEXT, help_text="Markdown.")
    service = ServiceField(allow_null=True, default=None, help_text="Its key.")
    impact = OneOf(choices=Impact.choices, default=Impact.LOW)
    urgency = OneOf(choices=Urgency.choices, default=Urgency.LOW)


class OpenForOthersInput(OpenInput):
    __doc__ = OpenInput.__doc__

    requester = PersonField(required=False, help_text="The id of the person it is opened for.")
    team = TeamField(allow_null=True, default=None, help_text="Its id; else the service's support team.")
    category = Text(max_length=60, allow_blank=True, default="")


class EditInput(Input):
    subject = Text(max_length=200)
    service = ServiceField(allow_null=True, help_text="Its key.")
    impact = OneOf(choices=Impact.choices)
    urgency = OneOf(choices=Urgency.choices)
    category = Text(max_length=60, allow_blank=True)
    version = Whole(min_value=1, help_text="The one that was read; an older one is refused.")


class Incidents(Endpoint):
    @extend_schema(
        operation_id="incidents_list",
        parameters=[IncidentQuery],
        responses=paged(IncidentSerializer),
        tags=["incidents"],
    )
    def get(self, request: Request) -> Response:
        """Incidents the caller may see, newest first."""
        query = self.read_query(IncidentQuery)
        rows = Ticket.objects.visible_to(self.reader).filter(kind=Kind.INCIDENT)
        rows = with_all(chosen(rows, query, self.reader))
        page = Page(request, rows, query, field="opened_at")
        return page.answer(self.show(IncidentSerializer, page.rows, many=True))

    @extend_schema(
        operation_id="incidents_create",
        request=OpenForOthersInput,
        responses={201: IncidentSerializer},
        tags=["incidents"],
    )
    @once
    def post(self, request: Request) -> Response:
        """Open an incident: its clocks start and the requester hears of it."""
        self.require(policies.can_open(self.reader))
        opens_for_others = policies.can_open_for_others(self.reader)
        words = self.read_body(OpenForOthersInput if opens_for_others else OpenInput)
        incident = services.open_incident(
            **{"requester": self.reader, **words}, actor=self.reader, channel=Channel.API, now=timezone.now()
        )
        return Response(self.show(IncidentSerializer, as_shown(incident)), status=201)


class IncidentDetail(IncidentEndpoint):
    @extend_schema(operation_id="incidents_retrieve", responses=IncidentSerializer, tags=["incidents"])
    def get(self, request: Request, number: str) -> Response:
        """One incident. The ETag is its version, for If-Match."""
        return tagged(self.show(IncidentSerializer, as_shown(self.incident)))

    @extend_schema(operation_id="incidents_edit", request=EditInput, responses=IncidentSerializer, tags=["incidents"])
    def patch(self, request: Request, number: str) -> Response:
        """Correct subject, service, impact, urgency or category. A new service may change the promise, impact and
        urgency give the priority."""
        self.require(ticket_policies.can_edit(self.reader, self.ticket) or ticket_policies.has_ended(self.ticket))
        values = self.read_body(EditInput, partial=True)
        version = expected_version(request, values)
        header = {name: values[name] for name in ("subject", "service") if name in values}
        grades = {name: values[name] for name in ("impact", "urgency") if name in values}
        now = timezone.now()
        with transaction.atomic():
            if header:
                work.edit_ticket(ticket=self.ticket, actor=self.reader, now=now, expected_version=version, **header)
                version = None  # it was the newest, and the row is locked until the end of the transaction
            if "category" in values:
                services.categorise_incident(
                    incident=self.incident,
                    category=values["category"],
                    actor=self.reader,
                    now=now,
                    expected_version=version,
                )
                version = None
            if grades:
                services.prioritise_incident(
                    incident=self.incident, actor=self.reader, now=now, expected_version=version,
                    **{"impact": self.ticket.impact, "urgency": self.ticket.urgency, **grades},
                )  # fmt: skip
        return tagged(self.show(IncidentSerializer, as_shown(self.incident)))


def chosen(rows: Any, query: dict[str, Any], reader: User) -> Any:
    """The tickets of `rows` that the parameters ask for."""
    exact = {
        "phase__in": query.get("phase"),
        "priority__in": query.get("priority"),
        "team_id": query.get("team"),
        "organisation_id": query.get("organisation"),
        "service__key": query.get("service"),
        "updated_at__gte": query.get("updated_since"),
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    if assignee := query.get("assignee"):
        rows = rows.filter(assignee=None) if assignee == NOBODY else rows.filter(assignee_id=_id(assignee, reader))
    if requester := query.get("requester"):
        rows = rows.filter(requester_id=_id(requester, reader))
    if "breached" in query:
        breached = clocks_visible_to(reader).counted().breached(timezone.now()).filter(ticket=OuterRef("pk"))
        rows = rows.filter(Exists(breached) if query["breached"] else ~Exists(breached))
    if words := query.get("q"):
        rows = rows.filter(about(words))
    return rows


def as_shown(incident: Incident) -> Ticket:
    """Read anew with everything IncidentSerializer shows: what a verb changed is in it."""
    return with_all(Ticket.objects.all()).get(pk=incident.pk)


def with_all(rows: TicketQuerySet) -> TicketQuerySet:
    """With everything IncidentSerializer shows."""
    return rows.with_people().select_related("opened_by", "incident").annotate(public_due_at=public_due_at())


def tagged(body: dict[str, Any]) -> Response:
    return Response(body, headers={"ETag": f'"{body["version"]}"'})


def expected_version(request: Request, values: dict[str, Any]) -> int | None:
    """The version the caller read: `version` of the body or the If-Match header; None = he does not mind.

    Raises BadQuery where the header is no version or contradicts the body.
    """
    in_body: int | None = values.pop("version", None)
    header = request.headers.get("If-Match")
    if header in (None, "*"):
        return in_body
    in_header = header.strip('"')
    if not re.fullmatch(IF_MATCH, header) or in_body not in (None, int(in_header)):
        raise BadQuery({"If-Match": [_('Please give the version that was read, as in If-Match: "3".')]})
    return int(in_header)


def _id(value: str, reader: User) -> int:
    return reader.pk if value == ME else int(value)
