"""How good the forecast is: learnt from the earlier part of a history, asked of the later part. Pure: no Django.

The history of a metric is cut where 70 % of its clocks had begun. Learnt is only what was known by then, asked are the
clocks that began afterwards, when they had used 0, 25, 50 and 75 % of their goal: as the desk would have asked, without a
look ahead. The Brier score is the mean squared distance between chance and outcome: 0 is perfect, and always saying the
share of clocks that was met gives the base. Skill is the part of the base's score that the forecast saves; above 0 it is
worth looking at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from slas.forecast.model import ENOUGH, SHARES, Sample, Table

LEARNT_FROM = 0.7
ASKED_AT = (0.0, 0.25, 0.5, 0.75)
BINS = 10


@dataclass
class Score:
    """Sums of squared distances: of `n` forecasts from what came, and of two who know no clock from another. One always
    says the share of all clocks that was met, the other the share of those that had used as much of their goal."""

    n: int = 0
    forecast: float = 0.0
    base: float = 0.0
    base_here: float = 0.0

    def add(self, chance: float, base: float, base_here: float, *, is_met: bool) -> None:
        self.n += 1
        self.forecast += (chance - is_met) ** 2
        self.base += (base - is_met) ** 2
        self.base_here += (base_here - is_met) ** 2

    @property
    def brier(self) -> float:
        return self.forecast / self.n if self.n else 0.0

    @property
    def brier_of_base(self) -> float:
        return self.base / self.n if self.n else 0.0

    @property
    def brier_of_base_here(self) -> float:
        return self.base_here / self.n if self.n else 0.0

    @property
    def skill(self) -> float:
        return 1 - self.forecast / self.base if self.base else 0.0

    @property
    def skill_here(self) -> float:
        return 1 - self.forecast / self.base_here if self.base_here else 0.0

    @property
    def skill_percent(self) -> float:
        return 100 * self.skill

    @property
    def skill_here_percent(self) -> float:
        return 100 * self.skill_here


@dataclass
class Report:
    """What came of the trials, in sums that JSON can keep: `scores` is {metric: {used share: [n, forecast, base, base_here]}},
    `bins` [forecasts, sum of their chances, met] for each tenth of chance, `learnt` and `cuts` {metric: clocks | ISO time}."""

    learnt: dict[str, int] = field(default_factory=dict)
    cuts: dict[str, str] = field(default_factory=dict)
    scores: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    bins: list[list[float]] = field(default_factory=lambda: [[0, 0.0, 0] for _bin in range(BINS)])

    def score(self, metric: str | None = None, share: float | None = None) -> Score:
        """Of one metric or all, at one used share or all."""
        total = Score()
        for name, by_share in self.scores.items():
            for at, (n, forecast, base, base_here) in by_share.items():
                if metric in (None, name) and share in (None, float(at)):
                    total = Score(
                        total.n + int(n), total.forecast + forecast, total.base + base, total.base_here + base_here
                    )
        return total

    def assess(self, metric: str, samples: Sequence[Sample]) -> None:
        """Try the forecast on the `samples` of one metric, of known outcome. A clock is a sample at SHARES[0] once."""
        begun = sorted(sample.started_at for sample in samples if sample.place == 0)
        if len(begun) < 2 * ENOUGH:
            return
        cut_at = begun[int(len(begun) * LEARNT_FROM)]
        learnt = [sample for sample in samples if sample.known_at < cut_at]
        self.cuts[metric] = cut_at.isoformat()
        self.learnt[metric] = sum(sample.place == 0 for sample in learnt)
        self._ask(metric, Table(learnt, made_at=cut_at), _asked(samples, cut_at))

    def _ask(self, metric: str, table: Table, asked: Iterable[Sample]) -> None:
        scores: dict[float, Score] = {}
        for sample in asked:
            share = SHARES[sample.place]
            found = table.foretell(sample.likeness, share)
            base, base_here = table.base_rate(metric), table.base_rate(metric, sample.place)
            if found is None or base is None or base_here is None:
                continue
            scores.setdefault(share, Score()).add(found.chance, base, base_here, is_met=sample.is_met)
            tally = self.bins[min(int(found.chance * BINS), BINS - 1)]
            tally[0] += 1
            tally[1] += found.chance
            tally[2] += sample.is_met
        self.scores[metric] = {
            str(share): [score.n, score.forecast, score.base, score.base_here]
            for share, score in sorted(scores.items())
        }  # fmt: skip


def _asked(samples: Iterable[Sample], cut_at: datetime) -> Iterable[Sample]:
    return (sample for sample in samples if sample.started_at >= cut_at and SHARES[sample.place] in ASKED_AT)
