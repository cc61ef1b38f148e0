"""Where people land, and the pages for what went wrong."""

import sys

from django.contrib.auth.decorators import login_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string

from accounts.http import UserRequest
from tickets.models import Ticket


@login_required
def home(request: UserRequest) -> HttpResponse:
    """Agents to their desk, customers to the portal."""
    return redirect("desk:home" if request.user.is_agent else "portal:home")


@login_required
def ticket(request: UserRequest, number: str) -> HttpResponse:
    """One address for a ticket, whoever opens it: each reader is sent to his own page of it."""
    found = get_object_or_404(Ticket.objects.visible_to(request.user), number=number)
    return redirect(f"{found.kind}s:detail" if request.user.is_agent else "portal:ticket", number=found.number)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    if request.path.startswith("/api/"):
        return _problem("The request cannot be understood", 400)
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """The same body for what does not exist and what is not yours."""
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Whatever failed, wherever: a lost database is told apart, for it comes back by itself."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return unavailable(request)
    if request.path.startswith("/api/"):
        return _problem("Something went wrong on our side", 500)
    return HttpResponse(render_to_string("500.html"), status=500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """Nothing is half-written (every verb is one transaction), and the next request tries again."""
    if request.path.startswith("/api/"):
        response = _problem("The database is not reachable", 503)
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response["Retry-After"] = "5"
    return response


def _problem(title: str, status: int) -> HttpResponse:
    body = {"type": "about:blank", "title": title, "status": status}
    return JsonResponse(body, status=status, content_type="application/problem+json")
