"""Tickets of the past, lived through once more under other promises."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q

from slas.calendars import calendar_of
from slas.clock import working_between
from slas.engine import Turn, settle
from slas.history import live_through
from slas.metrics import METRICS_OF, RULES, TurnKind
from slas.models import Agreement, Clock
from slas.promises import Promise
from slas.replay.findings import NOTHING, Findings, Outcome, Result
from slas.replay.rulebook import Rulebook
from slas.turns import Past, read_pasts
from tickets.models import Ticket

OF_WORDS = frozenset({TurnKind.ANSWERED, TurnKind.WRITTEN})
NEEDS_WORDS = frozenset(metric for metric, rule in RULES.items() if (rule.begins_on | rule.ends_on) & OF_WORDS)
"""Metrics that a log without messages cannot tell: it does not say when anybody was answered."""


def replay_tickets(tickets: Sequence[Ticket], *, book: Rulebook, until: datetime, findings: Findings) -> None:
    """Add what would have become of `tickets` to the findings. Two queries, however many there are."""
    metrics = METRICS_OF[Agreement.Kind(book.trial.kind)]
    recorded: dict[int, list[Clock]] = {}
    clocks = Clock.objects.counted().filter(ticket__in=tickets, metric__in=metrics).filter(_of_team(book.trial))
    for clock in clocks.filter(started_at__lte=until):
        recorded.setdefault(clock.ticket_id, []).append(clock)
    pasts = read_pasts(tickets, until=until)
    for ticket in tickets:
        past, before = pasts[ticket.pk], recorded.get(ticket.pk, [])
        promises = book.promises(ticket.organisation_id, past.service, ticket.opened_at.date())
        was_under = any(clock.agreement_id in book.versions for clock in before)
        if not was_under and not any(promise.agreement is book.trial for promise in promises):
            continue
        after = relive(ticket, past, promises, book)
        found = [(metric, worst(before, metric, until), worst(after, metric, until)) for metric in metrics]
        if ticket.external_source and not past.has_words:
            found = [each for each in found if each[0] not in NEEDS_WORDS]
        found = [each for each in found if each[1:] != (NOTHING, NOTHING)]
        findings.n_tickets += bool(found)
        for metric, one, other in found:
            findings.add(ticket, metric, one, other)


def relive(ticket: Ticket, past: Past, promises: Sequence[Promise], book: Rulebook) -> list[Clock]:
    """The clocks of the ticket under these promises, as they stand at the end of what is known. None is saved."""
    on = ticket.opened_at.date()
    lived = live_through(
        ticket=ticket, promises=promises, priority=past.priority, team=past.team, turns=past.turns,
        promises_of=lambda service: book.promises(ticket.organisation_id, service, on),
    )  # fmt: skip
    if ticket.external_source:
        lived.take(Turn(TurnKind.CANCELLED, at=ticket.updated_at))  # as an import ends what it does not know the end of
    for life in lived.lives:
        settle(life.clock, life.events, ends_as=life.ends_as)
    return [life.clock for life in lived.lives if life.clock.state != Clock.State.CANCELLED]


def worst(clocks: Iterable[Clock], metric: str, now: datetime) -> Result:
    """What the clocks of `metric` came to: breached if one of them is, else open if one of them is."""
    ranks = {Outcome.MET: 0, Outcome.OPEN: 1, Outcome.BREACHED: 2}
    results = [_result(clock, now) for clock in clocks if clock.metric == metric]
    return max(results, key=lambda result: (ranks[result.outcome], -result.left), default=NOTHING)


def _result(clock: Clock, now: datetime) -> Result:
    used = clock.used
    if clock.anchor_at is not None:
        used += working_between(calendar_of(clock), clock.anchor_at, now)
    if clock.has_breached(now):
        outcome = Outcome.BREACHED
    else:
        outcome = Outcome.MET if clock.ended_at is not None else Outcome.OPEN
    return Result(outcome, round((clock.goal - used).total_seconds()))


def _of_team(trial: Agreement) -> Q:
    return Q(team=trial.team_id) if trial.kind == Agreement.Kind.OLA else Q()
