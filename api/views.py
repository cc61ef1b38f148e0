"""The pages around the API: one's tokens, the interactive documentation, and the schema it reads."""

from functools import lru_cache
from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.http import UserRequest
from accounts.models import User
from api import services
from api.endpoint import Endpoint
from api.forms import TokenForm
from api.models import ApiToken


@require_safe
@login_required
def tokens(request: UserRequest) -> HttpResponse:
    """The reader's tokens; for administrators everybody's."""
    return _tokens_page(request, TokenForm())


@require_POST
@login_required
@reauthentication_required
def create_token(request: UserRequest) -> HttpResponse:
    """Make a token and show its secret, this once. Asks for the password again first."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _tokens_page(request, form, status=422)
    now = timezone.now()
    token, secret = services.create_token(
        owner=request.user,
        name=form.cleaned_data["name"],
        scopes=form.cleaned_data["scopes"],
        expires_at=now + form.lifetime(),
        now=now,
    )
    return _tokens_page(request, TokenForm(), status=201, new_token=token, secret=secret)


@require_POST
@login_required
def revoke_token(request: UserRequest, pk: int) -> HttpResponse:
    """It opens nothing from now on."""
    token = get_object_or_404(ApiToken.objects.visible_to(request.user), pk=pk)
    services.revoke_token(token=token, actor=request.user, now=timezone.now())
    messages.success(request, _("The token “%(name)s” is revoked.") % {"name": token.name})
    return redirect("api:tokens")


@require_safe
@login_required
def docs(request: UserRequest) -> HttpResponse:
    """Swagger UI, from our own files and without anything inline."""
    return render(request, "api/docs.html")


class Schema(Endpoint):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:  # noqa: ARG002
        """The OpenAPI description of everything below /api/v1/, the same for everybody."""
        return Response(openapi())


@lru_cache(maxsize=1)
def openapi() -> dict[str, Any]:
    """Made once per process, in English: names and descriptions are for programmers."""
    with translation.override("en"):
        return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


def _tokens_page(request: UserRequest, form: TokenForm, *, status: int = 200, **context: Any) -> HttpResponse:
    now = timezone.now()
    page = {
        "form": form,
        "mine": [(token, token.is_usable(now)) for token in request.user.api_tokens.order_by("-created_at")[:200]],
        "others": _of_others(request.user),
        **context,
    }
    return render(request, "api/tokens.html", page, status=status)


def _of_others(user: User) -> list[ApiToken]:
    """Live tokens of other people, for who may take them away."""
    now = timezone.now()
    rows = ApiToken.objects.visible_to(user).exclude(owner=user).filter(revoked_at=None, expires_at__gt=now)
    return list(rows.select_related("owner").order_by("-last_used_at", "-id")[:200])
