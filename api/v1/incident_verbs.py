"""What can be done with an incident: one POST each, named as in the process (incidents/states.py)."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import IncidentEndpoint
from api.fields import LONGEST_TEXT, At, Input, OneOf, PersonField, TeamField, Text, Whole
from api.idempotency import once
from api.v1.incidents import IncidentSerializer, as_shown, expected_version, tagged
from api.v1.tickets import WordsInput
from incidents import policies, services
from incidents.models import Incident, ResolutionCode
from tickets import policies as ticket_policies
from tickets.models import Impact, Priority, Urgency, WaitingReason
from work import services as work


class HoldInput(Input):
    reason = OneOf(choices=WaitingReason.choices)
    comment = Text(
        max_length=LONGEST_TEXT,
        allow_blank=True,
        default="",
        help_text="The question; needed to wait for the requester.",
    )


class ResolveInput(Input):
    code = OneOf(choices=ResolutionCode.choices)
    resolution = Text(max_length=LONGEST_TEXT, help_text="The requester reads it.")


class ReopenInput(Input):
    comment = Text(
        max_length=LONGEST_TEXT, allow_blank=True, default="", help_text="Needed after the reopen window has passed."
    )


class CancelInput(Input):
    reason = Text(max_length=1000)


class AssignInput(Input):
    """What is left out stays as it is; null takes it away."""

    team = TeamField(allow_null=True, required=False, help_text="Its id.")
    assignee = PersonField(allow_null=True, required=False, help_text="The person's id.")
    version = Whole(min_value=1, required=False)


class PrioritiseInput(Input):
    impact = OneOf(choices=Impact.choices)
    urgency = OneOf(choices=Urgency.choices)
    version = Whole(min_value=1, required=False)


class OverridePriorityInput(Input):
    priority = OneOf(choices=Priority.choices)
    reason = Text(max_length=200)
    version = Whole(min_value=1, required=False)


class MarkOutageInput(Input):
    starts_at = At()
    ends_at = At(allow_null=True, default=None, help_text="Null while the service is still down.")
    cause = Text(max_length=200, allow_blank=True, default="", help_text="The subject, where it is left out.")


def verb(name: str, body: type[Input] = Input) -> Any:
    """How a verb is described: its operation, what it takes, and the incident as the answer."""
    return extend_schema(
        operation_id=f"incidents_{name}", request=body, responses=IncidentSerializer, tags=["incidents"]
    )


class IncidentVerb(IncidentEndpoint):
    def shown(self, incident: Incident | None = None) -> Response:
        return tagged(self.show(IncidentSerializer, as_shown(incident or self.incident)))


class Start(IncidentVerb):
    @verb("start")
    @once
    def post(self, request: Request, number: str) -> Response:
        """Work begins."""
        self.require(policies.can_start(self.reader, self.incident))
        self.read_body(Input)
        services.start_incident(incident=self.incident, actor=self.reader, now=timezone.now())
        return self.shown()


class Hold(IncidentVerb):
    @verb("hold", HoldInput)
    @once
    def post(self, request: Request, number: str) -> Response:
        """Wait for somebody or something; clocks pause as the agreement says."""
        self.require(policies.can_hold(self.reader, self.incident))
        words = self.read_body(HoldInput)
        services.hold_incident(incident=self.incident, actor=self.reader, now=timezone.now(), **words)
        return self.shown()


class Resume(IncidentVerb):
    @verb("resume")
    @once
    def post(self, request: Request, number: str) -> Response:
        """The wait is over."""
        self.require(policies.can_resume(self.reader, self.incident))
        self.read_body(Input)
        services.resume_incident(incident=self.incident, actor=self.reader, now=timezone.now())
        return self.shown()


class Resolve(IncidentVerb):
    @verb("resolve", ResolveInput)
    @once
    def post(self, request: Request, number: str) -> Response:
        """Service is restored; the requester is asked to confirm."""
        self.require(policies.can_resolve(self.reader, self.incident))
        words = self.read_body(ResolveInput)
        services.resolve_incident(incident=self.incident, actor=self.reader, now=timezone.now(), **words)
        return self.shown()


class Reopen(IncidentVerb):
    @verb("reopen", ReopenInput)
    @once
    def post(self, request: Request, number: str) -> Response:
        """It is not solved. Answers the incident that goes on: this one, or after the reopen window a new, linked one."""
        self.require(policies.can_reopen(self.reader, self.incident))
        words = self.read_body(ReopenInput)
        return self.shown(
            services.reopen_incident(incident=self.incident, actor=self.reader, now=timezone.now(), **words)
        )


class FollowUp(IncidentVerb):
    @extend_schema(
        operation_id="incidents_follow_up", request=WordsInput, responses={201: IncidentSerializer}, tags=["incidents"]
    )
    @once
    def post(self, request: Request, number: str) -> Response:
        """Open a new incident that follows up on this one, for instance when it has ended for good."""
        self.require(policies.can_follow_up(self.reader, self.incident))
        words = self.read_body(WordsInput)
        new = services.follow_up_incident(incident=self.incident, actor=self.reader, now=timezone.now(), **words)
        return Response(self.show(IncidentSerializer, as_shown(new)), status=201)


class Close(IncidentVerb):
    @verb("close")
    @once
    def post(self, request: Request, number: str) -> Response:
        """The solution is confirmed."""
        self.require(policies.can_close(self.reader, self.incident))
        self.read_body(Input)
        services.close_incident(incident=self.incident, actor=self.reader, now=timezone.now())
        return self.shown()


class Cancel(IncidentVerb):
    @verb("cancel", CancelInput)
    @once
    def post(self, request: Request, number: str) -> Response:
        """It needs no work after all."""
        self.require(policies.can_cancel(self.reader, self.incident))
        words = self.read_body(CancelInput)
        services.cancel_incident(incident=self.incident, actor=self.reader, now=timezone.now(), **words)
        return self.shown()


class Assign(IncidentVerb):
    @verb("assign", AssignInput)
    @once
    def post(self, request: Request, number: str) -> Response:
        """Give it to a team and, within it, to a person."""
        self.require(ticket_policies.can_assign(self.reader, self.ticket) or ticket_policies.has_ended(self.ticket))
        values = self.read_body(AssignInput)
        version = expected_version(request, values)
        now_holds = {"team": self.ticket.team, "assignee": self.ticket.assignee}
        work.assign_ticket(
            ticket=self.ticket,
            actor=self.reader,
            now=timezone.now(),
            expected_version=version,
            **{**now_holds, **values},
        )
        return self.shown()


class Prioritise(IncidentVerb):
    @verb("prioritise", PrioritiseInput)
    @once
    def post(self, request: Request, number: str) -> Response:
        """Judge impact and urgency; the priority follows from the table."""
        self.require(policies.can_prioritise(self.reader, self.incident))
        values = self.read_body(PrioritiseInput)
        version = expected_version(request, values)
        services.prioritise_incident(
            incident=self.incident, actor=self.reader, now=timezone.now(), expected_version=version, **values
        )
        return self.shown()


class OverridePriority(IncidentVerb):
    @verb("override_priority", OverridePriorityInput)
    @once
    def post(self, request: Request, number: str) -> Response:
        """A priority against the table, for a reason."""
        self.require(policies.can_override_priority(self.reader, self.incident))
        values = self.read_body(OverridePriorityInput)
        version = expected_version(request, values)
        services.override_priority(
            incident=self.incident, actor=self.reader, now=timezone.now(), expected_version=version, **values
        )
        return self.shown()


class MarkOutage(IncidentVerb):
    @verb("mark_outage", MarkOutageInput)
    @once
    def post(self, request: Request, number: str) -> Response:
        """Its service was down: that counts against its availability."""
        self.require(policies.can_mark_outage(self.reader, self.incident))
        told = self.read_body(MarkOutageInput)
        services.mark_outage(incident=self.incident, actor=self.reader, now=timezone.now(), **told)
        return self.shown()
