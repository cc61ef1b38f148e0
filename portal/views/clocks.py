"""Where the time of a promise went, as the requester may know it: without the names of people and teams of ours."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import UserRequest
from core.paper import as_pdf
from portal.views.requests import find_ticket
from slas.models import PUBLIC_METRICS, Clock
from work.paper import account_on_paper
from work.selectors.ledger import account_of, for_account


@require_safe
@login_required
def clock(request: UserRequest, number: str, clock_id: int) -> HttpResponse:
    found, now = _clock(request, number, clock_id), timezone.now()
    account = account_of(found, now=now, for_desk=False)
    return render(request, "portal/clock.html", {"clock": found, "ticket": found.ticket, "account": account})


@require_safe
@login_required
def clock_on_paper(request: UserRequest, number: str, clock_id: int) -> HttpResponse:
    """The same as a PDF."""
    found, now = _clock(request, number, clock_id), timezone.now()
    account = account_of(found, now=now, for_desk=False)
    return as_pdf(account_on_paper(account, ticket=found.ticket, now=now), f"{number}-{found.metric}.pdf")


def _clock(request: UserRequest, number: str, clock_id: int) -> Clock:
    """Only what the requester was promised: the rest is between us, our teams and our suppliers."""
    ticket = find_ticket(request.user, number)
    clocks = Clock.objects.filter(ticket=ticket, metric__in=PUBLIC_METRICS)
    return get_object_or_404(for_account(clocks), pk=clock_id)
