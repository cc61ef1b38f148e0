"""The verbs that every kind of ticket shares, as agents use them: POST only, answers in work/answers.py. And the account
of each of its clocks."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest
from core.paper import as_pdf
from slas.models import Clock
from slas.selectors import clocks_visible_to
from tickets import policies
from tickets.models import Channel, Draft, Link
from tickets.services import save_draft
from work import services
from work.access import agents_only
from work.answers import Attempt, carry_out, show, ticket_or_404
from work.forms import AssignForm, DraftForm, Edit, EditForm, LinkForm, PromiseForm, WatcherForm, Words
from work.paper import account_on_paper
from work.selectors.ledger import account_of, for_account
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


@require_POST
@agents_only
def promise_date(request: UserRequest, number: str) -> HttpResponse:
    ticket = ticket_or_404(request, number)

    def act(data: dict[str, Any]) -> None:
        services.promise_date(
            ticket=ticket, due_at=data["due_at"], words=data["words"], actor=request.user, now=timezone.now()
        )

    return carry_out(
        request,
        ticket=ticket,
        what="promise_date",
        is_allowed=policies.can_promise(request.user, ticket) or policies.has_ended(ticket),
        form=PromiseForm(request.POST),
        act=act,
        done=_("Promised. The requester is told."),
    )


@require_POST
@agents_only
def withdraw_date(request: UserRequest, number: str) -> HttpResponse:
    ticket = ticket_or_404(request, number)

    def act(data: dict[str, Any]) -> None:  # noqa: ARG001
        services.withdraw_date(ticket=ticket, actor=request.user, now=timezone.now())

    return carry_out(
        request,
        ticket=ticket,
        what="promise_date",
        is_allowed=policies.can_promise(request.user, ticket) or policies.has_ended(ticket),
        form=Edit(request.POST),
        act=act,
        done=_("Taken back. The requester is told."),
    )


# --- where the time went -------------------------------------------------------------------------------------------


@require_safe
@agents_only
def clock(request: UserRequest, number: str, clock_id: int) -> HttpResponse:
    """The account of one clock, on a page of its own."""
    found, now = _clock(request, number, clock_id), timezone.now()
    context = {"clock": found, "ticket": found.ticket, "account": account_of(found, now=now, for_desk=True), "now": now}
    return render(request, "work/clock.html", context)


@require_safe
@agents_only
def clock_on_paper(request: UserRequest, number: str, clock_id: int) -> HttpResponse:
    """The same as a PDF."""
    found, now = _clock(request, number, clock_id), timezone.now()
    account = account_of(found, now=now, for_desk=True)
    return as_pdf(account_on_paper(account, ticket=found.ticket, now=now), f"{number}-{found.metric}.pdf")


def _clock(request: UserRequest, number: str, clock_id: int) -> Clock:
    clocks = clocks_visible_to(request.user).filter(ticket__number=number)
    return get_object_or_404(for_account(clocks), pk=clock_id)
