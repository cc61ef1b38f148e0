"""An agent files an incident for somebody who called, wrote or came by."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.http import UserRequest
from core.htmx import target_of
from incidents import policies, services
from incidents.forms import CreateForm, PrioritiseForm
from tickets.models import Channel, Impact, Urgency
from tickets.services import matrix_priority
from work.access import agents_only
from work.answers import explain
from work.forms import upload_limits
from work.selectors.people import caller_of, people_called

PAGE = "incidents/create.html"
PARTS = {"people": "people", "caller": "caller", "priority": "priority"}
"""The parts that are asked for again while the form is filled in."""


@require_http_methods(["GET", "HEAD", "POST"])
@agents_only
def create(request: UserRequest) -> HttpResponse:
    user = request.user
    if not policies.can_open_for_others(user):
        raise PermissionDenied
    if request.method != "POST":
        brought = {name: request.GET[name] for name in ("requester", "subject") if request.GET.get(name)}
        return _page(request, CreateForm(user=user, initial=brought), request.GET)
    form = CreateForm(request.POST, request.FILES, user=user)
    if not form.is_valid():
        return _page(request, form, request.POST, status=422)
    data = form.cleaned_data
    try:
        incident = services.open_incident(
            requester=data["requester"], subject=data["subject"], body=data["body"], channel=Channel(data["channel"]),
            impact=data["impact"], urgency=data["urgency"], service=data["service"], team=data["team"],
            category=data["category"], uploads=form.uploads, actor=user, now=timezone.now(),
        )  # fmt: skip
    except ValidationError as error:
        explain(form, error)
        return _page(request, form, request.POST, status=422)
    messages.success(request, _("%(number)s is filed.") % {"number": incident.ticket.number})
    return redirect("incidents:detail", number=incident.ticket.number)


def _page(request: UserRequest, form: CreateForm, asked: QueryDict, *, status: int = 200) -> HttpResponse:
    words = asked.get("requester", "")
    context: dict[str, Any] = {
        "form": form,
        "upload": upload_limits(),
        "found": form.found or people_called(words, user=request.user),
        "caller": caller_of(words, user=request.user),
        "priority": _priority(asked),
    }
    part = PARTS.get(target_of(request))
    return render(request, f"{PAGE}#{part}" if part else PAGE, context, status=status)


def _priority(asked: QueryDict) -> int:
    """What the table gives for the impact and urgency chosen so far."""
    form = PrioritiseForm({"impact": asked.get("impact", Impact.LOW), "urgency": asked.get("urgency", Urgency.MEDIUM)})
    chosen = form.cleaned_data if form.is_valid() else {"impact": Impact.LOW, "urgency": Urgency.MEDIUM}
    return matrix_priority(impact=chosen["impact"], urgency=chosen["urgency"])
