"""How a page answers somebody who tried something: done, not possible, too late, or not understood.

    422  the form names each field that is wrong; everything typed is kept
    409  the process does not allow it from here, or somebody was faster: what is possible, or who changed what
    302  done: back to the ticket (htmx follows and swaps the page's part, a browser without it loads the page)

Not allowed at all is PermissionDenied: the 403 page.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from accounts.http import UserRequest
from core.machine import IllegalMove
from journal.models import Event
from tickets.models import PublicEntry, Ticket
from tickets.services import StaleTicket, changes_since
from work.kinds import kind_of
from work.selectors.lists import queue_place


@dataclass
class Attempt:
    """Something a person tried and could not have: the page shows it again, with what he typed.

    `what` is the verb, the property or "reply". `changes` are the facts that came between, `newer` the messages he had
    not seen, `refused` the move that is not possible from the present state.
    """

    what: str
    form: forms.Form
    changes: Sequence[Event] = field(default_factory=list)
    newer: Sequence[PublicEntry] = field(default_factory=list)
    refused: IllegalMove | None = None


def ticket_or_404(request: UserRequest, number: str) -> Ticket:
    """Within what the reader may see: a foreign number is a 404 like a wrong one."""
    return get_object_or_404(Ticket.objects.visible_to(request.user).with_people(), number=number)


def show(request: UserRequest, ticket: Ticket, attempt: Attempt, status: int) -> HttpResponse:
    """The ticket's own page, by the practice it belongs to."""
    return kind_of(ticket).show(request, ticket.number, attempt=attempt, status=status)


def carry_out(
    request: UserRequest,
    *,
    ticket: Ticket,
    what: str,
    is_allowed: bool,
    form: forms.Form,
    act: Callable[[dict[str, Any]], Ticket | None],
    done: str,
) -> HttpResponse:
    """Call `act` with the form's data, and answer. `is_allowed` is the policy's word, asked before the form is read;
    `done` is said to the person afterwards. Where another ticket goes on instead, `act` returns that one."""
    if not is_allowed:
        raise PermissionDenied
    if not form.is_valid():
        return show(request, ticket, Attempt(what, form), 422)
    try:
        goes_on = act(form.cleaned_data)
    except ValidationError as error:
        explain(form, error)
        return show(request, ticket, Attempt(what, form), 422)
    except IllegalMove as refused:
        return show(request, ticket, Attempt(what, form, changes=_meanwhile(request, ticket), refused=refused), 409)
    except StaleTicket as stale:
        return show(request, ticket, Attempt(what, form, changes=stale.changes), 409)
    messages.success(request, done)
    return back_to(request, goes_on or ticket)


def back_to(request: UserRequest, ticket: Ticket) -> HttpResponse:
    """To the ticket's page, in the list it was opened from."""
    address = reverse(f"{ticket.kind}s:detail", args=[ticket.number])
    return redirect(f"{address}?{queue_place(request.GET)}")


def explain(form: forms.Form, error: ValidationError) -> None:
    """Put a service's refusal to the fields it names. A service calls words by what they are for (comment, resolution,
    reason), a form calls them text; what the form does not have at all is said above it."""
    named = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    for name, problems in named.items():
        words = "text" if "text" in form.fields and name != NON_FIELD_ERRORS else None
        form.add_error(name if name in form.fields else words, problems)


def _meanwhile(request: UserRequest, ticket: Ticket) -> list[Event]:
    """What happened since the page was loaded that the person acted on."""
    version = request.POST.get("version", "")
    return changes_since(ticket=ticket, version=int(version)) if version.isdecimal() else []
