"""The promised times of tickets, as a customer may know them: when, and whether it is late. Percentages, steps and
agreements stay inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from portal.words import moment
from slas.models import PUBLIC_METRICS, Clock, Metric
from tickets.models import Phase, Ticket, WaitingReason

AGAIN = (Metric.NEXT_REPLY, Metric.UPDATE)
"""What is promised again and again in the life of a ticket."""


@dataclass(frozen=True)
class Promise:
    """`look` is one of the chips' forms (on-track, breached, paused, met), `words` says it in full."""

    look: str
    icon: str
    words: str


def promises_of(tickets: Sequence[Ticket], *, now: datetime) -> dict[int, Promise]:
    """The next promise of each ticket, by ticket id; none for a ticket nothing was promised for. One query."""
    live: dict[int, dict[str, Clock]] = {}
    clocks = Clock.objects.live().filter(ticket__in=[ticket.pk for ticket in tickets], metric__in=PUBLIC_METRICS)
    for clock in clocks:
        live.setdefault(clock.ticket_id, {})[clock.metric] = clock
    found = {}
    for ticket in tickets:
        promise = _next_promise(ticket, live.get(ticket.pk, {}), now)
        if promise is not None:
            found[ticket.pk] = promise
    return found


def _next_promise(ticket: Ticket, clocks: dict[str, Clock], now: datetime) -> Promise | None:
    """What is due first. A date that somebody promised stands for the solution."""
    if ticket.phase == Phase.RESOLVED:
        return Promise("met", "circle-check", _("Confirm or reopen"))
    if ticket.waiting_reason == WaitingReason.REQUESTER:
        return Promise("paused", "player-pause", _("Answer needed"))
    asked = {metric for metric in clocks if metric != Metric.RESOLUTION or Metric.COMMITMENT not in clocks}
    far = datetime.max.replace(tzinfo=UTC)
    clock = min((clocks[metric] for metric in asked), key=lambda clock: (clock.due_at or far, clock.pk), default=None)
    if clock is None:
        return None
    if clock.due_at is None:
        return Promise("paused", "player-pause", _("Paused"))
    when = {"when": moment(clock.due_at, now)}
    is_late = clock.has_breached(now)
    look, icon = ("breached", "alert-triangle") if is_late else ("on-track", "clock")
    match clock.metric:
        case Metric.FIRST_RESPONSE | Metric.NEXT_REPLY:
            words = _("Reply was promised for %(when)s") if is_late else _("Reply expected %(when)s")
        case Metric.UPDATE:
            words = _("News were promised for %(when)s") if is_late else _("News expected %(when)s")
        case Metric.COMMITMENT:
            words = _("It was promised for %(when)s") if is_late else _("Promised for %(when)s")
        case _other:
            words = _("Solution was promised for %(when)s") if is_late else _("Solution expected %(when)s")
    return Promise(look, icon, words % when)


@dataclass(frozen=True)
class PromisedTime:
    """One line of a ticket's promises: what was promised (`label`), and what is or became of it (`words`), perhaps with
    `said`, somebody's own words. `clock` is the key of what measures it."""

    label: str
    words: str
    icon: str
    is_late: bool
    clock: int
    said: str = ""


def promised_times(*, ticket: Ticket, now: datetime) -> list[PromisedTime]:
    """The newest promise of each kind; of those that come again and again only what is owed now. One query."""
    newest: dict[str, Clock] = {}
    for clock in Clock.objects.counted().filter(ticket=ticket, metric__in=PUBLIC_METRICS).order_by("generation"):
        newest[clock.metric] = clock
    labels = {
        Metric.COMMITMENT: _("Promised date"),
        Metric.FIRST_RESPONSE: _("First answer"),
        Metric.NEXT_REPLY: _("Next answer"),
        Metric.UPDATE: _("News"),
        Metric.RESOLUTION: _("Solution"),
    }
    return [
        _promised_time(label, newest[metric], now)
        for metric, label in labels.items()
        if metric in newest and not (metric in AGAIN and newest[metric].ended_at)
    ]


def _promised_time(label: str, clock: Clock, now: datetime) -> PromisedTime:
    is_late = clock.has_breached(now)
    due = moment(clock.due_at, now) if clock.due_at else ""
    if clock.ended_at is not None:
        done = moment(clock.ended_at, now)
        if is_late:
            words = _("%(done)s, promised for %(due)s") % {"done": done, "due": due}
        else:
            words = _("%(done)s, as promised") % {"done": done}
        icon = "alert-triangle" if is_late else "circle-check"
    elif not due:
        words, icon = _("paused; the time goes on when the wait is over"), "player-pause"
    elif is_late:
        words, icon = _("late: it was promised for %(due)s") % {"due": due}, "alert-triangle"
    else:
        words, icon = _("by %(due)s") % {"due": due}, "clock"
    return PromisedTime(label, words, icon, is_late, clock.pk, clock.words)


def promise_sentence(*, ticket: Ticket, now: datetime) -> str:
    """What is promised for a new ticket, in one sentence; "" where nothing is."""
    due = {clock.metric: clock.due_at for clock in Clock.objects.running().filter(ticket=ticket)}
    answer, solution = due.get(Metric.FIRST_RESPONSE), due.get(Metric.RESOLUTION)
    if answer is None or solution is None:
        return ""
    return _("First answer by %(answer)s, usually solved by %(solution)s.") % {
        "answer": moment(answer, now),
        "solution": moment(solution, now),
    }
