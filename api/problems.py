"""Every error of the API is one problem document (RFC 9457): `type`, `title`, `status`, `detail` and, where they help,
`errors` by field, `allowed` verbs or the `changes` somebody else made meanwhile."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any

from django.core import exceptions as django
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions as rest
from rest_framework.settings import api_settings

from accounts.models import User
from accounts.permissions import Permission
from api import services
from core.machine import IllegalMove
from incidents.services import StaleIncident
from journal.models import Event, Visibility
from tickets.services import StaleTicket, changes_since

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
NO_FIELD = api_settings.NON_FIELD_ERRORS_KEY


@dataclass(frozen=True)
class Problem:
    """`code` ends the URN in `type`: what a program compares. `extra` members stand beside the five of the RFC."""

    status: int
    code: str
    title: str
    detail: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self) -> JsonResponse:
        body = {"type": f"urn:portico:problem:{self.code}", "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        return JsonResponse(
            body | dict(self.extra),
            status=self.status,
            content_type=MEDIA_TYPE,
            headers=dict(self.headers),
            json_dumps_params={"ensure_ascii": False},
        )


class BadQuery(rest.APIException):
    """The address asks for something that does not exist: an unknown filter, a broken cursor. `errors` by parameter."""

    status_code = 400

    def __init__(self, errors: Mapping[str, Any]) -> None:
        super().__init__()
        self.errors = errors


class Conflict(rest.APIException):
    """The call contradicts an earlier one. `code` and `detail` say how."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail, code)
        self.status_code = status


def handler(error: Exception, context: Mapping[str, Any]) -> JsonResponse | None:
    """REST framework's exception handler. A lost database is raised further: core.middleware.DatabaseGone answers it."""
    if isinstance(error, OperationalError | InterfaceError):
        return None
    return describe(error, context["view"]).response()


@csrf_exempt
def unknown_address(request: HttpRequest) -> JsonResponse:
    """What does not exist under the API is a problem document too, whoever asks and however."""
    hint = "" if request.path.endswith("/") else _("Addresses end with a slash.")
    return Problem(404, "not-found", _("Not found"), hint).response()


@singledispatch
def describe(error: Exception, view: Any) -> Problem:
    """What happened, in words. An unforeseen error is logged whole and told without its inside."""
    logger.exception("unforeseen error in %s", type(view).__name__, exc_info=error)
    got_request_exception.send(sender=type(view), request=view.request._request)
    return Problem(500, "server-error", _("Something went wrong here"), _("Nothing was changed. It has been logged."))


@describe.register
def _rest(error: rest.APIException, view: Any) -> Problem:  # noqa: ARG001
    status, code = error.status_code, str(error.default_code).replace("_", "-")
    titles = {
        400: _("The request cannot be understood"),
        401: _("Please sign in"),
        403: _("Not allowed"),
        404: _("Not found"),
        405: _("This address does not answer that method"),
        406: _("This form of answer is not available"),
        413: _("Too large"),
        415: _("This form of request is not understood"),
    }
    headers = {"WWW-Authenticate": header} if (header := getattr(error, "auth_header", "")) else {}
    return Problem(status, code, titles.get(status, _("Not possible")), str(error.detail), headers=headers)


@describe.register
def _conflict(error: Conflict, view: Any) -> Problem:  # noqa: ARG001
    return Problem(error.status_code, str(error.get_codes()), _("This contradicts an earlier call"), str(error.detail))


@describe.register
def _bad_query(error: BadQuery, view: Any) -> Problem:  # noqa: ARG001
    title = _("The address asks for something that does not exist")
    return Problem(400, "bad-query", title, extra={"errors": messages_by_field(error.errors)})


@describe.register
def _throttled(error: rest.Throttled, view: Any) -> Problem:  # noqa: ARG001
    wait = str(int(getattr(error, "wait", None) or 1))
    detail = _("Please go on in %(seconds)s seconds.") % {"seconds": wait}
    return Problem(429, "too-many-calls", _("Too many calls"), detail, headers={"Retry-After": wait})


