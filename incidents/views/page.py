"""One incident in the desk: whole or, for htmx, the part that is going to be replaced."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import UserRequest
from core.htmx import target_of
from incidents import selectors
from incidents.forms import (
    CancelForm,
    CategoriseForm,
    HoldForm,
    MarkOutageForm,
    OverrideForm,
    PrioritiseForm,
    ReopenForm,
    ResolveForm,
)
from incidents.models import Incident, ResolutionCode
from tickets.models import Draft, Ticket
from tickets.services import mark_seen
from work.access import agents_only
from work.answers import Attempt
from work.forms import AssignForm, EditForm, LinkForm, PromiseForm, WatcherForm, every_error, upload_limits
from work.selectors.ledger import account_of_ticket
from work.selectors.page import lines_of

PAGE = "incidents/detail.html"
PARTS = {"main": "split", "ticket": "answer"}
"""The part of the page that answers, by the id of the element that is going to be replaced."""

PANELS: dict[str, type[forms.Form]] = {
    "hold": HoldForm,
    "resolve": ResolveForm,
    "reopen": ReopenForm,
    "cancel": CancelForm,
}
"""Verbs that need words: they open in a panel of the page (?do=resolve)."""


QUIET = ("hold", "cancel")
"""Verbs that stand in the menu; the others are buttons."""

EDITS = (
    "subject",
    "service",
    "assign",
    "prioritise",
    "override_priority",
    "categorise",
    "link",
    "watch",
    "promise_date",
    "mark_outage",
)
"""Properties that open for editing in place (?edit=assign)."""


@require_safe
@agents_only
def detail(request: UserRequest, number: str) -> HttpResponse:
    return show(request, number)


def show(request: UserRequest, number: str, *, attempt: Attempt | None = None, status: int = 200) -> HttpResponse:
    """The page as it is now; with an attempt, also what somebody tried in vain and typed."""
    now = timezone.now()
    incident: Any = get_object_or_404(selectors.incidents_for_page(request.user), ticket__number=number)
    ticket: Ticket = incident.ticket
    if incident.seen_at is None or incident.seen_at < ticket.updated_at:
        mark_seen(ticket=ticket, user=request.user, now=now)
    context = selectors.incident_page(incident=incident, user=request.user, params=request.GET, now=now)
    context |= {
        "attempt": attempt,
        "upload": upload_limits(),
        "codes": ResolutionCode.choices,
        "worded": PANELS,
        "can_take": "assign" in context["can"] and ticket.assignee_id != request.user.pk,
        "loud_verbs": [verb for verb in context["verbs"] if verb.name not in QUIET],
        "quiet_verbs": [verb for verb in context["verbs"] if verb.name in QUIET],
    }
    context["composer"] = _composer(incident, context, attempt)
    context |= _panel(request, context, attempt)
    context |= _edit(request, incident, context, attempt)
    context["meanwhile"] = lines_of(attempt.changes) if attempt is not None else []
    context["account"] = account_of_ticket(ticket, clock_id=request.GET.get("account", ""), now=now)
    part = PARTS.get(target_of(request))
    response = render(request, f"{PAGE}#{part}" if part else PAGE, context, status=status)
    response["Vary"] = "HX-Request, HX-Target"
    return response


def _composer(incident: Any, context: dict[str, Any], attempt: Attempt | None) -> dict[str, Any] | None:
    """What stands in the text field: what was refused, else what was still being written. None = no right to write."""
    can_reply, can_note = ("reply" in context["can"]), ("note" in context["can"])
    if not (can_reply or can_note):
        return None
    kept = incident.drafts[0] if incident.drafts else {"kind": Draft.Kind.REPLY, "body": ""}
    text, kind, errors = kept["body"], kept["kind"], []
    if attempt is not None and attempt.what == "reply":
        data = attempt.form.data
        text, kind, errors = data.get("text", ""), data.get("kind", ""), every_error(attempt.form)
    return {
        "text": text,
        "kind": kind if can_reply else Draft.Kind.NOTE,
        "errors": errors,
        "note_allowed": can_note,
        "reply_allowed": can_reply,
    }


def _panel(request: UserRequest, context: dict[str, Any], attempt: Attempt | None) -> dict[str, Any]:
    """The verb whose panel is open, with its form."""
    if attempt is not None and attempt.what in PANELS:
        return {"panel": attempt.what, "panel_form": attempt.form}
    asked = request.GET.get("do", "")
    if asked in PANELS and asked in context["can"]:
        return {"panel": asked, "panel_form": _focused(request, PANELS[asked]())}
    return {"panel": ""}


def _edit(request: UserRequest, incident: Incident, context: dict[str, Any], attempt: Attempt | None) -> dict[str, Any]:
    """The property that is open for editing, with its form and, for a priority, what it would promise."""
    tried = attempt.what if attempt is not None and attempt.what in EDITS else ""
    asked = tried or request.GET.get("edit", "")
    if asked not in EDITS or asked not in context["can"]:
        return {"editing": ""}
    form = attempt.form if tried and attempt is not None else _focused(request, _edit_form(asked, request, incident))
    found: dict[str, Any] = {"editing": asked, "edit_form": form, "edit_url": _edit_url(asked, incident.ticket.number)}
    if asked in ("prioritise", "override_priority"):
        chosen = {
            name: _number(form[name].value()) for name in ("priority", "impact", "urgency") if name in form.fields
        }
        found["preview"] = selectors.preview_of(incident, now=context["now"], **chosen)
    return found


def _edit_url(name: str, number: str) -> str:
    """Where the form of a property is sent."""
    shared = {
        "subject": "work:edit",
        "service": "work:edit",
        "assign": "work:assign",
        "link": "work:link",
        "watch": "work:watch",
        "promise_date": "work:promise_date",
    }
    return reverse(shared.get(name, f"incidents:{name}"), args=[number])


def _edit_form(name: str, request: UserRequest, incident: Incident) -> forms.Form:
    """The form of a property, filled with what holds (or, while its preview is asked for, with what was chosen)."""
    ticket = incident.ticket
    match name:
        case "subject" | "service":
            return EditForm(only=name, initial={"subject": ticket.subject, "service": ticket.service_id})
        case "assign":
            team = _chosen(request, "new-team", ticket.team_id)
            return AssignForm(initial={"team": team, "assignee": ticket.assignee_id})
        case "prioritise":
            now_so = {"impact": ticket.impact, "urgency": ticket.urgency}
            return PrioritiseForm(initial={name: _chosen(request, name, value) for name, value in now_so.items()})
        case "override_priority":
            priority = _chosen(request, "new-priority", ticket.priority)
            return OverrideForm(initial={"priority": priority, "reason": incident.priority_reason})
        case "categorise":
            return CategoriseForm(initial={"category": incident.category})
        case "promise_date":
            return PromiseForm()
        case "link":
            return LinkForm(user=request.user)
        case "mark_outage":
            return MarkOutageForm(initial={"starts_at": ticket.opened_at, "ends_at": ticket.resolved_at})
    return WatcherForm(user=request.user)


def _chosen(request: UserRequest, name: str, otherwise: int | None) -> int | None:
    """What was chosen in the open form so far, while its preview is asked for; else what holds."""
    if name not in request.GET:
        return otherwise
    return _number(request.GET[name])


def _focused(request: UserRequest, form: forms.Form) -> forms.Form:
    """The form that a person has just opened takes the focus; a page that refreshes itself takes it from nobody."""
    if not request.headers.get("HX-Source", "").endswith("#ticket"):
        form.visible_fields()[0].field.widget.attrs["autofocus"] = True
    return form


def _number(value: Any) -> int | None:
    return int(value) if str(value).isdecimal() else None
