"""Counts that stay cheap on a million rows: counting stops at a cap, and all of a page's counts are one statement."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

CAP = 99


def capped_counts(sets: Mapping[str, QuerySet[Any]], *, cap: int = CAP) -> dict[str, int]:
    """{name: how many rows the set has, at most cap + 1}, in one query."""
    selects: list[tuple[str, str]] = []
    params: list[Any] = []
    found: dict[str, int] = {}
    for name, rows in sets.items():
        try:
            sql, values = rows.order_by().values("pk")[: cap + 1].query.sql_with_params()
        except EmptyResultSet:
            found[name] = 0
            continue
        selects.append((name, f"(SELECT count(*) FROM ({sql}) AS capped)"))  # noqa: S608 (SQL of Django's own making)
        params += values
    if selects:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(sql for _name, sql in selects)}", params)
            found.update(zip((name for name, _sql in selects), cursor.fetchone(), strict=True))
    return {name: found[name] for name in sets}


def count_label(n: int, *, cap: int = CAP) -> str:
    """ "14", "99+", and nothing for none."""
    if not n:
        return ""
    return f"{cap}+" if n > cap else str(n)
