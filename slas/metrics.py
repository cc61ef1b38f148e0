"""What each metric measures, as a table: by which turn of a ticket's life a clock of it begins, and by which it ends.

When a clock counts in between is not a matter of turns but of where the ticket is: see `counts`.
"""

from dataclasses import dataclass
from enum import StrEnum

from slas.models import Agreement, Metric
from tickets.models import WaitingReason


class TurnKind(StrEnum):
    """What can happen to a ticket that concerns its clocks."""

    OPENED = "opened"
    TAKEN = "taken"  # a person owns it
    HANDED_OVER = "handed_over"  # another team has it
    WRITTEN = "written"  # the requester wrote
    ANSWERED = "answered"  # one of us wrote to the requester
    PAUSED = "paused"
    RESUMED = "resumed"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    CHANGED = "changed"  # priority or service: the promise may be another
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Rule:
    """`begins_on` starts a clock where none is live, `ends_on` meets it. A clock that `outlives` its end goes on when
    the ticket is reopened. `after_answer`: not before the first word of ours."""

    begins_on: frozenset[TurnKind]
    ends_on: frozenset[TurnKind]
    outlives: bool = False
    after_answer: bool = False


OPENED, ANSWERED, RESOLVED = TurnKind.OPENED, TurnKind.ANSWERED, TurnKind.RESOLVED

RULES = {
    Metric.FIRST_RESPONSE: Rule(frozenset({OPENED}), frozenset({ANSWERED, RESOLVED})),
    Metric.OWN: Rule(frozenset({OPENED}), frozenset({TurnKind.TAKEN, RESOLVED})),
    Metric.RESOLUTION: Rule(frozenset({OPENED}), frozenset({RESOLVED}), outlives=True),
    Metric.NEXT_REPLY: Rule(frozenset({TurnKind.WRITTEN}), frozenset({ANSWERED, RESOLVED}), after_answer=True),
    Metric.UPDATE: Rule(frozenset({OPENED, ANSWERED, TurnKind.REOPENED}), frozenset({ANSWERED, RESOLVED})),
    Metric.COMMITMENT: Rule(frozenset(), frozenset({RESOLVED})),
    Metric.TEAM: Rule(frozenset({OPENED, TurnKind.HANDED_OVER}), frozenset({RESOLVED}), outlives=True),
    Metric.SUPPLIER: Rule(frozenset({TurnKind.PAUSED}), frozenset({RESOLVED}), outlives=True),
}
BETWEEN_REPLIES = Rule(frozenset({ANSWERED}), frozenset({ANSWERED, RESOLVED}))
"""The next reply where it is owed after each of ours, whether or not the requester wrote (BEHAVIOUR.md rule 3)."""

METRICS_OF = {
    Agreement.Kind.SLA: (
        Metric.FIRST_RESPONSE, Metric.OWN, Metric.NEXT_REPLY, Metric.UPDATE, Metric.RESOLUTION,
    ),
    Agreement.Kind.OLA: (Metric.TEAM,),
    Agreement.Kind.UC: (Metric.SUPPLIER,),
}  # fmt: skip
"""What each kind of agreement can promise, in the order of a ticket's life."""

HANDED_OVER = "handed_over"
"""The reason under which the time a ticket spends with another team is a pause of a team's share."""
WITH_US = "with_us"
"""The reason under which the time a ticket spends with us is a pause of the supplier's share."""


def rule_of(metric: str, agreement: Agreement | None) -> Rule:
    if metric == Metric.NEXT_REPLY and agreement is not None and agreement.reply_mode == Agreement.ReplyMode.BETWEEN:
        return BETWEEN_REPLIES
    return RULES[Metric(metric)]


def pause_of(
    metric: str, agreement: Agreement | None, *, clock_team: int | None, team: int | None, waiting_reason: str
) -> str:
    """Why a live clock does not count now: the reason, or "" when it counts. A commitment always counts; a team's share
    counts while that team has the ticket, the supplier's while the ticket waits for him."""
    if metric == Metric.COMMITMENT or agreement is None:
        return ""
    if metric == Metric.SUPPLIER:
        return "" if waiting_reason == WaitingReason.SUPPLIER else waiting_reason or WITH_US
    if metric == Metric.TEAM and clock_team != team:
        return HANDED_OVER
    return waiting_reason if waiting_reason in agreement.pauses_on else ""
