"""Who is calling: a program with a token, or a browser with a session (then with CSRF protection)."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import authentication, exceptions, permissions
from rest_framework.request import Request

from accounts.models import User
from api import services
from api.models import ApiToken, Scope


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer ptk_…`. The owner and his roles are read afresh with every call."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            token = services.use_token(secret=secret.strip(), now=timezone.now())
        except services.TokenRefused as refusal:
            raise exceptions.AuthenticationFailed(str(refusal)) from None
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002
        return 'Bearer realm="Portico"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session, for the interactive documentation; a POST needs the CSRF token."""


class HasScope(permissions.BasePermission):
    """A token does what its scopes name; a session has no scopes, it is the person himself."""

    message = _("This token has not the scope that is needed.")

    def has_permission(self, request: Request, view: Any) -> bool:  # noqa: ARG002
        return not isinstance(request.auth, ApiToken) or needed_scope(request) in request.auth.scopes


def needed_scope(request: Request) -> Scope:
    return Scope.READ if request.method in permissions.SAFE_METHODS else Scope.WRITE


def person(request: Request) -> User:
    """Who is calling. Behind IsAuthenticated `request.user` is a User."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 (narrows the type; anonymous callers were answered 401)
    return user
