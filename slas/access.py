"""Who gets to the pages about promises: everybody of the desk reads them, and who manages agreements changes them. For
customers they do not exist: a 404 with the same body as a wrong address."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse

from accounts.http import UserRequest
from slas import policies

View = Callable[..., HttpResponse]


def readers_only(view: View) -> View:
    @login_required
    @wraps(view)
    def guarded(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not policies.can_read_promises(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def managers_only(view: View) -> View:
    @readers_only
    @wraps(view)
    def guarded(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not policies.can_manage_promises(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
