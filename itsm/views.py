"""Where people land, and the pages for what went wrong."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

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
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """The same body for what does not exist and what is not yours."""
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    return render(request, "500.html", status=500)
