"""Where a customer lands, and what he finds: services, their state, his requests."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import UserRequest
from portal.selectors.requests import found_requests, latest_requests, waiting_for
from portal.selectors.status import Level, popular_services, service_statuses
from portal.words import greeting

N_TILES, N_QUICK, N_STATUSES = 7, 4, 5


@require_safe
@login_required
def home(request: UserRequest) -> HttpResponse:
    """Search, services, my requests, what waits for me, and how the services run."""
    user, now = request.user, timezone.now()
    services = popular_services(user=user, now=now)
    statuses = service_statuses(user=user, now=now)
    context = {
        "greeting": greeting(user, now),
        "services": services[:N_TILES],
        "quick": services[:N_QUICK],
        "requests": latest_requests(user=user, now=now),
        "waiting": waiting_for(user=user),
        "statuses": statuses[:N_STATUSES],
        "troubles": [status for status in statuses if status.level > Level.GOOD],
    }
    return render(request, "portal/home.html", context)


@require_safe
@login_required
def search(request: UserRequest) -> HttpResponse:
    """Services and requests that have the words."""
    user, now = request.user, timezone.now()
    query = request.GET.get("q", "").strip()[:200]
    words = query.lower().split()
    services = [
        service
        for service in popular_services(user=user, now=now)
        if all(word in f"{service.name} {service.description}".lower() for word in words)
    ]
    context = {
        "query": query,
        "services": services if query else [],
        "requests": found_requests(user=user, query=query, now=now) if query else [],
    }
    return render(request, "portal/search.html", context)


@require_safe
@login_required
def services(request: UserRequest) -> HttpResponse:
    """Every service the person may ask for help with."""
    return render(
        request, "portal/services.html", {"services": popular_services(user=request.user, now=timezone.now())}
    )


@require_safe
@login_required
def status(request: UserRequest) -> HttpResponse:
    """How each service ran in the last 90 days and runs now."""
    statuses = service_statuses(user=request.user, now=timezone.now())
    return render(
        request,
        "portal/status.html",
        {"statuses": statuses, "troubles": [status for status in statuses if status.level > Level.GOOD]},
    )
