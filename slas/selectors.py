"""Reads of clocks for a page, the API or the journal."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import OuterRef, Subquery

from accounts.models import User
from accounts.permissions import Permission
from slas.engine import account_of
from slas.ledger import Ledger
from slas.models import PUBLIC_METRICS, Clock, ClockQuerySet
from tickets.models import Ticket

HALF, THREE_QUARTERS = 0.5, 0.75
SOON, VERY_SOON = timedelta(minutes=60), timedelta(minutes=30)


class Mood(StrEnum):
    """How a clock is shown (UI.md section 4): by share used and by time left, whichever is worse."""

    ON_TRACK = "ok"
    DUE_SOON = "warn"
    AT_RISK = "risk"
    BREACHED = "breach"
    PAUSED = "pause"
    MET = "met"


@dataclass(frozen=True)
class ClockFace:
    """A clock as people read it at `now`. `left` is wall-clock time to the deadline, negative once it has passed, None
    while paused; `share` is the part of the goal used, 0 to 1."""

    clock: Clock
    mood: Mood
    left: timedelta | None
    share: float
    account: Ledger


def newest_clocks(clocks: ClockQuerySet) -> list[Clock]:
    """Of one ticket's clocks the newest of each metric and team. One query."""
    newest: dict[tuple[str, int | None], Clock] = {}
    for clock in clocks.order_by("metric", "-generation"):
        newest.setdefault((clock.metric, clock.team_id), clock)
    return list(newest.values())


def ticket_clocks(*, ticket: Ticket, now: datetime) -> list[ClockFace]:
    """The clocks that count, the newest of each metric and team, the first to breach first. Two queries."""
    clocks = ticket.clocks.counted().select_related("calendar", "agreement").prefetch_related("events__actor")
    faces = [clock_face(clock, now=now) for clock in newest_clocks(clocks)]
    far = timedelta.max
    return sorted(
        faces, key=lambda face: (face.clock.ended_at is not None, face.left if face.left is not None else far)
    )


def past_clocks(*, clock: Clock) -> list[Clock]:
    """Clocks of promises that `clock` took the place of, oldest first. One query."""
    same = Clock.objects.filter(ticket=clock.ticket_id, metric=clock.metric, team=clock.team_id)
    before = same.filter(state=Clock.State.CANCELLED, generation__lt=clock.generation)
    return list(before.select_related("agreement").order_by("generation"))


def clocks_visible_to(user: User) -> ClockQuerySet:
    """The clocks `user` may look into: those of tickets he may see, and of a customer only what he was promised."""
    clocks = Clock.objects.filter(ticket__in=Ticket.objects.visible_to(user))
    return clocks if user.can(Permission.VIEW_INTERNAL) else clocks.filter(metric__in=PUBLIC_METRICS)


def public_due_at() -> Subquery:
    """Of a ticket the first deadline that runs of a promise to its requester, for an annotation."""
    clocks = Clock.objects.running().filter(ticket=OuterRef("pk"), metric__in=PUBLIC_METRICS)
    return Subquery(clocks.order_by("due_at").values("due_at")[:1])


def clock_face(clock: Clock, *, now: datetime) -> ClockFace:
    account = clock_ledger(clock, now=now)
    share = min(account.used / clock.goal, 1.0)
    left = None if clock.due_at is None else clock.due_at - (clock.ended_at or now)
    return ClockFace(
        clock=clock, mood=mood(clock, share=share, left=left, now=now), left=left, share=share, account=account
    )


def clock_ledger(clock: Clock, *, now: datetime) -> Ledger:
    """Where every minute of the clock went; the sum of its running segments is what it shows (ACCEPTANCE.md A4)."""
    story = sorted(clock.events.all(), key=lambda event: (event.at, event.pk))
    return account_of(clock, story, now=now, with_names=True)


def mood(clock: Clock, *, share: float, left: timedelta | None, now: datetime) -> Mood:
    if clock.has_breached(now):
        return Mood.BREACHED
    if clock.ended_at is not None:
        return Mood.MET
    if left is None:
        return Mood.PAUSED
    if share >= THREE_QUARTERS or left < VERY_SOON:
        return Mood.AT_RISK
    if share >= HALF or left < SOON:
        return Mood.DUE_SOON
    return Mood.ON_TRACK
