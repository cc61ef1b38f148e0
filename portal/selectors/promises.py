"""The promised times of tickets, as a customer may know them: when, and whether it is late. Percentages, steps and
agreements stay inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from portal.words import moment
from slas.models import Clock, Metric
from tickets.models import Phase, Ticket, WaitingReason


@dataclass(frozen=True)
class Promise:
    """`look` is one of the chips' forms (on-track, breached, paused, met), `words` says it in full."""

    look: str
    icon: str
    words: str


def promises_of(tickets: Sequence[Ticket], *, now: datetime) -> dict[int, Promise]:
    """The next promise of each ticket, by ticket id; none for a ticket nothing was promised for. One query."""
    live: dict[int, dict[str, Clock]] = {}
    for clock in Clock.objects.live().filter(ticket__in=[ticket.pk for ticket in tickets]):
        live.setdefault(clock.ticket_id, {})[clock.metric] = clock
    found = {}
    for ticket in tickets:
        clocks = live.get(ticket.pk, {})
        promise = _next_promise(ticket, clocks.get(Metric.FIRST_RESPONSE), clocks.get(Metric.RESOLUTION), now)
        if promise is not None:
            found[ticket.pk] = promise
    return found


def _next_promise(ticket: Ticket, answer: Clock | None, solution: Clock | None, now: datetime) -> Promise | None:
    if ticket.phase == Phase.RESOLVED:
        return Promise("met", "circle-check", _("Confirm or reopen"))
    if ticket.waiting_reason == WaitingReason.REQUESTER:
        return Promise("paused", "player-pause", _("Answer needed"))
    clock = answer or solution
    if clock is None:
        return None
    if clock.due_at is None:
        return Promise("paused", "player-pause", _("Paused"))
    when = {"when": moment(clock.due_at, now)}
    if clock.has_breached(now):
        late = _("Reply was promised for %(when)s") if answer else _("Solution was promised for %(when)s")
        return Promise("breached", "alert-triangle", late % when)
    kept = _("Reply expected %(when)s") if answer else _("Solution expected %(when)s")
    return Promise("on-track", "clock", kept % when)


@dataclass(frozen=True)
class PromisedTime:
    """One line of a ticket's promises: what was promised (`label`), and what is or became of it (`words`)."""

    label: str
    words: str
    icon: str
    is_late: bool


def promised_times(*, ticket: Ticket, now: datetime) -> list[PromisedTime]:
    """First answer and solution, the newest promise of each. One query."""
    newest: dict[str, Clock] = {}
    for clock in Clock.objects.counted().filter(ticket=ticket).order_by("generation"):
        newest[clock.metric] = clock
    labels = {Metric.FIRST_RESPONSE: _("First answer"), Metric.RESOLUTION: _("Solution")}
    return [_promised_time(label, newest[metric], now) for metric, label in labels.items() if metric in newest]


def _promised_time(label: str, clock: Clock, now: datetime) -> PromisedTime:
    is_late = clock.has_breached(now)
    due = moment(clock.due_at, now) if clock.due_at else ""
    if clock.ended_at is not None:
        done = moment(clock.ended_at, now)
        if is_late:
            words = _("%(done)s, promised for %(due)s") % {"done": done, "due": due}
        else:
            words = _("%(done)s, as promised") % {"done": done}
        return PromisedTime(label, words, "alert-triangle" if is_late else "circle-check", is_late)
    if not due:
        return PromisedTime(label, _("paused; the time goes on when the wait is over"), "player-pause", False)
    if is_late:
        return PromisedTime(label, _("late: it was promised for %(due)s") % {"due": due}, "alert-triangle", True)
    return PromisedTime(label, _("by %(due)s") % {"due": due}, "clock", False)


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
