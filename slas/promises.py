"""What an agreement promises, read once and held against any number of tickets; and which agreements apply to a ticket."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Case, IntegerField, Q, Value, When

from slas.metrics import METRICS_OF, TurnKind, rule_of
from slas.models import Agreement, EscalationStep, Metric, Target
from tickets.models import Ticket


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
        wanted = metrics or METRICS_OF[Agreement.Kind(agreement.kind)]
        targets = agreement.targets.filter(metric__in=wanted).select_related("calendar").order_by("pk")
        return cls(
            agreement=agreement,
            targets={(target.metric, target.priority): target for target in targets},
            steps=list(agreement.steps.order_by("pk")) if warns else (),
        )

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


def promises_for(ticket: Ticket) -> list[Promise]:
    """All that is promised about a ticket: to its customer, by the team that has it and those that had it (their shares
    of the time follow a change of priority, too), by the service's supplier."""
    found = [agreement_for(ticket), *_underneath(ticket)]
    return [Promise.of(agreement) for agreement in found if agreement is not None]


def agreement_for(ticket: Ticket) -> Agreement | None:
    """The most specific SLA in force when the ticket was opened, or the newer version of it that took over open tickets;
    None = nothing was promised."""
    specificity = Case(
        When(Q(customer__isnull=False, services__isnull=False), then=Value(3)),
        When(customer__isnull=False, then=Value(2)),
        When(services__isnull=False, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    agreement = (
        Agreement.objects.in_force(ticket.opened_at.date())
        .filter(kind=Agreement.Kind.SLA)
        .filter(Q(customer=None) | Q(customer=ticket.organisation_id))
        .filter(Q(services=None) | Q(services=ticket.service_id))
        .annotate(specificity=specificity)
        .select_related("calendar")
        .order_by("-specificity", "-start_date", "-id")
        .first()
    )
    return None if agreement is None else _newest(agreement)


def _underneath(ticket: Ticket) -> list[Agreement]:
    """The OLA of each team that has or had the ticket and the contract with the service's supplier: of each the one that
    names the service before the one for all. One query."""
    has_or_had = Q(team=ticket.team_id) | Q(team__in=ticket.clocks.filter(metric=Metric.TEAM).values("team"))
    of_team = Q(kind=Agreement.Kind.OLA) & has_or_had
    of_supplier = Q(kind=Agreement.Kind.UC)
    found = (
        Agreement.objects.in_force(ticket.opened_at.date())
        .filter(of_team | of_supplier)
        .filter(Q(services=None) | Q(services=ticket.service_id))
        .annotate(
            names_it=Case(When(services__isnull=False, then=Value(1)), default=Value(0), output_field=IntegerField())
        )
        .select_related("calendar")
        .order_by("names_it", "start_date", "id")
    )
    by_party = {(agreement.kind, agreement.team_id): agreement for agreement in found}
    return [_newest(agreement) for agreement in by_party.values()]


def _newest(agreement: Agreement) -> Agreement:
    """The version that open tickets of `agreement` were moved to."""
    while agreement.state == Agreement.State.SUPERSEDED:
        successor = (
            Agreement.objects.filter(replaces=agreement, applies_to_open=True)
            .exclude(state=Agreement.State.DRAFT)
            .select_related("calendar")
            .first()
        )
        if successor is None:
            return agreement
        agreement = successor
    return agreement
