"""The bytes of a file, for callers with a token: the very view that serves the pages, behind the same gate."""

from typing import Any, cast

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from accounts.http import UserRequest
from api.endpoint import Endpoint
from files.views import download


class FileDetail(Endpoint):
    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """The file is what it is, whatever the caller would rather accept."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        operation_id="files_retrieve",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
        tags=["tickets"],
    )
    def get(self, request: Request, key: str) -> HttpResponseBase:
        """The file itself, always as an attachment, in its own media type."""
        return download(cast(UserRequest, request._request), key=key)
