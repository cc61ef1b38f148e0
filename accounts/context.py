"""What every template may know of the reader."""

from typing import Any

from django.http import HttpRequest

from accounts.models import User


def person(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if isinstance(user, User):
        return {"theme": user.theme}
    chosen = request.COOKIES.get("theme", "")
    return {"theme": chosen if chosen in User.Theme.values else User.Theme.SYSTEM}
