"""One view answers the whole page and, for htmx, the named part of the same template (STYLE.md, pair 11)."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def render_part(
    request: HttpRequest, template: str, context: dict[str, Any], *, part: str, status: int = 200
) -> HttpResponse:
    """`template#part` for an htmx request, the whole `template` for everybody else."""
    name = f"{template}#{part}" if request.headers.get("HX-Request") == "true" else template
    response = render(request, name, context, status=status)
    response["Vary"] = "HX-Request"
    return response


def target_of(request: HttpRequest) -> str:
    """The id of the element that htmx is going to replace; "" for a plain request. htmx 4 sends `section#ticket`."""
    return request.headers.get("HX-Target", "").partition("#")[2]
