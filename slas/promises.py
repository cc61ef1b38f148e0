"""What an agreement promises, read once and held against any number of tickets."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from slas.metrics import METRICS_OF, TurnKind, rule_of
from slas.models import Agreement, EscalationStep, Target


@dataclass(frozen=True)
class Promise:
    """One agreement with its targets by (metric, priority) and the steps of its ladders."""

    agreement: Agreement
    targets: Mapping[tuple[str, int], Target]
    steps: Sequence[EscalationStep]

    @classmethod
    def of(cls, agreement: Agreement, *, metrics: Collection[str] = (), warns: bool = True) -> "Promise":
        """What `agreement` promises, for `metrics` (none = all it can promise). Without `warns` the clocks have an empty
        ladder: nobody is told anything."""
        [promise] = cls.of_each([agreement])
        targets = {key: target for key, target in promise.targets.items() if not metrics or target.metric in metrics}
        return cls(agreement, targets, promise.steps if warns else ())

    @classmethod
    def of_each(cls, agreements: Sequence[Agreement]) -> "list[Promise]":
        """All that each of `agreements` promises. Two queries."""
        targets: dict[int, dict[tuple[str, int], Target]] = defaultdict(dict)
        for target in Target.objects.filter(agreement__in=agreements).select_related("calendar").order_by("pk"):
            targets[target.agreement_id][target.metric, target.priority] = target
        steps: dict[int, list[EscalationStep]] = defaultdict(list)
        for step in EscalationStep.objects.filter(agreement__in=agreements).order_by("pk"):
            steps[step.agreement_id].append(step)
        return [
            cls(
                agreement,
                {
                    key: target
                    for key, target in targets[agreement.pk].items()
                    if target.metric in METRICS_OF[Agreement.Kind(agreement.kind)]
                },
                steps[agreement.pk],
            )
            for agreement in agreements
        ]

    def target(self, metric: str, priority: int) -> Target | None:
        return self.targets.get((metric, priority))

    def begun_by(self, turn: TurnKind, priority: int) -> Iterator[Target]:
        """The targets whose clocks `turn` begins."""
        for (metric, of_priority), target in self.targets.items():
            if of_priority == priority and turn in rule_of(metric, self.agreement).begins_on:
                yield target

    def steps_of(self, target: Target) -> list[EscalationStep]:
        """The steps for a clock of `target`, the earliest first."""
        steps = [step for step in self.steps if step.metric in ("", target.metric)]
        return sorted(steps, key=lambda step: _position(step, target.duration))

    def ladder(self, target: Target) -> list[dict[str, Any]]:
        """The same as the JSON the clock keeps (see `rung`)."""
        return [rung(step) for step in self.steps_of(target)]


def rung(step: EscalationStep) -> dict[str, Any]:
    """One step as JSON. `offset` and `quiet_for` in seconds; what does not apply is left out."""
    optional = {
        "any_hour": step.at_any_hour,
        "priorities": list(step.only_priorities),
        "if_unassigned": step.only_unassigned,
        "if_unanswered": step.only_unanswered,
        "quiet_for": step.quiet_for.total_seconds() if step.quiet_for else 0,
        "raise": step.raises_priority,
        "reassign_to": step.reassigns_to_id,
        "webhook": step.webhook_id,
    }
    return {
        "percent": step.percent,
        "offset": step.offset.total_seconds(),
        "notify": step.notifies,
        **{name: value for name, value in optional.items() if value},
    }


def _position(step: EscalationStep, goal: timedelta) -> tuple[timedelta, int]:
    return goal * step.percent / 100 + step.offset, step.pk or 0