@describe.register
def _rest_invalid(error: rest.ValidationError, view: Any) -> Problem:  # noqa: ARG001
    return _invalid(error.detail)


@describe.register
def _django_invalid(error: django.ValidationError, view: Any) -> Problem:  # noqa: ARG001
    return _invalid(error.message_dict if hasattr(error, "error_dict") else error.messages)


@describe.register
def _missing(error: Http404, view: Any) -> Problem:  # noqa: ARG001
    """The same words for what does not exist and what is not yours."""
    return Problem(404, "not-found", _("Not found"))


@describe.register
def _denied(error: django.PermissionDenied, view: Any) -> Problem:  # noqa: ARG001
    return Problem(403, "permission-denied", _("Not allowed"), _("Your rights do not include this."))


@describe.register
def _oversized(error: django.RequestDataTooBig, view: Any) -> Problem:  # noqa: ARG001
    return Problem(413, "too-large", _("Too large"), str(error))


@describe.register
def _suspicious(error: django.SuspiciousOperation, view: Any) -> Problem:  # noqa: ARG001
    return Problem(400, "parse-error", _("The request cannot be understood"))


@describe.register
def _illegal_move(error: IllegalMove, view: Any) -> Problem:  # noqa: ARG001
    detail = _("This is not possible in the state “%(state)s”.") % {"state": getattr(error.state, "label", error.state)}
    extra = {"state": error.state.value, "allowed": list(error.allowed)}
    return Problem(409, "illegal-move", _("Not possible now"), detail, extra)


@describe.register
def _stale_ticket(error: StaleTicket, view: Any) -> Problem:
    return _stale(error.changes, error.ticket.version, view.reader)


@describe.register
def _stale_incident(error: StaleIncident, view: Any) -> Problem:
    ticket = error.incident.ticket
    return _stale(changes_since(ticket=ticket, version=view.ticket.version), ticket.version, view.reader)


@describe.register
def _in_progress(error: services.CallInProgress, view: Any) -> Problem:  # noqa: ARG001
    detail = _("The first call with this key is still being worked on. Please repeat it a little later.")
    return Problem(409, "call-in-progress", _("Not answered yet"), detail, headers={"Retry-After": "5"})


def messages_by_field(errors: Any) -> dict[str, list[str]]:
    """{field: [message, …]} of whatever shape the two frameworks give; the place within a list is part of the name
    ("files.2"), what belongs to no field stands under `non_field_errors`."""
    found: dict[str, list[str]] = {}
    for name, message in _flat("", errors):
        found.setdefault(name or NO_FIELD, []).append(message)
    return found


def _flat(name: str, errors: Any) -> Iterable[tuple[str, str]]:
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            inner_name = name if key == NO_FIELD else f"{name}.{key}".strip(".")
            yield from _flat(inner_name, inner)
    elif isinstance(errors, list | tuple):
        for inner in errors:
            yield from _flat(name, inner)
    else:
        yield name, str(errors)


def _invalid(errors: Any) -> Problem:
    title = _("Something in the request is missing or wrong")
    return Problem(422, "invalid", title, extra={"errors": messages_by_field(errors)})


def _stale(events: Iterable[Event], version: int, reader: User) -> Problem:
    """Who changed what since the caller read it: as much of it as he may see."""
    changes = [
        {
            "event": event.name,
            "at": event.at,
            "actor": {"id": event.actor_id, "name": str(event.actor)} if event.actor_id else None,
            "changes": event.data.get("changes", {}),
        }
        for event in events
        if event.visibility == Visibility.PUBLIC or reader.can(Permission.VIEW_INTERNAL)
    ]
    return Problem(
        409,
        "stale",
        _("Changed meanwhile"),
        _("Somebody changed this since you read it. Please read it again."),
        {"version": version, "changes": changes},
    )
