"""Typed requests: behind @login_required `request.user` is a User."""

from django.http import HttpRequest

from accounts.models import User


class UserRequest(HttpRequest):
    user: User  # type: ignore[assignment]
