"""Pages of tickets by key where the column may be empty: what has no deadline comes after everything that has one.

core.keyset pages by a column that is always filled; this adds the empty ones.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db.models import F, Q

from tickets.models import Ticket, TicketQuerySet


class Order(NamedTuple):
    """A column of Ticket, then the key; rows whose column is empty come last."""

    field: str
    is_descending: bool


@dataclass(frozen=True)
class Page:
    """`older` and `newer` are the cursors of the pages after and before this one; "" = there is none."""

    rows: list[Ticket]
    older: str
    newer: str


def page_of(tickets: TicketQuerySet, *, order: Order, size: int, older: str = "", newer: str = "") -> Page:
    """The page that a cursor names; the first one without a cursor or with a broken one. One query."""
    cursor = _decode(older or newer)
    backwards = bool(newer) and not older and cursor is not None
    goes_down = order.is_descending != backwards
    empty = {"nulls_first": True} if backwards else {"nulls_last": True}
    column = F(order.field).desc(**empty) if goes_down else F(order.field).asc(**empty)
    chosen = tickets.order_by(column, "-pk" if goes_down else "pk")
    if cursor is not None:
        chosen = chosen.filter(_beyond(order.field, cursor, goes_down=goes_down, backwards=backwards))
    found = list(chosen[: size + 1])
    has_more = len(found) > size
    shown = found[:size][::-1] if backwards else found[:size]
    if not shown:
        return Page([], "", "")
    has_older, has_newer = (True, has_more) if backwards else (has_more, cursor is not None)
    return Page(
        rows=shown,
        older=_encode(shown[-1], order.field) if has_older else "",
        newer=_encode(shown[0], order.field) if has_newer else "",
    )


def _beyond(name: str, cursor: tuple[datetime | None, int], *, goes_down: bool, backwards: bool) -> Q:
    """The rows after the cursor in the direction of reading."""
    value, pk = cursor
    step = "lt" if goes_down else "gt"
    is_empty = Q(**{f"{name}__isnull": True})
    if value is None:
        rest = is_empty & Q(**{f"pk__{step}": pk})
        return rest | ~is_empty if backwards else rest
    rest = Q(**{f"{name}__{step}": value}) | Q(**{name: value, f"pk__{step}": pk})
    return rest if backwards else rest | is_empty


def _encode(ticket: Ticket, name: str) -> str:
    value: datetime | None = getattr(ticket, name)
    text = json.dumps([value.isoformat() if value else None, ticket.pk])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> tuple[datetime | None, int] | None:
    if not cursor:
        return None
    try:
        value, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        at = datetime.fromisoformat(value) if value is not None else None
    except (ValueError, TypeError, binascii.Error):
        return None
    return (at, int(pk)) if isinstance(pk, int) and (at is None or at.tzinfo) else None
