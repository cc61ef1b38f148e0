"""The desk's own pages: home, queue, palette, kept filters, and the pulse that open pages ask."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest
from accounts.models import User
from core.htmx import target_of
from desk import services
from desk.forms import SaveFilterForm
from desk.models import SavedFilter
from desk.selectors.filters import chips, selects
from desk.selectors.finder import find as find_things
from desk.selectors.home import clockwork
from desk.selectors.home import home as home_of
from desk.selectors.navigation import forget_navigation, navigation
from incidents.policies import can_open_for_others
from tickets.models import Ticket
from work.access import agents_only
from work.pulse import mark_of
from work.selectors.counts import count_label
from work.selectors.lists import VIEWS, queue_query
from work.selectors.queue import queue_of

FIGURES = ("breached", "mine", "due-today", "unassigned")
"""The views whose counts head the first page."""


@require_safe
@agents_only
def home(request: UserRequest) -> HttpResponse:
    now = timezone.now()
    mark = mark_of(None)
    counts = navigation(user=request.user, now=now).counts
    context = {
        "now": now,
        "mark": mark,
        "blocks": home_of(user=request.user, now=now),
        "figures": [(VIEWS[view], count_label(counts[view]) or "0") for view in FIGURES],
        "clockwork": clockwork(),
    }
    part = "#home" if target_of(request) == "home" else ""
    return render(request, f"desk/home.html{part}", context)


@require_safe
@agents_only
def queue(request: UserRequest) -> HttpResponse:
    """The list that the address describes; also its filter panel (?panel=filters)."""
    return _queue_page(request, request.GET, with_panel=request.GET.get("panel") == "filters")


@require_safe
@agents_only
def find(request: UserRequest) -> HttpResponse:
    """The palette's answers, as a part for the dialog and as a page without it."""
    q = request.GET.get("q", "").strip()
    found = find_things(q, user=request.user)
    part = "#results" if target_of(request) == "pd-palette-results" else ""
    return render(request, f"desk/find.html{part}", {"q": q, "found": found, "actions": _actions(q, request.user)})


def _actions(q: str, user: User) -> list[dict[str, str]]:
    """Places to go to whose name has the letters typed."""
    places = [("home", _("Home"), reverse("desk:home"))]
    if can_open_for_others(user):
        places.append(("plus", _("New incident"), reverse("incidents:create")))
    places += [(view.icon, str(view.label), f"{reverse('desk:queue')}?view={view.key}") for view in VIEWS.values()]
    return [{"icon": icon, "label": label, "url": url} for icon, label, url in places if q.lower() in label.lower()]


@require_safe
@agents_only
def pulse(request: UserRequest) -> HttpResponse:
    """Has anything changed since the mark `seen`? 204: no. 200: the new mark, and the page asks again for itself. For
    one ticket (?ticket=INC-1001) or for all."""
    ticket_id = None
    if number := request.GET.get("ticket", ""):
        ticket_id = get_object_or_404(Ticket.objects.visible_to(request.user).only("pk"), number=number).pk
    mark = mark_of(ticket_id)
    if not mark or mark == request.GET.get("seen", ""):
        return HttpResponse(status=204)
    return HttpResponse(mark, content_type="text/plain")


@require_POST
@agents_only
def save_filter(request: UserRequest) -> HttpResponse:
    """Keep the present list under a name. The address is read anew, so only what the queue understands is kept."""
    form = SaveFilterForm(request.POST)
    query = queue_query(QueryDict(request.POST.get("query", "")))
    if not form.is_valid():
        return _queue_page(request, QueryDict(query), with_panel=True, save_form=form, status=422)
    try:
        services.save_filter(
            name=form.cleaned_data["name"], query=query, is_shared=form.cleaned_data["is_shared"], actor=request.user
        )
    except ValidationError as error:
        form.add_error("name", error.messages)
        return _queue_page(request, QueryDict(query), with_panel=True, save_form=form, status=422)
    forget_navigation(request.user)
    messages.success(request, _("The filter is kept in your side bar."))
    return redirect(f"{reverse('desk:queue')}?{query}")


def _queue_page(
    request: UserRequest,
    params: QueryDict,
    *,
    with_panel: bool,
    save_form: SaveFilterForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page or, while it refreshes itself, its rows alone."""
    now = timezone.now()
    mark = mark_of(None)
    found = queue_of(params, user=request.user, now=now)
    context: dict[str, Any] = {"now": now, "list_mark": mark, "queue": found, "current": params.get("current", "")}
    status = 400 if found.problems else status
    if target_of(request) == "queue":
        return render(request, "work/queue_pane.html#queue", context, status=status)
    filters = navigation(user=request.user, now=now).filters
    context |= {
        "chips": chips(found.query, user=request.user),
        "selects": selects(QueryDict(found.query), user=request.user) if with_panel else [],
        "save_form": save_form,
        "kept": next((kept for kept in filters if kept.is_own and kept.query == found.query), None),
    }
    response = render(request, "desk/queue.html", context, status=status)
    response["Vary"] = "HX-Request, HX-Target"
    return response


@require_POST
@agents_only
def remove_filter(request: UserRequest, pk: int) -> HttpResponse:
    saved = get_object_or_404(SavedFilter.objects.filter(user=request.user), pk=pk)
    services.remove_filter(saved=saved, actor=request.user)
    forget_navigation(request.user)
    messages.success(request, _("The filter “%(name)s” is gone.") % {"name": saved.name})
    return redirect(f"{reverse('desk:queue')}?{saved.query}")
