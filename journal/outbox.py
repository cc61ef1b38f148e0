"""The outbox engine: claims due rows by lease and hands each to the function its topic registered.

Guarantee: at least once, with the row's key for the receiver to recognise a repeat; exactly once for handlers whose
whole effect is in this database. A handler that raises is tried again with growing, jittered pauses for three days,
then the row is dead: visible, and retried by hand.
"""

import logging
import random
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from journal.models import Outbox

logger = logging.getLogger(__name__)

Handler = Callable[[Outbox, datetime], str]
"""Takes the row and now; returns the receiver's answer, kept on the row. Raises when it must be tried again."""

LEASE = timedelta(minutes=2)
PAUSES = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 10800, 21600, 43200, 86400, 86400))

_handlers: dict[str, Handler] = {}


MOMENT = timedelta(seconds=2)


class NotYet(Exception):
    """It cannot be tried now: the row is looked at again after `pause`, and this was no try."""

    def __init__(self, reason: str, *, pause: timedelta = MOMENT) -> None:
        super().__init__(reason)
        self.pause = pause


class Undeliverable(Exception):
    """Trying again cannot help (a receiver that does not exist): dead at once."""


def register(topic: str, handler: Handler) -> None:
    """Called by an upper app's AppConfig.ready()."""
    _handlers[topic] = handler


def topics() -> tuple[str, ...]:
    return tuple(sorted(_handlers))


def dispatch(*, now: datetime, limit: int = 50, only: Collection[str] | None = None, but: Collection[str] = ()) -> int:
    """Deliver up to `limit` due rows; the number delivered. Any number of dispatchers may run. `only` names the topics
    to look at, `but` those to leave alone, so that a slow receiver of one does not hold up the others."""
    delivered = 0
    for row in _claim(now=now, limit=limit, only=only, but=but):
        delivered += _deliver(row)
    return delivered


def retry(*, row: Outbox, now: datetime) -> None:
    """Give a dead row a fresh set of tries."""
    Outbox.objects.filter(pk=row.pk, done_at__isnull=True).update(
        is_dead=False, n_attempts=0, available_at=now, lease_until=None
    )


def purge(*, before: datetime, batch: int = 5000) -> int:
    """Remove the rows that were delivered before then, a batch at a time so that no lock is held for long; the number
    removed. What waits and what was given up on stays."""
    done = Outbox.objects.filter(created_at__lt=before, done_at__lt=before)  # the first is what the index knows
    n_removed = 0
    while ids := list(done.order_by("-created_at").values_list("pk", flat=True)[:batch]):
        n_removed += Outbox.objects.filter(pk__in=ids).delete()[0]
    return n_removed


# The choice is made in a CTE of its own: a subquery in WHERE may be run again for every row, each time with a new LIMIT.
_CLAIM = """
    WITH chosen AS MATERIALIZED (
        SELECT id FROM journal_outbox
        WHERE done_at IS NULL AND NOT is_dead AND available_at <= %(now)s
          AND (lease_until IS NULL OR lease_until < %(now)s)
          AND (%(only)s::text[] IS NULL OR topic = ANY (%(only)s)) AND topic <> ALL (%(but)s::text[])
        ORDER BY available_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    UPDATE journal_outbox SET lease_until = %(until)s, n_attempts = n_attempts + 1
    FROM chosen WHERE journal_outbox.id = chosen.id
    RETURNING journal_outbox.id
"""


def _claim(
    *, now: datetime, limit: int, only: Collection[str] | None = None, but: Collection[str] = ()
) -> list[Outbox]:
    topics = None if only is None else list(only)
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"until": now + LEASE, "now": now, "limit": limit, "only": topics, "but": list(but)})
        ids = [row[0] for row in cursor.fetchall()]
    return list(Outbox.objects.filter(pk__in=ids).order_by("available_at", "id"))


def _deliver(row: Outbox) -> bool:
    """One row: True when it is done. The clock is read here because a long batch must not lease with an old time."""
    now = timezone.now()
    try:
        handler = _handlers.get(row.topic)
        if handler is None:
            raise Undeliverable(f"no app handles the topic {row.topic!r}")
        with transaction.atomic():
            if not Outbox.objects.select_for_update().filter(pk=row.pk, done_at__isnull=True).exists():
                return False  # another dispatcher finished it after our lease had run out
            answer = handler(row, now)
            Outbox.objects.filter(pk=row.pk).update(done_at=now, lease_until=None, answer=answer)
    except NotYet as wait:
        Outbox.objects.filter(pk=row.pk, done_at__isnull=True).update(
            n_attempts=F("n_attempts") - 1, available_at=now + wait.pause, lease_until=None
        )
        return False
    except Exception as error:  # every failure is stored on its row, whatever it is
        _set_back(row, error, now)
        return False
    return True


def _set_back(row: Outbox, error: Exception, now: datetime) -> None:
    is_dead = isinstance(error, Undeliverable) or row.n_attempts >= len(PAUSES)
    if is_dead:
        logger.error("outbox row %s is dead: %s", row.dedupe_key, error)
    else:
        logger.warning("outbox row %s failed, try %s: %s", row.dedupe_key, row.n_attempts, error)
    pause = PAUSES[min(row.n_attempts, len(PAUSES)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 (jitter)
    Outbox.objects.filter(pk=row.pk, done_at__isnull=True).update(
        is_dead=is_dead, available_at=now + pause, lease_until=None, answer=f"{type(error).__name__}: {error}"[:2000]
    )
