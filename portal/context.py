"""What the customers' shell shows on every page."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from incidents import policies


def shell(request: HttpRequest) -> dict[str, Any]:
    """The navigation of the portal: for customers everywhere, for agents on the portal's own pages."""
    user = getattr(request, "user", None)
    match = request.resolver_match
    is_portal = match is not None and match.app_name == "portal"
    if not isinstance(user, User) or (user.is_agent and not is_portal):
        return {}
    pages = [
        ("home", "portal:home", _("Home")),
        ("layout-list", "portal:services", _("Services")),
        ("list-check", "portal:list", _("My requests")),
        ("activity", "portal:status", _("Status")),
    ]
    here = match.view_name if match else ""
    items = [
        {"icon": icon, "label": label, "url": reverse(name), "is_current": name == here} for icon, name, label in pages
    ]
    if user.is_agent:
        items.append({"icon": "headset", "label": _("Desk"), "url": reverse("home"), "is_current": False})
    return {"nav": [("", items)], "new_url": reverse("portal:create") if policies.can_open(user) else ""}
