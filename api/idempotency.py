"""A POST that is repeated is answered, not done again: `Idempotency-Key: <whatever the caller chose>`."""

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api import services
from api.auth import person
from api.models import IdempotentCall
from api.problems import BadQuery, Conflict

HEADER = "Idempotency-Key"
KEY = r"[!-~]{1,255}"
REPLAYED = "Idempotency-Replayed"

Post = Callable[..., Response]


def once(post: Post) -> Post:
    """Decorates every `post` method. With a key, the work and the row of the key are one transaction: both or neither.

    An error leaves nothing behind, so the key may be used again; an answer is kept for a day.
    """

    @wraps(post)
    def post_once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        if key is None:
            return post(view, request, *args, **kwargs)
        if not re.fullmatch(KEY, key):
            raise BadQuery({HEADER: [_("A key has 1 to 255 printable ASCII characters and no space.")]})
        with transaction.atomic():
            call = services.claim_call(
                owner=person(request),
                key=key,
                method=str(request.method),
                path=request.path,
                request_hash=_hash(request),
                now=timezone.now(),
            )
            if call.status is not None:
                return _replay(call, request)
            response = post(view, request, *args, **kwargs)
            body = JSONRenderer().render(response.data).decode()
            services.answer_call(call=call, status=response.status_code, body=body)
            return response

    post_once.is_answered_once = True  # type: ignore[attr-defined]
    return post_once


def _replay(call: IdempotentCall, request: Request) -> Response:
    if (call.method, call.path, call.request_hash) != (request.method, request.path[:300], _hash(request)):
        raise Conflict(422, "key-reused", _("This key was used for another request. Please take a new one."))
    return Response(json.loads(call.body), status=call.status, headers={REPLAYED: "true"})


def _hash(request: Request) -> str:
    """Of what was sent, not of how: the order of JSON members and the boundary of a form do not count."""
    data = request.data
    if hasattr(data, "lists"):
        data = {name: [_content(value) for value in values] for name, values in data.lists()}
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _content(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return [value.name, digest.hexdigest()]
