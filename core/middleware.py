"""What every response shares: no shared caching of private pages, and no person behind a probe."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import add_never_cache_headers

PROBES = ("/healthz", "/metrics")
"""Pages for machines: the same for everybody, and answered even when nobody can be recognised any more."""


class PrivatePages:
    """Pages of a signed-in person are never stored by a shared cache or shown again by the back button."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control") and not request.path.startswith("/static/"):
            add_never_cache_headers(response)
        return response


class NobodysProbes:
    """A probe reads no cookie: a browser's session would be looked up in the very database that is being asked after."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in PROBES:
            request.COOKIES = {}
        return self.get_response(request)
