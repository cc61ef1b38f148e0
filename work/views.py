"""The verbs that every kind of ticket shares, as agents use them. POST only; answers in work/answers.py."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.http import UserRequest
from tickets import policies
from tickets.models import Channel, Draft, Link
from tickets.services import save_draft
from work import services
from work.access import agents_only
from work.answers import Attempt, carry_out, show, ticket_or_404
from work.forms import AssignForm, DraftForm, EditForm, LinkForm, WatcherForm, Words
from work.selectors.page import entries_since


@require_POST
@agents_only
def reply(request: UserRequest, number: str) -> HttpResponse:
    """A public reply or, as the form says, an internal note. Messages the writer has not seen come first: 409, and
    sending again sends."""
    ticket = ticket_or_404(request, number)
    form = Words(request.POST, request.FILES)
    is_allowed = (policies.can_note if form.is_note else policies.can_reply)(request.user, ticket)
    if is_allowed and form.is_valid() and not form.is_note and form.cleaned_data["seen"] is not None:
        newer = entries_since(ticket, entry_id=form.cleaned_data["seen"], user=request.user)
        if newer:
            return show(request, ticket, Attempt("reply", form, newer=newer), 409)

    def send(data: dict[str, Any]) -> None:
        words = {
            "ticket": ticket,
            "body": data["text"],
            "actor": request.user,
            "now": timezone.now(),
            "uploads": form.uploads,
        }
        if form.is_note:
            services.note_on_ticket(**words)
        else:
            services.reply_to_ticket(**words, channel=Channel.DESK)

    done = _("Internal note kept.") if form.is_note else _("Reply sent.")
    return carry_out(request, ticket=ticket, what="reply", is_allowed=is_allowed, form=form, act=send, done=done)


@require_POST
@agents_only
def draft(request: UserRequest, number: str) -> HttpResponse:
    """Keep what is being typed. One text field is one draft: a change of kind moves it."""
    ticket = ticket_or_404(request, number)
    if not (policies.can_reply(request.user, ticket) or policies.can_note(request.user, ticket)):
        raise PermissionDenied
    form = DraftForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    kind = Draft.Kind(form.cleaned_data["kind"] or Draft.Kind.REPLY)
    other = Draft.Kind.NOTE if kind == Draft.Kind.REPLY else Draft.Kind.REPLY
    now = timezone.now()
    with transaction.atomic():
        save_draft(ticket=ticket, user=request.user, kind=kind, body=form.cleaned_data["text"], now=now)
        save_draft(ticket=ticket, user=request.user, kind=other, body="", now=now)
    return HttpResponse(status=204)


@require_POST
@agents_only
def assign(request: UserRequest, number: str) -> HttpResponse:
    ticket = ticket_or_404(request, number)

    def act(data: dict[str, Any]) -> None:
        services.assign_ticket(
            ticket=ticket, team=data["team"], assignee=data["assignee"], actor=request.user, now=timezone.now(),
            expected_version=data["version"],
        )  # fmt: skip

    return carry_out(
        request,
        ticket=ticket,
        what="assign",
        is_allowed=policies.can_assign(request.user, ticket),
        form=AssignForm(request.POST),
        act=act,
        done=_("Assigned."),
    )


@require_POST
@agents_only
def edit(request: UserRequest, number: str) -> HttpResponse:
    ticket = ticket_or_404(request, number)
    what = "subject" if "subject" in request.POST else "service"
    form = EditForm(request.POST, only=what)

    def act(data: dict[str, Any]) -> None:
        services.edit_ticket(
            ticket=ticket,
            actor=request.user,
            now=timezone.now(),
            expected_version=data["version"],
            **{what: data[what]},
        )

    return carry_out(
        request,
        ticket=ticket,
        what=what,
        is_allowed=policies.can_edit(request.user, ticket),
        form=form,
        act=act,
        done=_("Changed."),
    )


@require_POST
@agents_only
def watch(request: UserRequest, number: str) -> HttpResponse:
    """Follow the ticket oneself or, with an address, let somebody else follow it."""
    ticket = ticket_or_404(request, number)

    def act(data: dict[str, Any]) -> None:
        services.watch_ticket(ticket=ticket, user=data["email"], actor=request.user, now=timezone.now())

    form = WatcherForm(request.POST, user=request.user)
    return carry_out(
        request,
        ticket=ticket,
        what="watch",
        is_allowed=policies.can_watch(request.user, ticket),
        form=form,
        act=act,
        done=_("Watching."),
    )


@require_POST
@agents_only
def unwatch(request: UserRequest, number: str) -> HttpResponse:
    ticket = ticket_or_404(request, number)

    def act(data: dict[str, Any]) -> None:
        services.unwatch_ticket(ticket=ticket, user=data["email"], actor=request.user, now=timezone.now())

    form = WatcherForm(request.POST, user=request.user)
    return carry_out(
        request,
        ticket=ticket,
        what="watch",
        is_allowed=policies.can_watch(request.user, ticket),
        form=form,
        act=act,
        done=_("No longer watching."),
    )


@require_POST
@agents_only
def link(request: UserRequest, number: str) -> HttpResponse:
    ticket = ticket_or_404(request, number)

    def act(data: dict[str, Any]) -> None:
        services.link_tickets(
            source=ticket, target=data["number"], type=Link.Type(data["type"]), actor=request.user, now=timezone.now()
        )

    form = LinkForm(request.POST, user=request.user)
    return carry_out(
        request,
        ticket=ticket,
        what="link",
        is_allowed=policies.can_link(request.user, ticket),
        form=form,
        act=act,
        done=_("Linked."),
    )
