"""What a percentage does not show: facts of the journal that tell how a ticket felt to who waited for it.

Each sign is one query over journal events, newest facts found by their name and time (index journal_event_name_at) and
held against the ticket's own story (index journal_event_subject). A figure counts `facts(...)`, its list takes the
tickets of the same `facts(...)`: they cannot be made differently.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    Count,
    DateTimeField,
    DurationField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import pgettext_lazy

from journal.models import Event
from tickets.models import Kind, WaitingReason
from tickets.services import SUBJECT_KIND

BACK_SOON = timedelta(days=5)
"""A reopening so soon after the resolution says that it was none."""
MANY_HANDS = 3


class Sign(TextChoices):
    REOPENED = "reopened", pgettext_lazy("sign", "Reopened within 5 days")
    UNASKED = "unasked", pgettext_lazy("sign", "Waited for the requester without a question")
    PASSED_ON = "passed_on", pgettext_lazy("sign", "Handed over for the third time or more")
    CHASED = "chased", pgettext_lazy("sign", "The requester had to ask again")
    PAUSED = "paused", pgettext_lazy("sign", "Put on hold")


def _of_every_kind(*verbs: str) -> tuple[str, ...]:
    """The events of these verbs, by the house's rule for their names: incident.held."""
    return tuple(f"{kind}.{verb}" for kind in Kind.values for verb in verbs)


HELD = _of_every_kind("held")
WAIT_ENDED = _of_every_kind("held", "resumed", "resolved", "cancelled")
RESOLVED = _of_every_kind("resolved")
REOPENED = _of_every_kind("reopened")
OVER = _of_every_kind("resolved", "closed", "cancelled")
MOVED = _of_every_kind("held", "resumed", "resolved", "reopened", "closed", "cancelled")
REPLIED = ("ticket.replied",)
ASSIGNED = ("ticket.assigned",)

Facts = QuerySet[Event]


def facts(sign: str, *, since: datetime | None, until: datetime | None, paused_for: str = "", now: datetime) -> Facts:
    """The facts of `sign` in [since, until); `subject_id` is the ticket. Those that have a length have it as `length`:
    how long the wait took, or takes by `now`. `paused_for` narrows holds to one waiting reason."""
    found = Event.objects.filter(subject_kind=SUBJECT_KIND)
    if since is not None:
        found = found.filter(at__gte=since)
    if until is not None:
        found = found.filter(at__lt=until)
    if paused_for:
        found = found.filter(data__reason=paused_for)
    return _SIGNS[Sign(sign)](found, now)


def _reopened(found: Facts, now: datetime) -> Facts:  # noqa: ARG001
    resolved_at = _before(RESOLVED).values("at")[:1]
    return (
        found.filter(name__in=REOPENED)
        .alias(resolved_at=Subquery(resolved_at))
        .filter(resolved_at__gte=F("at") - BACK_SOON)
    )


def _unasked(found: Facts, now: datetime) -> Facts:
    """No public word of ours from the hold to its end. What was asked together with the hold stands right after it."""
    asked = _story(REPLIED, id__gt=OuterRef("id"), data__is_from_agent=True).filter(
        Q(at__lte=Coalesce(OuterRef("ended_at"), Value(now, output_field=DateTimeField())))
    )
    return _paused(found.filter(data__reason=WaitingReason.REQUESTER), now).filter(~Exists(asked))


def _paused(found: Facts, now: datetime) -> Facts:
    ended_at = _story(WAIT_ENDED, id__gt=OuterRef("id")).order_by("id").values("at")[:1]
    moment = Value(now, output_field=DateTimeField())
    return (
        found.filter(name__in=HELD)
        .annotate(ended_at=Subquery(ended_at))
        .annotate(
            length=ExpressionWrapper(Coalesce(F("ended_at"), moment) - F("at"), output_field=DurationField()),
        )
    )


def _passed_on(found: Facts, now: datetime) -> Facts:  # noqa: ARG001
    """From one team to another; the first team a ticket gets is no hand-over."""
    so_far = (
        _between_teams(_story(ASSIGNED, id__lte=OuterRef("id")))
        .order_by()
        .values("subject_id")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return (
        _between_teams(found.filter(name__in=ASSIGNED))
        .alias(place=Subquery(so_far, output_field=IntegerField()))
        .filter(place__gte=MANY_HANDS)
    )


def _between_teams(found: Facts) -> Facts:
    """A row is journalled with its id, nothing is not. Asked as texts: of a missing key the planner knows nothing."""
    return found.alias(giver=_team_at("0"), taker=_team_at("1")).filter(giver__isnull=False, taker__isnull=False)


def _team_at(place: str) -> Cast:
    return Cast(KeyTextTransform("id", KeyTransform(place, F("data__changes__team"))), TextField())


def _chased(found: Facts, now: datetime) -> Facts:  # noqa: ARG001
    """The last public word before it was the requester's too (his first words are part of the opening), and the ticket
    was neither over nor waiting for him. What moved it at that very moment was moved by these words."""
    was_ours = _before(REPLIED).values("data__is_from_agent")[:1]
    was_his = _before(MOVED, at__lt=OuterRef("at")).annotate(
        is_his=Case(
            When(name__in=OVER, then=Value(True)),
            When(name__in=HELD, data__reason=WaitingReason.REQUESTER, then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
    )
    return (
        found.filter(name__in=REPLIED, data__is_from_agent=False)
        .alias(was_ours=Subquery(was_ours), was_his=Subquery(was_his.values("is_his")[:1]))
        .filter(Q(was_ours__isnull=True) | Q(was_ours=False), Q(was_his__isnull=True) | Q(was_his=False))
    )


_SIGNS: dict[Sign, Callable[[Facts, datetime], Facts]] = {
    Sign.REOPENED: _reopened,
    Sign.UNASKED: _unasked,
    Sign.PASSED_ON: _passed_on,
    Sign.CHASED: _chased,
    Sign.PAUSED: _paused,
}


def _story(names: tuple[str, ...], **conditions: Any) -> Facts:
    """Other facts of the same ticket."""
    return Event.objects.filter(
        subject_kind=SUBJECT_KIND, subject_id=OuterRef("subject_id"), name__in=names, **conditions
    )


def _before(names: tuple[str, ...], **conditions: Any) -> Facts:
    """Those before this one, the latest first."""
    return _story(names, id__lt=OuterRef("id"), **conditions).order_by("-id")
