"""Telling people: one outbox row per person and fact, written in the transaction of the verb."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from accounts.models import User
from journal import services as journal
from tickets.models import Ticket

TOPIC = "mail"


def key_of(notice: str, source: str, person_id: int) -> str:
    """The dedupe key of one letter: of one kind, about one fact, to one person."""
    return f"{notice}:{source}:{person_id}"


def notify(
    *,
    ticket: Ticket,
    notice: str,
    source: str,
    people: Iterable[User | None],
    actor: User | None,
    now: datetime,
    context: Mapping[str, Any] | None = None,
) -> None:
    """Post `notice` (a template under templates/mail/) to each person once; nobody is told what he did himself.

    `source` names the fact ("entry-12", "event-9"): together with notice and person it is the dedupe key.
    """
    told: set[int] = set()
    for person in people:
        if person is None or person == actor or not person.is_active or person.pk in told:
            continue
        told.add(person.pk)
        journal.post(
            key=key_of(notice, source, person.pk),
            topic=TOPIC,
            payload={"notice": notice, "ticket": ticket.pk, "person": person.pk, **(context or {})},
            now=now,
        )
