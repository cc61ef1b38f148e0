"""The chance that a running clock is met, from what became of clocks like it. Pure: no Django.

Samples are taken where a clock had used 0, 10, 25, 50, 75 and 90 % of its goal: each says how things stood then, and whether
the clock was met in the end. A running clock is compared with the samples of its own used share, so that only clocks count
that were still running there; between two shares the chances of both are mixed, and at the goal itself the chance is nil.

Likeness is a ladder from coarse to fine: the same metric; and priority; and service; and team; and hour of the day. Of each
rung with at least ENOUGH samples the share that was met is drawn towards that of the rung above, as if PULL samples more had
gone as there: a small group moves the chance a little, a large one a lot. Without ENOUGH on the coarsest rung nothing is
foretold.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)
ENOUGH = 30  # samples
PULL = 40  # samples
HOURS = 6  # of the day that count as alike

ALIKE = ("metric", "priority", "service", "team", "hour")
"""What is alike on each rung, and on all rungs below it."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What makes clocks alike. `hour` is the part of the day in which it began: 0 to 3, from midnight."""

    metric: str
    priority: int
    service: int | None
    team: int | None
    hour: int

    def rungs(self) -> Iterator[tuple[object, ...]]:
        """The keys of the groups it belongs to, coarse to fine."""
        values = (self.metric, self.priority, self.service, self.team, self.hour)
        return (values[:length] for length in range(1, len(values) + 1))


@dataclass(frozen=True, slots=True)
class Sample:
    """How a clock stood when it had used SHARES[place] of its goal, and whether it was met. It began at `started_at`; how it
    came out was known at `known_at`."""

    likeness: Likeness
    place: int
    is_met: bool
    started_at: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Forecast:
    """`chance` is 0 to 1. `n` clocks were alike in the first `rung` things of ALIKE and still running then; `n_met` of them
    were met."""

    chance: float
    n: int
    n_met: int
    rung: int

    @property
    def alike(self) -> tuple[str, ...]:
        return ALIKE[: self.rung]


class Table:
    """Counts of samples by group and used share: all that a forecast needs. `mark` tells one history from another."""

    def __init__(self, samples: Iterable[Sample], *, made_at: datetime, mark: object = None) -> None:
        counts: dict[tuple[object, ...], list[list[int]]] = {}
        for sample in samples:
            for key in sample.likeness.rungs():
                tally = counts.setdefault(key, [[0, 0] for _share in SHARES])[sample.place]
                tally[0] += 1
                tally[1] += sample.is_met
        self.counts = {key: tallies for key, tallies in counts.items() if max(n for n, _met in tallies) >= ENOUGH}
        self.made_at, self.mark = made_at, mark

    def foretell(self, likeness: Likeness, share: float) -> Forecast | None:
        """The chance of a clock that has used `share` of its goal and still counts; None where too little is known."""
        if share >= 1:
            return None
        share = max(share, 0.0)  # a page's now is a second old
        place = bisect_right(SHARES, share) - 1
        here = self._at(likeness, place)
        if here is None:
            return None
        is_last = place + 1 == len(SHARES)
        ahead = None if is_last else self._at(likeness, place + 1)
        end = 1.0 if is_last else SHARES[place + 1]
        chance_ahead = 0.0 if is_last else here.chance if ahead is None else ahead.chance
        way = (share - SHARES[place]) / (end - SHARES[place])
        chance = here.chance + (chance_ahead - here.chance) * way
        return Forecast(chance, here.n, here.n_met, here.rung)

    def base_rate(self, metric: str, place: int = 0) -> float | None:
        """The share of all clocks of `metric` that was met, of those that used SHARES[place]."""
        n, n_met = self._tally((metric,), place)
        return n_met / n if n >= ENOUGH else None

    def _at(self, likeness: Likeness, place: int) -> Forecast | None:
        found: Forecast | None = None
        for rung, key in enumerate(likeness.rungs(), 1):
            n, n_met = self._tally(key, place)
            if n < ENOUGH:
                break
            if found is None:
                found = Forecast(n_met / n, n, n_met, rung)
            elif n == found.n:  # the same clocks: they say nothing new
                found = Forecast(found.chance, n, n_met, rung)
            else:
                found = Forecast((n_met + PULL * found.chance) / (n + PULL), n, n_met, rung)
        return found

    def _tally(self, key: tuple[object, ...], place: int) -> tuple[int, int]:
        tallies = self.counts.get(key)
        return (tallies[place][0], tallies[place][1]) if tallies else (0, 0)
