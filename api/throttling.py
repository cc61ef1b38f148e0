"""A modest limit for each token (or signed-in person), so that one runaway script does not slow everybody down."""

import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from api.auth import person
from api.models import ApiToken

WINDOW = 60  # seconds


class PerCaller(BaseThrottle):
    """Counts calls in windows of a minute, in the shared cache. Where the cache is gone nobody is held up."""

    def allow_request(self, request: Request, view: Any) -> bool:  # noqa: ARG002
        if not settings.API_CALLS_PER_MINUTE:
            return True
        who = f"token:{request.auth.pk}" if isinstance(request.auth, ApiToken) else f"person:{person(request).pk}"
        key = f"api:calls:{who}:{int(time.time()) // WINDOW}"
        cache.add(key, 0, 2 * WINDOW)
        return cache.incr(key) <= settings.API_CALLS_PER_MINUTE

    def wait(self) -> float:
        """Seconds until the next window."""
        return WINDOW - time.time() % WINDOW + 1
