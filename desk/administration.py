"""Administrators' pages: what the outbox holds, and the letters of an installation that has no mail server."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest
from core.keyset import page_of
from journal import outbox as engine
from journal.models import Outbox
from journal.selectors import n_dead
from mail import policies, selectors, services
from work.access import agents_only

PAGE = 50


def administrators_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @agents_only
    @wraps(view)
    def guarded(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not policies.can_administer_mail(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@administrators_only
def outbox(request: UserRequest) -> HttpResponse:
    """Rows by state, newest first. Without a choice: the dead ones where there are any."""
    counts: dict[str, int | None] = {"waiting": selectors.n_waiting(), "dead": n_dead(), "done": None}
    state = request.GET.get("state", "")
    if state not in selectors.STATES:
        state = "dead" if counts["dead"] else "waiting"
    topic = request.GET.get("topic", "")
    page = page_of(
        selectors.outbox_rows(state=state, topic=topic), field="id", descending=True, size=PAGE,
        older=request.GET.get("older", ""), newer=request.GET.get("newer", ""),
    )  # fmt: skip
    titles = selectors.titles(page.rows)
    context = {
        "state": state,
        "topic": topic,
        "topics": [(name, selectors.topic_name(name)) for name in engine.topics()],
        "tabs": _tabs(state, topic, counts),
        "page": page,
        "lines": [(row, titles[row.pk], selectors.topic_name(row.topic)) for row in page.rows],
        "keeps_files": selectors.keeps_files(),
    }
    return render(request, "desk/administration/outbox.html", context)


@require_safe
@administrators_only
def outbox_row(request: UserRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Outbox, pk=pk)
    context = {
        "row": row,
        "title": selectors.titles([row])[row.pk],
        "topic": selectors.topic_name(row.topic),
        "n_tries": len(engine.PAUSES),
    }
    return render(request, "desk/administration/outbox_row.html", context)


@require_POST
@administrators_only
def retry(request: UserRequest, pk: int) -> HttpResponse:
    """Give a dead row a fresh set of tries; a row that has been delivered meanwhile stays delivered."""
    row = get_object_or_404(Outbox, pk=pk)
    services.retry_delivery(row=row, actor=request.user, now=timezone.now())
    messages.success(request, _("It is tried again now."))
    return redirect("desk:outbox_row", pk=pk)


@require_safe
@administrators_only
def mail_files(request: UserRequest) -> HttpResponse:
    if not selectors.keeps_files():
        raise Http404
    context = {"files": selectors.mail_files(), "n_shown": selectors.SHOWN_FILES}
    return render(request, "desk/administration/mail_files.html", context)


@require_safe
@administrators_only
def mail_file(request: UserRequest, name: str) -> HttpResponse:
    found = selectors.mail_file(name) if selectors.keeps_files() else None
    if found is None:
        raise Http404
    return render(request, "desk/administration/mail_file.html", {"file": found})


def _tabs(state: str, topic: str, counts: dict[str, int | None]) -> list[dict[str, Any]]:
    words = {
        "waiting": pgettext("outbox", "Waiting"),
        "dead": pgettext("outbox", "Given up"),
        "done": pgettext("outbox", "Delivered"),
    }
    return [
        {
            "url": f"?state={key}" + (f"&topic={topic}" if topic else ""),
            "label": words[key],
            "is_current": key == state,
            "count": counts[key],
        }
        for key in selectors.STATES
    ]
