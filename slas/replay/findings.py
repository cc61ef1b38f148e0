"""What a replay found, in the few numbers that a job keeps."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tickets.models import Ticket


class Outcome(StrEnum):
    """What became of a promise. Short, because thousands of them are kept."""

    NONE = "-"  # nothing was promised
    MET = "m"
    BREACHED = "b"
    OPEN = "o"  # neither yet


@dataclass(frozen=True)
class Result:
    """One metric of one ticket. `left` is what was left of the goal at the end (or is now), in working seconds; negative
    is beyond it. Of several clocks of the metric, the worst."""

    outcome: Outcome
    left: int = 0


NOTHING = Result(Outcome.NONE)


@dataclass
class Findings:
    """What a replay found, as JSON. `counts` is {metric: {priority: [before, after]}}, each {outcome: number};
    `changed` holds (ticket, metric, priority, outcome before, left before, outcome after, left after)."""

    n_tickets: int = 0
    counts: dict[str, dict[str, list[dict[str, int]]]] = field(default_factory=dict)
    changed: list[list[Any]] = field(default_factory=list)

    def add(self, ticket: Ticket, metric: str, before: Result, after: Result) -> None:
        pair = self.counts.setdefault(metric, {}).setdefault(str(ticket.priority), [{}, {}])
        for tally, result in zip(pair, (before, after), strict=True):
            tally[result.outcome] = tally.get(result.outcome, 0) + 1
        if before.outcome != after.outcome:
            self.changed.append(
                [ticket.pk, metric, ticket.priority, before.outcome, before.left, after.outcome, after.left]
            )

    def n(self, outcome: Outcome, *, after: bool) -> int:
        """How many, before or after."""
        return sum(pair[after].get(outcome, 0) for by_priority in self.counts.values() for pair in by_priority.values())
