"""Administrators' pages: the addresses outside that are told of things, and how they answered."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest
from desk import policies
from desk.webhooks import selectors, services
from desk.webhooks.forms import WebhookForm
from journal.models import Webhook
from work.access import agents_only


def administrators_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @agents_only
    @wraps(view)
    def guarded(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not policies.can_administer_webhooks(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@administrators_only
def webhooks(request: UserRequest) -> HttpResponse:
    return _list(request, WebhookForm())


@require_POST
@administrators_only
def add_webhook(request: UserRequest) -> HttpResponse:
    """Make it and show its secret, this once."""
    form = WebhookForm(request.POST)
    if form.is_valid():
        try:
            webhook = services.add_webhook(actor=request.user, now=timezone.now(), **form.cleaned_data)
        except ValidationError as problem:
            form.add_error(None, problem)
        else:
            return _page(request, webhook, status=201, secret=webhook.secret)
    return _list(request, form, status=422)


@require_safe
@administrators_only
def webhook(request: UserRequest, webhook_id: int) -> HttpResponse:
    return _page(request, _found(webhook_id))


@require_POST
@administrators_only
def switch_off_webhook(request: UserRequest, webhook_id: int) -> HttpResponse:
    services.switch_off_webhook(webhook=_found(webhook_id), actor=request.user, now=timezone.now())
    return redirect("desk:webhook", webhook_id=webhook_id)


@require_POST
@administrators_only
def switch_on_webhook(request: UserRequest, webhook_id: int) -> HttpResponse:
    services.switch_on_webhook(webhook=_found(webhook_id), actor=request.user, now=timezone.now())
    return redirect("desk:webhook", webhook_id=webhook_id)


@require_POST
@administrators_only
def test_webhook(request: UserRequest, webhook_id: int) -> HttpResponse:
    """The answer shows on the page within seconds, once the worker has called."""
    try:
        services.test_webhook(webhook=_found(webhook_id), actor=request.user, now=timezone.now())
    except ValidationError as problem:
        messages.error(request, problem.messages[0])
    else:
        messages.success(request, _("The test call is on its way; its answer is in the list below in a moment."))
    return redirect("desk:webhook", webhook_id=webhook_id)


def _found(webhook_id: int) -> Webhook:
    return get_object_or_404(Webhook, pk=webhook_id)


def _list(request: UserRequest, form: WebhookForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "webhooks": selectors.all_webhooks()}
    return render(request, "desk/administration/webhooks.html", context, status=status)


def _page(request: UserRequest, row: Webhook, *, status: int = 200, secret: str = "") -> HttpResponse:
    """`secret` only right after it was made."""
    context = {
        "webhook": row,
        "secret": secret,
        "calls": selectors.last_calls(row),
        "agreements": selectors.agreements_using(row),
        "history": selectors.history(row),
    }
    return render(request, "desk/administration/webhook.html", context, status=status)
