"""Everything the service-level dashboard and its exports say, read once: ten queries, whatever the amount."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime

from accounts.models import User
from reports.filters import TicketFilter
from reports.periods import Period
from reports.selectors import attainment, flow, risk
from reports.selectors.attainment import NOTHING, Measured, Tally, total
from reports.selectors.flow import Flow, Speed
from reports.selectors.risk import Deadline
from slas.models import Metric
from tickets.models import Ticket


@dataclass(frozen=True)
class Part:
    """One service or one customer: the tallies of its two metrics in the period. `wanted` narrows a list to it."""

    name: str
    wanted: TicketFilter
    resolution: Tally
    response: Tally

    @property
    def is_below(self) -> bool:
        tally = self.resolution
        return tally.percent is not None and tally.target is not None and tally.percent < tally.target


@dataclass(frozen=True)
class ServiceLevels:
    scope: TicketFilter
    period: Period
    now: datetime
    by_day: dict[tuple[str, date], Tally]
    by_part: list[Measured]
    breached: dict[date, set[int]]
    deadlines: list[Deadline]
    backlog: Counter[tuple[int, int]]
    flow: Flow
    speed: Speed
    speed_before: Speed
    n_at_risk: int
    at_risk: list[Ticket]

    def tally(self, metric: str, period: Period) -> Tally:
        """What ended in a period that lies within the days read."""
        return total(self.by_day.get((metric, day), NOTHING) for day in period.days())

    def breached_tickets(self, period: Period) -> set[int]:
        return set().union(*(self.breached.get(day, ()) for day in period.days()))

    def by_service(self) -> list[Part]:
        def of(measured: Measured) -> tuple[str, TicketFilter]:
            key, name = measured.service or (0, "")
            return name, replace(self.scope, service=key)

        return self._parts([(of(measured), measured) for measured in self.by_part])

    def by_customer(self) -> list[Part]:
        return self._parts([((m.customer[1], replace(self.scope, customer=m.customer[0])), m) for m in self.by_part])

    @staticmethod
    def _parts(rows: list[tuple[tuple[str, TicketFilter], Measured]]) -> list[Part]:
        """The furthest below its target first."""
        sums: dict[tuple[str, TicketFilter], dict[str, Tally]] = {}
        for key, measured in rows:
            of_part = sums.setdefault(key, {})
            of_part[measured.metric] = of_part.get(measured.metric, NOTHING) + measured.tally
        parts = [
            Part(name, wanted, tallies.get(Metric.RESOLUTION, NOTHING), tallies.get(Metric.FIRST_RESPONSE, NOTHING))
            for (name, wanted), tallies in sums.items()
        ]

        def gap(part: Part) -> float:
            tally = part.resolution
            return 1000.0 if tally.percent is None or tally.target is None else tally.percent - tally.target

        return sorted(parts, key=lambda part: (gap(part), -part.resolution.n, part.name))


def read_service_levels(*, scope: TicketFilter, period: Period, user: User, now: datetime) -> ServiceLevels:
    before = period.before()
    speed, speed_before = flow.speed(scope=scope, periods=[period, before], user=user, now=now)
    n_at_risk, at_risk = risk.tickets_at_risk(scope=scope, user=user, now=now)
    return ServiceLevels(
        scope=scope,
        period=period,
        now=now,
        by_day=attainment.attainment_by_day(scope=scope, first=before.first, period=period, user=user, now=now),
        by_part=attainment.attainment_by_part(scope=scope, period=period, user=user, now=now),
        breached=attainment.breached_by_day(scope=scope, first=before.first, period=period, user=user, now=now),
        deadlines=risk.deadlines_ahead(scope=scope, user=user, now=now),
        backlog=flow.backlog(scope=scope, user=user, now=now),
        flow=flow.flow(scope=scope, period=period, user=user, now=now),
        speed=speed,
        speed_before=speed_before,
        n_at_risk=n_at_risk,
        at_risk=at_risk,
    )
