"""From recorded clocks to the samples of the forecast (slas/forecast/model.py)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max

from slas.calendars import calendar_of
from slas.clock import Calendar, add_working, working_between
from slas.forecast.model import HOURS, SHARES, Likeness, Sample
from slas.metrics import TurnKind
from slas.models import Clock, ClockEvent, Metric
from slas.turns import Past, read_pasts

RECENT = 20_000  # clocks of each metric whose outcome is known, the newest
CHUNK = 500
FORETOLD = [metric for metric in Metric if metric != Metric.COMMITMENT]
"""A date that a person promised is his word: no history says how he keeps it."""

Stretch = tuple[datetime, datetime | None]


def read_samples(*, now: datetime) -> Iterator[Sample]:
    """Of each metric, the newest clocks that ended or are late, one CHUNK after the other. Two queries for each."""
    return (sample for metric in FORETOLD for sample in samples_of_metric(metric, now=now))


def history_mark(*, now: datetime) -> tuple[object, ...]:
    """Changes when there is something new to learn from. One query."""
    ended = Clock.objects.counted().filter(ended_at__lte=now)
    return tuple(ended.aggregate(Max("id"), Max("ended_at")).values())


def likeness_of(clock: Clock, *, service: int | None, team: int | None) -> Likeness:
    return _likeness(clock, clock.priority, service, team)


def samples_of_metric(metric: Metric, *, now: datetime) -> Iterator[Sample]:
    of_metric = Clock.objects.counted().filter(metric=metric).select_related("ticket")
    ended = of_metric.filter(ended_at__lte=now).order_by("-ended_at")[:RECENT]
    late = of_metric.live().filter(due_at__lt=now).order_by("-due_at")[:RECENT]
    clocks = [*ended, *late]
    for start in range(0, len(clocks), CHUNK):
        yield from _of_clocks(clocks[start : start + CHUNK], now)


def _of_clocks(clocks: Sequence[Clock], now: datetime) -> Iterator[Sample]:
    stories: dict[int, list[ClockEvent]] = defaultdict(list)
    for event in ClockEvent.objects.filter(clock__in=clocks).order_by("clock_id", "at", "id"):
        stories[event.clock_id].append(event)
    pasts = read_pasts([clock.ticket for clock in clocks], until=now)
    for clock in clocks:
        yield from samples_of(clock, stories[clock.pk], pasts[clock.ticket_id], now)


def samples_of(clock: Clock, story: Sequence[ClockEvent], past: Past, now: datetime) -> Iterator[Sample]:
    """How the clock stood at each share of its goal that it used. Its outcome is known: it ended, or it is late."""
    is_met = not clock.has_breached(now)
    known_at = clock.ended_at if is_met else clock.due_at
    for place, share in enumerate(SHARES):
        amount = clock.goal * share
        if is_met and place and clock.used <= amount:
            return
        priority, service, team = _standing(clock, story, past, amount)
        likeness = _likeness(clock, priority, service, team)
        yield Sample(likeness, place, is_met, clock.started_at, known_at or now)


def _standing(
    clock: Clock, story: Sequence[ClockEvent], past: Past, amount: timedelta
) -> tuple[int, int | None, int | None]:
    """(priority, service, team) of the ticket when the clock had used `amount`."""
    priority, service, team = past.priority, past.service, past.team
    moves = [turn for turn in past.turns if turn.kind in (TurnKind.HANDED_OVER, TurnKind.CHANGED)]
    if not moves:
        return priority, service, team
    at = _moment(calendar_of(clock), clock.started_at, story, amount)
    for turn in moves:
        if turn.at > at:
            break
        if turn.kind is TurnKind.HANDED_OVER:
            team = turn.team
        elif turn.priority:
            priority = turn.priority
        else:
            service = turn.service
    return priority, service, team


def _moment(calendar: Calendar, started_at: datetime, story: Sequence[ClockEvent], amount: timedelta) -> datetime:
    """When a clock had used that much, or the end of what is known of it."""
    begins: datetime | None = started_at
    for event in story:
        if event.kind == ClockEvent.Kind.RESUMED:
            begins = begins or event.at
        elif begins is not None:
            ends = max(event.at, begins)
            worked = working_between(calendar, begins, ends)
            if amount <= worked:
                return add_working(calendar, begins, amount)
            amount, begins = amount - worked, None
    return story[-1].at if begins is None else add_working(calendar, begins, amount)


def _likeness(clock: Clock, priority: int, service: int | None, team: int | None) -> Likeness:
    local = clock.started_at.astimezone(ZoneInfo(calendar_of(clock).timezone))
    return Likeness(clock.metric, priority, service, clock.team_id or team, local.hour // HOURS)
