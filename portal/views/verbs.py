"""What a customer does with a request. POST only; each is one call of a service, and then the page again."""

from collections.abc import Callable, Sequence

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.http import UserRequest
from core.machine import IllegalMove
from incidents import services as incidents
from incidents.services import StaleIncident
from portal.forms import WordsAndFilesForm
from portal.selectors.actions import offered_verbs
from portal.views.requests import Attempt, find_ticket, show_ticket
from tickets import policies
from tickets import services as tickets
from tickets.models import Channel, Draft, Ticket
from tickets.services import StaleTicket
from work import services as work

Act = Callable[[Ticket, str, Sequence[UploadedFile]], Ticket]
"""Takes the ticket, the words and the files; returns the ticket that goes on."""


@require_POST
@login_required
def reply(request: UserRequest, number: str) -> HttpResponse:
    """A public answer with files."""

    def act(ticket: Ticket, text: str, files: Sequence[UploadedFile]) -> Ticket:
        work.reply_to_ticket(
            ticket=ticket, body=text, uploads=files, actor=request.user, now=timezone.now(), channel=Channel.PORTAL
        )
        return ticket

    return _carry_out(request, number, "reply", act, _("Your answer is sent."))


@require_POST
@login_required
def close(request: UserRequest, number: str) -> HttpResponse:
    """It is solved indeed."""

    def act(ticket: Ticket, text: str, files: Sequence[UploadedFile]) -> Ticket:  # noqa: ARG001
        incidents.close_incident(incident=ticket.incident, actor=request.user, now=timezone.now())
        return ticket

    return _carry_out(request, number, "close", act, _("Thank you. The request is closed."))


@require_POST
@login_required
def reopen(request: UserRequest, number: str) -> HttpResponse:
    """It is not solved: the same request goes on, or after the window a new one."""

    def act(ticket: Ticket, text: str, files: Sequence[UploadedFile]) -> Ticket:  # noqa: ARG001
        if not text.strip():
            raise ValidationError(_("Please say what is still wrong."))
        return incidents.reopen_incident(
            incident=ticket.incident, comment=text, actor=request.user, now=timezone.now()
        ).ticket

    return _carry_out(request, number, "reopen", act, _("The request is open again."))


@require_POST
@login_required
def follow_up(request: UserRequest, number: str) -> HttpResponse:
    """A new request that carries on where a closed one ended."""

    def act(ticket: Ticket, text: str, files: Sequence[UploadedFile]) -> Ticket:
        return incidents.follow_up_incident(
            incident=ticket.incident, body=text, uploads=files, actor=request.user, now=timezone.now()
        ).ticket

    return _carry_out(request, number, "follow_up", act, "")


@require_POST
@login_required
def cancel(request: UserRequest, number: str) -> HttpResponse:
    """It needs no work after all."""

    def act(ticket: Ticket, text: str, files: Sequence[UploadedFile]) -> Ticket:  # noqa: ARG001
        incidents.cancel_incident(incident=ticket.incident, reason=text, actor=request.user, now=timezone.now())
        return ticket

    return _carry_out(request, number, "cancel", act, _("The request is withdrawn."))


@require_POST
@login_required
def watch(request: UserRequest, number: str) -> HttpResponse:
    """Hear of every public message."""
    ticket = find_ticket(request.user, number)
    work.watch_ticket(ticket=ticket, user=request.user, actor=request.user, now=timezone.now())
    messages.success(request, _("You follow this request now."))
    return redirect("portal:ticket", number=number)


@require_POST
@login_required
def unwatch(request: UserRequest, number: str) -> HttpResponse:
    """No longer; who saw the request only because he followed it is taken to his list."""
    ticket = find_ticket(request.user, number)
    work.unwatch_ticket(ticket=ticket, user=request.user, actor=request.user, now=timezone.now())
    messages.success(request, _("You no longer follow %(number)s.") % {"number": number})
    still_sees = Ticket.objects.visible_to(request.user).filter(pk=ticket.pk).exists()
    return redirect("portal:ticket", number=number) if still_sees else redirect("portal:list")


@require_POST
@login_required
def draft(request: UserRequest, number: str) -> HttpResponse:
    """Keep the answer that is being typed; 204."""
    ticket = find_ticket(request.user, number)
    if not policies.can_reply(request.user, ticket):
        raise PermissionDenied
    tickets.save_draft(
        ticket=ticket,
        user=request.user,
        kind=Draft.Kind.REPLY,
        body=request.POST.get("text", ""),
        now=timezone.now(),
    )
    return HttpResponse(status=204)


def _carry_out(request: UserRequest, number: str, verb: str, act: Act, said: str) -> HttpResponse:
    """Do it and go to the page of the ticket that goes on; or show the page again with what was typed: 422 for wrong
    input, 409 for what is not possible any more."""
    ticket = find_ticket(request.user, number)
    text = request.POST.get("text", "")
    form = WordsAndFilesForm(request.POST, request.FILES)
    try:
        if verb == "reply" and _has_ended(request, ticket):
            return _conflict(request, number, verb, text)
        if not form.is_valid():
            raise ValidationError([message for errors in form.errors.values() for message in errors])
        going_on = act(ticket, form.cleaned_data["text"], form.cleaned_data["files"])
    except ValidationError as error:
        return show_ticket(request, ticket, attempt=Attempt(verb, text, error.messages), status=422)
    except (IllegalMove, StaleIncident, StaleTicket):
        return _conflict(request, number, verb, text)
    if going_on.number != ticket.number:
        said = _("A new request, %(number)s, goes on from %(old)s.") % {"number": going_on.number, "old": number}
    messages.success(request, said)
    return redirect(f"{reverse('portal:ticket', args=[going_on.number])}#latest")


def _has_ended(request: UserRequest, ticket: Ticket) -> bool:
    """An answer that was typed while the request was solved or closed must not get lost in it."""
    return ticket.phase in policies.ENDED or "reopen" in offered_verbs(user=request.user, ticket=ticket)


def _conflict(request: UserRequest, number: str, verb: str, text: str) -> HttpResponse:
    ticket = find_ticket(request.user, number)
    return show_ticket(request, ticket, attempt=Attempt(verb, text, is_conflict=True), status=409)
