"""What the agents' shell shows on every page."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import Permission
from desk.selectors.navigation import COUNTED, Navigation, navigation
from incidents import policies
from journal.selectors import n_dead
from work.selectors.counts import count_label
from work.selectors.lists import VIEWS, queue_query

Item = dict[str, Any]
Section = tuple[str, list[Item]]


def shell(request: HttpRequest) -> dict[str, Any]:
    """The navigation of the desk, for agents; the portal's own pages get nothing from it. Nothing is read before the
    page draws it, so an answer of one part costs no counts."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_agent:
        return {}
    match = request.resolver_match
    if match is not None and match.app_name == "portal":
        return {}
    return {
        "nav": SimpleLazyObject(lambda: _side(request, user)),
        "mobile_nav": SimpleLazyObject(lambda: _bottom(request, user)),
        "palette_url": reverse("desk:find"),
        "new_url": reverse("incidents:create") if policies.can_open_for_others(user) else "",
    }


def _side(request: HttpRequest, user: User) -> list[Section]:
    known = navigation(user=user, now=timezone.now())
    here = _here(request)
    sections: list[Section] = [("", _places(request, user, known)), (_("Views"), _views(known, here))]
    for title, is_own in ((_("My filters"), True), (_("Shared filters"), False)):
        items = [
            _item("filter" if is_own else "star", kept.name, f"{reverse('desk:queue')}?{kept.query}", is_current=here == kept.query)
            for kept in known.filters
            if kept.is_own == is_own
        ]  # fmt: skip
        if items:
            sections.append((title, items))
    return sections


def _places(request: HttpRequest, user: User, known: Navigation) -> list[Item]:
    queue = f"{reverse('desk:queue')}?view=open"
    places = [
        _item("home", _("Home"), reverse("desk:home"), is_current=request.path == reverse("desk:home"), shortcut="g h"),
        _item("inbox", _("Tickets"), queue, count=known.counts["open"], is_current=_here(request) == "view=open", shortcut="g t"),
    ]  # fmt: skip
    if user.can(Permission.VIEW_REPORTS):
        dashboard = reverse("reports:service_levels")
        places.append(
            _item("chart-histogram", _("Dashboard"), dashboard, is_current=request.path == dashboard, shortcut="g d")
        )
    agreements = reverse("slas:agreements")
    places.append(_item("certificate", _("Agreements"), agreements, is_current=request.path.startswith(agreements)))
    availability = reverse("slas:availability")
    here = request.path.startswith((availability, reverse("slas:outages")))
    places.append(_item("activity", _("Availability"), availability, is_current=here))
    if user.can(Permission.MANAGE_AGREEMENTS):
        calendars = reverse("slas:calendars")
        places.append(_item("calendar-time", _("Calendars"), calendars, is_current=request.path.startswith(calendars)))
    if user.can(Permission.ADMINISTER):
        people = reverse("accounts:people")
        places.append(_item("users-group", _("People"), people, is_current=request.path.startswith(people)))
        outbox, dead = reverse("desk:outbox"), n_dead()
        places.append(
            _item("send", _("Outbox"), outbox, count=dead, is_hot=dead > 0, is_current=request.path.startswith(outbox))
        )
        webhooks = reverse("desk:webhooks")
        places.append(_item("webhook", _("Webhooks"), webhooks, is_current=request.path.startswith(webhooks)))
    return places


def _views(known: Navigation, here: str) -> list[Item]:
    return [
        _item(
            VIEWS[key].icon, str(VIEWS[key].label), f"{reverse('desk:queue')}?view={key}",
            count=known.counts[key], is_current=here == f"view={key}", is_hot=key == "breached" and known.counts[key] > 0,
        )
        for key in COUNTED
        if key != "open"
    ]  # fmt: skip


def _bottom(request: HttpRequest, user: User) -> list[Section]:
    """For phones; "More" opens the whole side bar."""
    items = [
        _item("home", _("Home"), reverse("desk:home"), is_current=request.path == reverse("desk:home")),
        _item("inbox", _("Tickets"), reverse("desk:queue"), is_current=_here(request) != ""),
        _item("flame", _("Breached"), f"{reverse('desk:queue')}?view=breached", is_current=_here(request) == "view=breached"),
    ]  # fmt: skip
    if policies.can_open_for_others(user):
        new = reverse("incidents:create")
        items.insert(2, _item("plus", _("New"), new, is_current=request.path == new))
    return [("", items)]


def _here(request: HttpRequest) -> str:
    """The list the reader is in, as its query string; "" outside of lists."""
    match = request.resolver_match
    if match is None or match.view_name not in ("desk:queue", "incidents:detail"):
        return ""
    return queue_query(request.GET)


def _item(
    icon: str,
    label: str,
    url: str,
    *,
    count: int = 0,
    is_current: bool = False,
    is_hot: bool = False,
    shortcut: str = "",
) -> Item:
    return {
        "icon": icon, "label": label, "url": url, "count": count_label(count), "is_current": is_current,
        "is_hot": is_hot, "shortcut": shortcut,
    }  # fmt: skip
