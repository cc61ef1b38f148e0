"""The verbs of an incident. POST only, one service call each; answers are made in work/answers.py."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.http import UserRequest
from accounts.models import User
from incidents import policies, services
from incidents.forms import (
    CancelForm,
    CategoriseForm,
    HoldForm,
    MarkOutageForm,
    MoveForm,
    OverrideForm,
    PrioritiseForm,
    ReopenForm,
    ResolveForm,
)
from incidents.models import Incident
from tickets.models import Draft, Ticket
from tickets.services import StaleTicket, changes_since, save_draft
from work.access import agents_only
from work.answers import carry_out

_POLICIES: dict[str, Callable[[User, Incident], bool]] = {
    "start": policies.can_start,
    "hold": policies.can_hold,
    "resume": policies.can_resume,
    "resolve": policies.can_resolve,
    "reopen": policies.can_reopen,
    "close": policies.can_close,
    "cancel": policies.can_cancel,
    "prioritise": policies.can_prioritise,
    "override_priority": policies.can_override_priority,
    "categorise": policies.can_categorise,
    "mark_outage": policies.can_mark_outage,
}


# --- verbs of the machine -------------------------------------------------------------------------------------------


@require_POST
@agents_only
def start(request: UserRequest, number: str) -> HttpResponse:
    incident, form = _incident(request, number), MoveForm(request.POST)

    def act(data: dict[str, Any]) -> None:  # noqa: ARG001
        services.start_incident(incident=incident, actor=request.user, now=timezone.now())

    return _carry_out(request, incident, "start", form, act, done=_("Work started."))


@require_POST
@agents_only
def hold(request: UserRequest, number: str) -> HttpResponse:
    incident, form = _incident(request, number), HoldForm(request.POST, request.FILES)

    def act(data: dict[str, Any]) -> None:
        services.hold_incident(
            incident=incident, reason=data["reason"], comment=data["text"], uploads=form.uploads,
            actor=request.user, now=timezone.now(),
        )  # fmt: skip

    return _carry_out(request, incident, "hold", form, act, done=_("On hold."))


@require_POST
@agents_only
def resume(request: UserRequest, number: str) -> HttpResponse:
    incident, form = _incident(request, number), MoveForm(request.POST)

    def act(data: dict[str, Any]) -> None:  # noqa: ARG001
        services.resume_incident(incident=incident, actor=request.user, now=timezone.now())

    return _carry_out(request, incident, "resume", form, act, done=_("Work goes on."))


@require_POST
@agents_only
def resolve(request: UserRequest, number: str) -> HttpResponse:
    incident, form = _incident(request, number), ResolveForm(request.POST, request.FILES)

    def act(data: dict[str, Any]) -> None:
        services.resolve_incident(
            incident=incident, code=data["code"], resolution=data["text"], uploads=form.uploads,
            actor=request.user, now=timezone.now(),
        )  # fmt: skip

    return _carry_out(request, incident, "resolve", form, act, done=_("Resolved."))


@require_POST
@agents_only
def reopen(request: UserRequest, number: str) -> HttpResponse:
    """Too late for the same incident, its words open a new one: the answer leads there."""
    incident, form = _incident(request, number), ReopenForm(request.POST)

    def act(data: dict[str, Any]) -> Ticket:
        return services.reopen_incident(
            incident=incident, comment=data["text"], actor=request.user, now=timezone.now()
        ).ticket

    return _carry_out(request, incident, "reopen", form, act, done=_("Reopened."))


@require_POST
@agents_only
def close(request: UserRequest, number: str) -> HttpResponse:
    incident, form = _incident(request, number), MoveForm(request.POST)

    def act(data: dict[str, Any]) -> None:  # noqa: ARG001
        services.close_incident(incident=incident, actor=request.user, now=timezone.now())

    return _carry_out(request, incident, "close", form, act, done=_("Closed."))


@require_POST
@agents_only
def cancel(request: UserRequest, number: str) -> HttpResponse:
    incident, form = _incident(request, number), CancelForm(request.POST)

    def act(data: dict[str, Any]) -> None:
        services.cancel_incident(incident=incident, reason=data["text"], actor=request.user, now=timezone.now())

    return _carry_out(request, incident, "cancel", form, act, done=_("Cancelled."))


# --- properties -----------------------------------------------------------------------------------------------------


@require_POST
@agents_only
def prioritise(request: UserRequest, number: str) -> HttpResponse:
    incident, form = _incident(request, number), PrioritiseForm(request.POST)

    def act(data: dict[str, Any]) -> None:
        services.prioritise_incident(
            incident=incident, impact=data["impact"], urgency=data["urgency"], actor=request.user,
            now=timezone.now(), expected_version=data["version"],
        )  # fmt: skip

    return _carry_out(request, incident, "prioritise", form, act, done=_("Priority set."))


@require_POST
@agents_only
def override_priority(request: UserRequest, number: str) -> HttpResponse:
    incident, form = _incident(request, number), OverrideForm(request.POST)

    def act(data: dict[str, Any]) -> None:
        services.override_priority(
            incident=incident, priority=data["priority"], reason=data["reason"], actor=request.user,
            now=timezone.now(), expected_version=data["version"],
        )  # fmt: skip

    return _carry_out(request, incident, "override_priority", form, act, done=_("Priority set."))


@require_POST
@agents_only
def categorise(request: UserRequest, number: str) -> HttpResponse:
    incident, form = _incident(request, number), CategoriseForm(request.POST)

    def act(data: dict[str, Any]) -> None:
        services.categorise_incident(
            incident=incident, category=data["category"], actor=request.user, now=timezone.now(),
            expected_version=data["version"],
        )  # fmt: skip

    return _carry_out(request, incident, "categorise", form, act, done=_("Changed."))


@require_POST
@agents_only
def mark_outage(request: UserRequest, number: str) -> HttpResponse:
    incident, form = _incident(request, number), MarkOutageForm(request.POST)

    def act(data: dict[str, Any]) -> None:
        services.mark_outage(
            incident=incident, starts_at=data["starts_at"], ends_at=data["ends_at"], cause=data["cause"],
            actor=request.user, now=timezone.now(),
        )  # fmt: skip

    return _carry_out(request, incident, "mark_outage", form, act, done=_("The outage is recorded."))


# --- how a verb is carried out --------------------------------------------------------------------------------------


def _incident(request: UserRequest, number: str) -> Incident:
    """Within what the reader may see: a foreign number is a 404 like a wrong one."""
    return get_object_or_404(Incident.objects.visible_to(request.user).with_header(), ticket__number=number)


def _carry_out(
    request: UserRequest,
    incident: Incident,
    what: str,
    form: forms.Form,
    act: Callable[[dict[str, Any]], Ticket | None],
    *,
    done: str,
) -> HttpResponse:
    """As work/answers.py does, with the incident's own way of being too late. What came from the composer is sent
    with the verb: its draft goes."""
    ticket = incident.ticket
    version = ticket.version

    def attempt(data: dict[str, Any]) -> Ticket | None:
        try:
            goes_on = act(data)
        except services.StaleIncident as stale:
            raise StaleTicket(stale.incident.ticket, changes_since(ticket=ticket, version=version)) from stale
        if "kind" in request.POST:
            save_draft(ticket=ticket, user=request.user, kind=Draft.Kind.REPLY, body="", now=timezone.now())
        return goes_on

    policy = _POLICIES[what]
    return carry_out(
        request, ticket=ticket, what=what, is_allowed=policy(request.user, incident), form=form, act=attempt, done=done
    )
