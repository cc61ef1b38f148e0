"""What the steps of an agreement would do on a chosen ticket: its life is lived again under the agreement, and nothing is
written. The times are exact for what has happened so far; the people are those who would be told now."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from slas.agreements.wording import StepWords, step_words
from slas.calendars import pure_calendar
from slas.durations import day_of
from slas.engine import Life, account_of, settle
from slas.escalation import Action, Deed, Plan, Reason, plan_of
from slas.history import live_through, moment_of
from slas.ledger import Ledger
from slas.models import Agreement, Clock, EscalationStep, Metric, Target
from slas.promises import Promise
from slas.turns import read_pasts
from tickets.models import Ticket


class When(StrEnum):
    """Where a step stands on the ticket."""

    PASSED = "passed"
    AHEAD = "ahead"
    WAITS = "waits"  # the clock stands still: nobody knows when
    NEVER = "never"  # the clock has ended before


WHEN_WORDS = {
    When.PASSED: gettext_lazy("would have fired"),
    When.AHEAD: gettext_lazy("will fire"),
    When.WAITS: gettext_lazy("not while the clock stands still"),
    When.NEVER: gettext_lazy("never: the clock has ended before"),
}
LEFT_OUT_WORDS = {
    Reason.ENDED: gettext_lazy("nobody now: the clock has ended"),
    Reason.PRIORITY: gettext_lazy("nobody: it is for other priorities"),
    Reason.ASSIGNED: gettext_lazy("nobody: somebody owns the ticket"),
    Reason.ANSWERED: gettext_lazy("nobody: we have answered"),
    Reason.QUIET: gettext_lazy("nobody now: one of us has just written to the requester"),
}


def _deed_words(action: Action) -> str:
    match action.deed:
        case Deed.RAISED:
            return _("raises the priority to P%(priority)s") % {"priority": action.priority}
        case Deed.HANDED_OVER:
            return _("hands over to %(team)s") % {"team": action.team}
        case Deed.WEBHOOK:
            return _("calls the webhook %(name)s") % {"name": action.webhook}


@dataclass(frozen=True)
class Firing:
    """One step on one clock: `at` is None where it waits or never comes."""

    step: EscalationStep
    words: StepWords
    when: When
    at: datetime | None
    plan: Plan

    @property
    def when_words(self) -> str:
        return str(WHEN_WORDS[self.when])

    @property
    def left_out_words(self) -> str:
        """Why nobody is told."""
        return str(LEFT_OUT_WORDS[self.plan.left_out]) if self.plan.left_out else _("nobody")

    @property
    def deed_words(self) -> list[str]:
        return [_deed_words(action) for action in self.plan.actions]


@dataclass(frozen=True)
class Run:
    """One clock the ticket would have under the agreement, with the steps of its ladder in order."""

    clock: Clock
    label: str
    due_at: datetime | None
    firings: list[Firing]


def dry_run(*, agreement: Agreement, ticket: Ticket, now: datetime) -> list[Run]:
    """The clocks that the ticket would have had under `agreement` from its opening, each with its steps. Empty where the
    agreement promises nothing for the ticket's priority, or the ticket gave no clock of it a reason to begin."""
    promise = Promise.of(agreement)
    past = read_pasts([ticket], until=now)[ticket.pk]
    lived = live_through(ticket=ticket, promises=[promise], priority=past.priority, team=past.team, turns=past.turns)
    newest: dict[str, Life] = {}
    for life in lived.lives:
        settle(life.clock, life.events, ends_as=life.ends_as)
        if life.clock.state != Clock.State.CANCELLED:
            newest[life.clock.metric] = life
    return [_run(life, promise, ticket, now) for life in newest.values()]


def _run(life: Life, promise: Promise, ticket: Ticket, now: datetime) -> Run:
    clock = life.clock
    target = promise.target(clock.metric, clock.priority)
    firings = [] if target is None else list(_firings(life, promise, target, ticket, now))
    return Run(clock, str(Metric(clock.metric).label), clock.due_at, firings)


def _firings(life: Life, promise: Promise, target: Target, ticket: Ticket, now: datetime) -> Iterator[Firing]:
    clock, account = life.clock, account_of(life.clock, life.events, now=now)
    day = day_of(pure_calendar(target.calendar or promise.agreement.calendar))
    for place, step in enumerate(promise.steps_of(target)):
        at = _passed_at(clock, account, step, now)
        if at is not None:
            when = When.PASSED
        elif clock.state == Clock.State.RUNNING:
            when, at = When.AHEAD, max(clock.fire_plan[place], now)
        else:
            when = When.WAITS if clock.state == Clock.State.PAUSED else When.NEVER
        plan = plan_of(clock, clock.ladder[place], ticket, now)
        yield Firing(step, step_words(step, day=day), when, at, plan)


def _passed_at(clock: Clock, account: Ledger, step: EscalationStep, now: datetime) -> datetime | None:
    """When the step was reached; None if it was not by `now`. An offset at any hour is time on the wall."""
    used = clock.goal * step.percent // 100
    wall = step.offset if step.at_any_hour else timedelta(0)
    at = moment_of(account, max(used + step.offset - wall, timedelta(0)))
    if at is None or at + wall > (clock.ended_at or now):
        return None
    return at + wall
