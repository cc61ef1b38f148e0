"""Who gets into the agents' pages. For everybody else they do not exist: a 404 with the same body as a wrong address."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse

from accounts.http import UserRequest


def agents_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Signed in, and let into the desk (agents, leads, managers, auditors): what one may do there the policies say."""

    @login_required
    @wraps(view)
    def guarded(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_agent:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded
