"""Writing facts: call these inside the transaction of the verb that makes them true."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from journal.models import Event, Outbox, Visibility


class Actor(Protocol):
    """Whoever acted: a row of settings.AUTH_USER_MODEL (journal imports nobody)."""

    pk: Any


def record_event(
    *,
    name: str,
    subject_kind: str,
    subject_id: int,
    actor: Actor | None,
    at: datetime,
    data: Mapping[str, Any] | None = None,
    visibility: Visibility = Visibility.INTERNAL,
) -> Event:
    """Append one fact. `name` is `<noun>.<past verb>`; `actor` None = the system."""
    return Event.objects.create(
        name=name,
        subject_kind=subject_kind,
        subject_id=subject_id,
        actor_id=actor.pk if actor else None,
        at=at,
        data=dict(data or {}),
        visibility=visibility,
    )


def post(*, key: str, topic: str, payload: Mapping[str, Any], now: datetime, delay: timedelta = timedelta(0)) -> None:
    """Put one thing into the outbox, to be delivered after `delay`; a `key` that is there already stays as it is (the
    same thing twice is once)."""
    row = Outbox(dedupe_key=key, topic=topic, payload=dict(payload), created_at=now, available_at=now + delay)
    Outbox.objects.bulk_create([row], ignore_conflicts=True)
