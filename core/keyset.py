"""Pages of a long list by key, not by number: rows may come and go while one reads, and page 1000 costs what page 1
does."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Page(Generic[M]):
    """`older` and `newer` are the cursors of the pages after and before this one; "" = there is none."""

    rows: list[M]
    older: str
    newer: str


class BrokenCursor(Exception):
    """The cursor names no place in this list."""


def page_of(rows: QuerySet[M], *, field: str, descending: bool, size: int, older: str = "", newer: str = "") -> Page[M]:
    """The page that a cursor names, ordered by `field` and key; the first one without a cursor or with a broken one.

    One query. An index on (field, key) in this order carries it.
    """
    try:
        return strict_page_of(rows, field=field, descending=descending, size=size, older=older, newer=newer)
    except BrokenCursor:
        return strict_page_of(rows, field=field, descending=descending, size=size)


def strict_page_of(
    rows: QuerySet[M], *, field: str, descending: bool, size: int, older: str = "", newer: str = ""
) -> Page[M]:
    """The same for a program, which should hear of it: raises BrokenCursor."""
    try:
        return _page(rows, field, descending, size, older=older, newer=newer)
    except (ValueError, TypeError, OverflowError, RecursionError, ValidationError, binascii.Error) as error:
        raise BrokenCursor from error


def _page(rows: QuerySet[M], field: str, descending: bool, size: int, *, older: str = "", newer: str = "") -> Page[M]:
    backwards = bool(newer) and not older
    goes_down = descending != backwards
    sign = "-" if goes_down else ""
    chosen = rows.order_by(f"{sign}{field}", f"{sign}pk")
    if older or newer:
        value, pk = _decode(older or newer)
        step = "lt" if goes_down else "gt"
        # The first condition follows from the second; it is what lets PostgreSQL start in the middle of the index.
        chosen = chosen.filter(Q(**{f"{field}__{step}e": value}))
        chosen = chosen.filter(Q(**{f"{field}__{step}": value}) | Q(**{f"pk__{step}": pk}))
    found = list(chosen[: size + 1])
    has_more = len(found) > size
    shown = found[:size][::-1] if backwards else found[:size]
    if not shown:
        return Page(rows=[], older="", newer="")
    has_older, has_newer = (True, has_more) if backwards else (has_more, bool(older))
    return Page(
        rows=shown,
        older=_encode(shown[-1], field) if has_older else "",
        newer=_encode(shown[0], field) if has_newer else "",
    )


def _encode(row: Model, field: str) -> str:
    text = json.dumps([getattr(row, field), row.pk], default=str)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[Any, int]:
    text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    value, pk = json.loads(text)
    return value, int(pk)
