"""The sweep: what is due fires, exactly once, in one SQL statement (RELIABILITY.md 3.3).

Guarantee: every step whose time has come is recorded once per clock and generation, with one outbox row, in the
transaction that moves the clock on. Any number of sweeps may run; after an outage every missed step is recorded and
only the newest is sent.
"""

import logging
import time
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import DatabaseError, connection, transaction

logger = logging.getLogger(__name__)

BATCH = 500
BUDGET_SECONDS = 20.0
SET_ASIDE = timedelta(hours=1)
TOPIC = "clock.step"
SWEPT_AT = "sweep_at"  # cache key: unix time of the last sweep that finished

_FIRE = """
WITH due AS (
    SELECT id, generation, step, fire_plan FROM slas_clock
    WHERE next_fire_at <= %(now)s AND (%(only)s::bigint IS NULL OR id = %(only)s)
    ORDER BY next_fire_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), hit AS (
    SELECT due.id, due.generation, planned.ord - 1 AS step, planned.at,
           planned.ord < max(planned.ord) OVER (PARTITION BY due.id) AS is_collapsed
    FROM due, unnest(due.fire_plan) WITH ORDINALITY AS planned (at, ord)
    WHERE planned.ord > due.step AND planned.at <= %(now)s
), escalated AS (
    INSERT INTO slas_escalation (clock_id, generation, step, planned_at, fired_at, is_collapsed)
    SELECT id, generation, step, at, %(now)s, is_collapsed FROM hit
    ON CONFLICT (clock_id, generation, step) DO NOTHING
    RETURNING id, clock_id, generation, step, is_collapsed
), posted AS (
    INSERT INTO journal_outbox (dedupe_key, topic, payload, created_at, available_at, n_attempts, is_dead)
    SELECT 'clock:' || clock_id || ':' || generation || ':' || step, %(topic)s,
           jsonb_build_object('escalation', id), %(now)s, %(now)s, 0, false
    FROM escalated WHERE NOT is_collapsed
    ON CONFLICT (dedupe_key) DO NOTHING
)
UPDATE slas_clock SET step = done.step, next_fire_at = slas_clock.fire_plan[done.step + 1]
FROM (SELECT due.id, coalesce(max(hit.step) + 1, due.step) AS step
      FROM due LEFT JOIN hit ON hit.id = due.id GROUP BY due.id, due.step) AS done
WHERE slas_clock.id = done.id
RETURNING slas_clock.id
"""


def sweep_due_clocks(*, now: datetime, batch: int = BATCH, budget: float = BUDGET_SECONDS) -> int:
    """Fire everything due at `now`; the number of clocks moved on. Stops after `budget` seconds: the next sweep goes
    on. One bad row does not stop the rest: when a batch fails, its rows go one by one and the culprit is set aside
    for an hour, loudly."""
    ends = time.monotonic() + budget
    n_fired = 0
    while True:
        try:
            fired = _fire(now=now, limit=batch)
        except DatabaseError:
            logger.exception("a batch of due clocks failed, going row by row")
            fired = _fire_one_by_one(now=now, limit=batch)
        n_fired += fired
        if fired < batch or time.monotonic() > ends:
            break
    cache.set(SWEPT_AT, int(time.time()), 24 * 3600)  # whole: the cache keeps it as digits, which the stack reads
    return n_fired


def seconds_since_sweep() -> int | None:
    """The age of the last sweep that finished; None where none is known (it never ran, or the cache is gone)."""
    swept_at = cache.get(SWEPT_AT)
    return None if swept_at is None else max(0, round(time.time() - swept_at))


def _fire(*, now: datetime, limit: int, only: int | None = None) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_FIRE, {"now": now, "limit": limit, "only": only, "topic": TOPIC})
        return len(cursor.fetchall())


def _fire_one_by_one(*, now: datetime, limit: int) -> int:
    return sum(_fire_or_set_aside(clock_id, now=now) for clock_id in _due_ids(now=now, limit=limit))


def _due_ids(*, now: datetime, limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM slas_clock WHERE next_fire_at <= %s ORDER BY next_fire_at LIMIT %s", [now, limit]
        )
        return [row[0] for row in cursor.fetchall()]


def _fire_or_set_aside(clock_id: int, *, now: datetime) -> int:
    try:
        return _fire(now=now, limit=1, only=clock_id)
    except DatabaseError:
        logger.exception("clock %s cannot fire, set aside until %s", clock_id, now + SET_ASIDE)
        _set_aside(clock_id, until=now + SET_ASIDE)
        return 0


def _set_aside(clock_id: int, *, until: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE slas_clock SET next_fire_at = %s WHERE id = %s AND state = 'running'", [until, clock_id])
