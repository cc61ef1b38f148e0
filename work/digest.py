"""How people hear of escalations: a letter each, or one digest where a sweep found more than AT_ONCE for one person.

What a sweep found has one `fired_at`. Of a small sweep every letter is posted as its step is carried out. Of a large one
each person gets a row of the topic "clock.letters" that waits until the sweep's steps are carried out and then counts.
All of it happens in transactions of this database: each notice leads to exactly one letter, its own or the digest's.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from accounts.models import User
from journal import outbox, services
from journal.models import Outbox
from slas.escalation import is_breach
from slas.models import Escalation, EscalationNotice
from slas.sweep import TOPIC as STEPS
from tickets.notices import TOPIC as MAIL
from tickets.notices import key_of, notify

TOPIC = "clock.letters"
AT_ONCE = 20
"""So many letters of one sweep a person gets one by one (ACCEPTANCE.md A6d)."""

GATHERING = timedelta(seconds=5)
"""The letters of a large sweep wait so long at least: its last batches are still being written."""
PATIENCE = timedelta(minutes=10)
"""And at most so long for steps that nobody has carried out yet; those get letters of their own later."""


def facts_of(escalation: Escalation) -> dict[str, Any]:
    """What a letter, an event or a call says of a step. `late_by` in seconds: how much later than planned it was found."""
    clock = escalation.clock
    return {
        "metric": clock.metric,
        "percent": clock.ladder[escalation.step]["percent"],
        "due_at": clock.due_at.isoformat() if clock.due_at else None,
        "late_by": max(0, round((escalation.fired_at - escalation.planned_at).total_seconds())),
    }


def is_one_of_many(escalation: Escalation) -> bool:
    """Whether one person could hear of more than AT_ONCE steps of this sweep. A full first batch tells so at once."""
    found = Escalation.objects.filter(fired_at=escalation.fired_at, is_collapsed=False)
    return found[: AT_ONCE + 1].count() > AT_ONCE


def tell(*, escalation: Escalation, people: Iterable[User], is_one_of_many: bool, now: datetime) -> list[User]:
    """Note who is to hear of the step and see to it that he does: those people. Inside the transaction that carries it
    out."""
    told = sorted({person for person in people if person.is_active}, key=lambda person: person.pk)
    EscalationNotice.objects.bulk_create(
        [EscalationNotice(escalation=escalation, person=person) for person in told], ignore_conflicts=True
    )
    if is_one_of_many:
        for person in told:
            _ask_for_letters(person, escalation.fired_at, now)
    else:
        _write(escalation, told, now)
    return told


def write_letters(row: Outbox, now: datetime) -> str:
    """Handler of the topic "clock.letters". Payload: {"person": id, "fired_at": ISO time}."""
    fired_at = datetime.fromisoformat(row.payload["fired_at"])
    if now < row.created_at + PATIENCE and _has_untouched_steps(fired_at):
        raise outbox.NotYet("steps of the same sweep are still being carried out")
    notices = _unsent(row.payload["person"], fired_at)
    if len(notices) <= AT_ONCE:
        for notice in notices:
            _write(notice.escalation, [notice.person], now)
        return f"{len(notices)} letters"
    EscalationNotice.objects.filter(pk__in=[notice.pk for notice in notices]).update(digest=row.dedupe_key)
    services.post(
        key=f"digest:{row.dedupe_key}", topic=MAIL, now=now,
        payload={"notice": "digest", "person": row.payload["person"], "digest": row.dedupe_key},
    )  # fmt: skip
    return f"one digest of {len(notices)}"


def notice_of(escalation: Escalation) -> str:
    """The kind of letter (mail.notices) a step leads to."""
    return "breach" if is_breach(escalation.clock.ladder[escalation.step]) else "warning"


def _write(escalation: Escalation, people: Iterable[User], now: datetime) -> None:
    notify(
        ticket=escalation.clock.ticket, notice=notice_of(escalation), source=_source(escalation), people=people,
        actor=None, now=now, context=facts_of(escalation),
    )  # fmt: skip


def _source(escalation: Escalation) -> str:
    return f"escalation-{escalation.pk}"


def _ask_for_letters(person: User, fired_at: datetime, now: datetime) -> None:
    """One row per person and sweep. Where it has been worked on already (a batch came late), the next one: the row is
    locked until we commit, so that its handler sees our notice or we see that it is done."""
    for n in count(1):
        key = f"letters:{fired_at.timestamp() * 1_000_000:.0f}:{person.pk}:{n}"
        services.post(
            key=key, topic=TOPIC, payload={"person": person.pk, "fired_at": fired_at.isoformat()}, now=now,
            delay=GATHERING,
        )  # fmt: skip
        row = Outbox.objects.select_for_update().get(dedupe_key=key)
        if row.done_at is None and not row.is_dead:
            return


def _has_untouched_steps(fired_at: datetime) -> bool:
    """Steps of the sweep that nobody has carried out yet; one that failed says so and is not waited for."""
    return Outbox.objects.filter(topic=STEPS, created_at=fired_at, done_at=None, is_dead=False, answer="").exists()


def _unsent(person_id: int, fired_at: datetime) -> Sequence[EscalationNotice]:
    """The person's notices of this sweep that neither a digest nor a letter tells of yet. By keys and without a join:
    right after a storm the planner's statistics know nothing of these rows."""
    found = list(Escalation.objects.filter(fired_at=fired_at, is_collapsed=False).values_list("pk", flat=True))
    notices = list(
        EscalationNotice.objects.filter(escalation__in=found, person=person_id, digest="")
        .prefetch_related("person", "escalation__clock__ticket")
        .order_by("escalation_id")
    )
    keys = {
        notice.pk: key_of(notice_of(notice.escalation), _source(notice.escalation), person_id) for notice in notices
    }
    written = set(Outbox.objects.filter(dedupe_key__in=keys.values()).values_list("dedupe_key", flat=True))
    return [notice for notice in notices if keys[notice.pk] not in written]
