"""Lists by keyset: the cursor names the last row that was read, so rows that come or go meanwhile move nothing.

The answer is {"results": […], "next": address or null, "total": n only where asked for by ?total=1}.
"""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from api.problems import BadQuery
from core.keyset import BrokenCursor, strict_page_of


class Page:
    """One page of `rows`, newest first by `field` (a column that never changes) or, without it, in the order they were
    made. `query` is what a `Query` read: limit, cursor, total. Raises BadQuery for a cursor of another list."""

    def __init__(self, request: Request, rows: QuerySet[Any], query: Mapping[str, Any], *, field: str = "") -> None:
        self._request = request
        self._total = rows.count() if query["total"] else None
        try:
            found = strict_page_of(
                rows, field=field or "pk", descending=bool(field), size=query["limit"], older=query["cursor"]
            )
        except BrokenCursor:
            raise BadQuery({"cursor": [_("This cursor does not belong to this list.")]}) from None
        self.rows, self._cursor = found.rows, found.older

    def answer(self, results: Any) -> Response:
        """`results` are the rows as they are shown."""
        here = self._request.build_absolute_uri()
        body = {"results": results, "next": replace_query_param(here, "cursor", self._cursor) if self._cursor else None}
        if self._total is not None:
            body["total"] = self._total
        return Response(body)
