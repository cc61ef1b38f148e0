"""What stands in the side bar: the views with their counts, and the filters that are kept. Remembered for a few
seconds per person, so that no page waits for counts."""

from datetime import datetime
from typing import NamedTuple

from django.core.cache import cache
from django.http import QueryDict

from accounts.models import User
from desk.models import SavedFilter
from work.selectors.counts import capped_counts
from work.selectors.lists import tickets_of

COUNTED = ("breached", "mine", "unassigned", "team", "due-today", "watching", "waiting", "open")
REMEMBERED = 10  # seconds


class Kept(NamedTuple):
    pk: int
    name: str
    query: str
    is_own: bool


class Navigation(NamedTuple):
    """{view: capped number of tickets}, and the filters in their order, one's own first."""

    counts: dict[str, int]
    filters: list[Kept]


def navigation(*, user: User, now: datetime) -> Navigation:
    """Two queries, or none."""
    key = _key(user)
    known: Navigation | None = cache.get(key)
    if known is None:
        counts = capped_counts({view: tickets_of(QueryDict(f"view={view}"), user=user, now=now) for view in COUNTED})
        known = Navigation(counts, _filters(user))
        cache.set(key, known, REMEMBERED)
    return known


def forget_navigation(user: User) -> None:
    """The person changed what is in it."""
    cache.delete(_key(user))


def _filters(user: User) -> list[Kept]:
    rows = SavedFilter.objects.visible_to(user).order_by("position", "name", "pk")
    kept = [Kept(row.pk, row.name, row.query, row.user_id == user.pk) for row in rows]
    return sorted(kept, key=lambda one: not one.is_own)


def _key(user: User) -> str:
    return f"desk:navigation:{user.pk}"
