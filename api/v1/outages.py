"""Outages of services, and availability against what was promised."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from api.endpoint import Endpoint
from api.fields import At, Input, Query, Seconds, ServiceName
from api.pagination import Page
from api.schema import paged
from slas import policies
from slas.models import Outage
from slas.outages.periods import FIRST, LAST, Length, period_with
from slas.outages.selectors import KINDS, Line, availability_of, outages_listed


class OutageSerializer(serializers.Serializer[Outage]):
    """`ends_at` null = it goes on. Planned downtime does not count. `ticket` and `cause` are for the desk: null and "" for
    everybody else."""

    id = serializers.IntegerField()
    service = ServiceName()
    starts_at = At()
    ends_at = At(allow_null=True)
    is_planned = serializers.BooleanField()
    cause = serializers.SerializerMethodField()
    ticket = serializers.SerializerMethodField()

    def get_cause(self, outage: Outage) -> str:
        return outage.cause if self._is_read_in_desk() else ""

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_ticket(self, outage: Outage) -> str | None:
        return outage.ticket.number if outage.ticket and self._is_read_in_desk() else None

    def _is_read_in_desk(self) -> bool:
        reader: User = self.context["reader"]
        return policies.can_read_promises(reader)


class OutageQuery(Query):
    service = serializers.SlugField(required=False, max_length=40, help_text="The key of a service.")
    kind = serializers.ChoiceField(choices=KINDS, required=False, help_text="Only those that go on now, or of a kind.")


class Outages(Endpoint):
    @extend_schema(
        operation_id="outages_list", parameters=[OutageQuery], responses=paged(OutageSerializer), tags=["services"]
    )
    def get(self, request: Request) -> Response:
        """Outages and planned downtime of the services the caller may see, newest first."""
        query = self.read_query(OutageQuery)
        rows = outages_listed(user=self.reader, now=timezone.now(), kind=query.get("kind", ""))
        if key := query.get("service"):
            rows = rows.filter(service__key=key)
        page = Page(request, rows, query, field="starts_at")
        return page.answer(self.show(OutageSerializer, page.rows, many=True))


class AvailabilitySerializer(serializers.Serializer[Line]):
    """One promise about one service in one period; `agreement` null = nothing is promised, then it is measured round the
    clock. Percentages are rounded down to three decimals; null where no committed time has passed. `left_seconds` is what
    is left of the error budget, negative where the promise is broken."""

    service = ServiceName(source="commitment.service")
    agreement = serializers.SerializerMethodField()
    target_percent = serializers.FloatField(source="availability.target", allow_null=True)
    achieved_percent = serializers.FloatField(source="availability.achieved", allow_null=True)
    committed_seconds = Seconds(source="availability.committed")
    elapsed_seconds = Seconds(source="availability.elapsed")
    planned_seconds = Seconds(source="availability.planned")
    down_seconds = Seconds(source="availability.down")
    allowed_seconds = Seconds(source="availability.allowed", allow_null=True)
    left_seconds = Seconds(source="availability.left", allow_null=True)
    is_broken = serializers.BooleanField(source="availability.is_broken")
    n_outages = serializers.IntegerField()

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_agreement(self, line: Line) -> str | None:
        return str(line.commitment.agreement) if line.commitment.agreement else None


class AvailabilityQuery(Input):
    period = serializers.ChoiceField(choices=[length.value for length in Length], default=Length.MONTH.value)
    day = serializers.DateField(required=False, help_text="A day in the period, in your time zone; today by default.")

    def validate_day(self, day: Any) -> Any:
        if not FIRST <= day <= LAST:
            raise serializers.ValidationError(f"{FIRST} … {LAST}")
        return day


class AvailabilityAnswer(serializers.Serializer[dict[str, Any]]):
    starts_at = At()
    ends_at = At()
    results = AvailabilitySerializer(many=True)


class Availability(Endpoint):
    @extend_schema(
        operation_id="availability_list",
        parameters=[AvailabilityQuery],
        responses=AvailabilityAnswer,
        tags=["services"],
    )
    def get(self, request: Request) -> Response:
        """Every service against its promises in one day, week, month or year. For the desk."""
        self.require(policies.can_read_promises(self.reader))
        query, now = self.read_query(AvailabilityQuery), timezone.now()
        zone = ZoneInfo(self.reader.time_zone)
        period = period_with(query.get("day") or self._today(now, zone), Length(query["period"]), zone)
        answer = {
            "starts_at": period.starts_at,
            "ends_at": period.ends_at,
            "results": availability_of(period, user=self.reader, now=now),
        }
        return Response(self.show(AvailabilityAnswer, answer))

    @staticmethod
    def _today(now: datetime, zone: ZoneInfo) -> Any:
        return now.astimezone(zone).date()
