"""What every address of the API shares."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from rest_framework import exceptions, parsers, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.models import User
from api.auth import person
from api.fields import Input
from api.problems import BadQuery
from incidents.models import Incident
from tickets.models import Kind, Ticket


class JSONBody(parsers.JSONParser):
    """JSON; a text nested deeper than Python can read is refused like any other broken one."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise exceptions.ParseError("JSON parse error - nested too deeply") from None


class Endpoint(APIView):
    """`reader` is the caller. Refusals come in this order: 413, 401, 403 for the scope, 429, 404, 403 by policy, 422,
    409."""

    reader: User
    parser_classes = [JSONBody]
    http_method_names = ["get", "head", "post", "patch"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        _refuse_oversized(request)
        super().initial(request, *args, **kwargs)
        self.reader = person(request)

    def require(self, is_allowed: bool) -> None:
        """Refuse before the body is read: who may not do it at all need not hear what was wrong with it."""
        if not is_allowed:
            raise PermissionDenied

    def read_query(self, query: type[Input]) -> dict[str, Any]:
        """The parameters of a list. Raises BadQuery, also for a parameter nobody knows."""
        params, fields = self.request.query_params, query().fields
        data = {
            name: params.getlist(name)
            if isinstance(fields.get(name), serializers.MultipleChoiceField)
            else params[name]
            for name in params
        }
        given = query(data=data, context={"reader": self.reader})
        if not given.is_valid():
            raise BadQuery(given.errors)
        return given.validated_data

    def read_body(self, body: type[Input], *, partial: bool = False) -> dict[str, Any]:
        """What was sent. Raises ValidationError with every problem by field."""
        given = body(data=self.request.data, context={"reader": self.reader}, partial=partial)
        given.is_valid(raise_exception=True)
        return given.validated_data

    def show(self, output: type[serializers.Serializer[Any]], row: Any, *, many: bool = False, **context: Any) -> Any:
        return output(row, many=many, context={"reader": self.reader, **context}).data


class TicketEndpoint(Endpoint):
    """`ticket` is the one of the address, found through the gate: a stranger's is a 404 before anything else."""

    ticket: Ticket

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.ticket = get_object_or_404(self.tickets(), number=kwargs["number"])

    def tickets(self) -> QuerySet[Ticket]:
        return Ticket.objects.visible_to(self.reader).with_people()


class IncidentEndpoint(TicketEndpoint):
    @property
    def incident(self) -> Incident:
        return self.ticket.incident

    def tickets(self) -> QuerySet[Ticket]:
        return super().tickets().filter(kind=Kind.INCIDENT).select_related("incident")


def _refuse_oversized(request: Request) -> None:
    """REST framework reads a JSON body to its end, whatever the size: the limit is ours to keep."""
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if (request.content_type or "").startswith("multipart/"):
        most += settings.FILES_PER_ENTRY * settings.FILE_MAX_BYTES
    if int(request.META.get("CONTENT_LENGTH") or 0) > most:
        raise RequestDataTooBig(_("A request is at most %(limit)s.") % {"limit": filesizeformat(most)})
