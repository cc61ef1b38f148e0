"""What every template may know of the reader."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User


def person(request: HttpRequest) -> dict[str, Any]:
    """The theme to paint in, and where theme and language are changed."""
    switches = {"theme_url": reverse("accounts:theme"), "language_url": reverse("accounts:language")}
    user = getattr(request, "user", None)
    if isinstance(user, User):
        return {"theme": user.theme, **switches}
    chosen = request.COOKIES.get("theme", "")
    return {"theme": chosen if chosen in User.Theme.values else User.Theme.SYSTEM, **switches}
