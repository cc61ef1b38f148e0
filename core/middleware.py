"""What every response shares: a page for the time the database is gone, and no shared caching of private pages."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponse]


class DatabaseGone:
    """A lost database is a 503 with Retry-After, not a stack trace; the next request tries again by itself.

    Nothing is half-written: every verb is one transaction.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        return unavailable(request, error)


def unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.error("database unavailable: %s", str(error).strip())
    if request.path.startswith("/api/"):
        body = '{"type":"about:blank","title":"The database is not reachable","status":503}'
        response = HttpResponse(body, status=503, content_type="application/problem+json")
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = "5"
    return response


class PrivatePages:
    """Pages of a signed-in person are never stored by a shared cache or shown again by the back button."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control") and not request.path.startswith("/static/"):
            add_never_cache_headers(response)
        return response
