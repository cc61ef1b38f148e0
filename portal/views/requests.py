"""A customer's requests: the list, a new one, and the page of one."""

from dataclasses import dataclass, field

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import UserRequest
from accounts.models import User
from incidents import policies, services
from portal import words
from portal.forms import IncidentForm
from portal.selectors import requests as selectors
from portal.selectors.actions import VERBS, offered_verbs
from portal.selectors.conversation import conversation, follow_ups
from portal.selectors.promises import promise_sentence, promised_times
from tickets.models import Channel, Draft, Ticket, WaitingReason
from tickets.policies import ENDED
from work.selectors.court import court_for_customer


@require_safe
@login_required
def list_requests(request: UserRequest) -> HttpResponse:
    """Mine, those I follow, or my organisation's; open or closed; scope, state, search and page are in the address."""
    user, asked = request.user, request.GET
    scopes = selectors.scopes_of(user)
    scope = asked.get("scope", "") if asked.get("scope") in scopes else selectors.MINE
    state = "closed" if asked.get("state") == "closed" else "open"
    query = asked.get("q", "").strip()[:200]
    page, lines = selectors.request_page(
        user=user,
        now=timezone.now(),
        scope=scope,
        is_open=state == "open",
        query=query,
        older=asked.get("older", ""),
        newer=asked.get("newer", ""),
    )
    context = {
        "requests": lines,
        "page": page,
        "scope": scope,
        "scopes": [(name, selectors.SCOPES[name]) for name in scopes],
        "state": state,
        "query": query,
    }
    return render(request, "portal/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def create(request: UserRequest) -> HttpResponse:
    """File an incident. What was typed comes back with every refusal; files have to be chosen again."""
    if not policies.can_open(request.user):
        raise PermissionDenied
    is_post = request.method == "POST"
    form = IncidentForm(
        request.POST if is_post else None,
        request.FILES if is_post else None,
        user=request.user,
        initial={name: request.GET[name] for name in ("service", "subject") if name in request.GET},
    )
    if is_post and form.is_valid():
        now = timezone.now()
        files = form.cleaned_data.pop("files")
        try:
            incident = services.open_incident(
                requester=request.user,
                actor=request.user,
                now=now,
                channel=Channel.PORTAL,
                uploads=files,
                **form.cleaned_data,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            thanks = _("Thank you. Your request has the number %(number)s.") % {"number": incident.ticket.number}
            messages.success(request, f"{thanks} {promise_sentence(ticket=incident.ticket, now=now)}".strip())
            return redirect("portal:ticket", number=incident.ticket.number)
    return render(request, "portal/create.html", {"form": form, **file_limits()}, status=422 if form.errors else 200)


@require_safe
@login_required
def ticket(request: UserRequest, number: str) -> HttpResponse:
    """One request: its story, its promises and what can be done. An agent who follows a customer's link to somebody
    else's is sent to the desk's page of it."""
    user = request.user
    if user.is_agent and Ticket.objects.visible_to(user).filter(number=number).exclude(requester=user).exists():
        return redirect("ticket", number=number)
    return show_ticket(request, find_ticket(user, number))


@dataclass(frozen=True)
class Attempt:
    """What somebody tried and did not get: the `verb`, his `text`, and what is wrong with it."""

    verb: str
    text: str
    errors: list[str] = field(default_factory=list)
    is_conflict: bool = False


def find_ticket(user: User, number: str) -> Ticket:
    """The ticket behind the gate; somebody else's is a 404 like one that does not exist."""
    found = selectors.requests_of(user).with_people().select_related("incident").filter(number=number).first()
    if found is None:
        raise Http404
    return found


def show_ticket(
    request: UserRequest, ticket: Ticket, *, attempt: Attempt | None = None, status: int = 200
) -> HttpResponse:
    """The page of `ticket`; after a failed attempt with what was typed, and what is wrong or possible instead."""
    user, now = request.user, timezone.now()
    lines = conversation(ticket=ticket, user=user)
    offered = offered_verbs(user=user, ticket=ticket)
    done = words.steps_done(ticket)
    earlier, later = follow_ups(ticket=ticket, user=user)
    context = {
        "ticket": ticket,
        "lines": lines,
        "latest_fact": next((line.words for line in reversed(lines) if line.words), ""),
        "stands": words.standing(ticket),
        "steps": [(label, place < done, place == done - 1) for place, label in enumerate(words.STEPS)] if done else [],
        "promises": [] if ticket.phase in ENDED else promised_times(ticket=ticket, now=now),
        "court": court_for_customer(ticket, now=now),
        "offered": offered,
        "offered_words": [str(VERBS[verb]) for verb in offered],
        "is_question": ticket.waiting_reason == WaitingReason.REQUESTER,
        "attempt": attempt,
        "reply_text": attempt.text if attempt and attempt.verb == "reply" else _draft(ticket, user),
        "reply_errors": attempt.errors if attempt and attempt.verb == "reply" else [],
        "is_mine": ticket.requester_id == user.pk,
        "is_watching": ticket.watchers.filter(user=user).exists(),
        "earlier": earlier,
        "later": later,
        "version": len(lines),
        **file_limits(),
    }
    return render(request, "portal/ticket.html", context, status=status)


def file_limits() -> dict[str, object]:
    """What the file pickers say and check before anything is sent."""
    return {
        "max_bytes": settings.FILE_MAX_BYTES,
        "max_label": filesizeformat(settings.FILE_MAX_BYTES),
        "max_count": settings.FILES_PER_ENTRY,
    }


def _draft(ticket: Ticket, user: User) -> str:
    kept = Draft.objects.filter(ticket=ticket, user=user, kind=Draft.Kind.REPLY).first()
    return kept.body if kept else ""
