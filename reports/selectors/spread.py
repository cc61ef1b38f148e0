"""How long things took: percentiles beside the mean, because an average hides who waited longest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Avg, Count, DurationField, F
from django.db.models.expressions import Combinable

from accounts.models import User
from reports.filters import TicketFilter, clock_q, header_q, tickets
from reports.periods import Period
from reports.selectors.attainment import ended_in
from reports.selectors.flow import resolved_in
from slas.models import Metric
from tickets.models import Ticket

PERCENTILES = (50, 75, 90)


@dataclass(frozen=True)
class Spread:
    """Of `n` tickets, those of `wanted`: so many percent of them took at most so long. `key` says what is measured."""

    key: str
    wanted: TicketFilter
    n: int
    mean: timedelta | None
    percentiles: tuple[timedelta | None, ...]


class Percentile(Aggregate):
    """PostgreSQL's percentile_cont: between the two nearest values where it falls between them."""

    template = "percentile_cont(%(fraction)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()

    def __init__(self, expression: Combinable, *, percent: int, **extra: Any) -> None:
        super().__init__(expression, fraction=percent / 100, **extra)


def spreads(*, scope: TicketFilter, period: Period, user: User, now: datetime) -> list[Spread]:
    """First response and resolution, on the wall and in working time. Two queries."""
    measured = _by_clock(scope, period, user=user, now=now)
    wanted = resolved_in(scope, period)
    wall = tickets(wanted, user=user, now=now).aggregate(**_asked("wall", F("resolved_at") - F("opened_at")))
    response, resolution = measured.get(Metric.FIRST_RESPONSE, {}), measured.get(Metric.RESOLUTION, {})
    answered = ended_in(scope, period, Metric.FIRST_RESPONSE)
    return [
        _spread("response_wall", answered, response, "wall"),
        _spread("response_work", answered, response, "work"),
        _spread("resolution_wall", wanted, wall, "wall"),
        _spread("resolution_work", ended_in(scope, period, Metric.RESOLUTION), resolution, "work"),
    ]


def _by_clock(scope: TicketFilter, period: Period, *, user: User, now: datetime) -> dict[str, dict[str, Any]]:
    """{metric: what was measured}: a ticket has one clock of each of the two that count."""
    rows = (
        Ticket.objects.visible_to(user)
        .filter(
            header_q(scope),
            clock_q(ended_in(scope, period), now=now, at="clocks__"),
            clocks__metric__in=(Metric.FIRST_RESPONSE, Metric.RESOLUTION),
        )
        .values("clocks__metric")
        .annotate(
            **_asked("wall", F("clocks__ended_at") - F("clocks__started_at")),
            **_asked("work", F("clocks__used")),
        )
        .order_by()
    )
    return {row["clocks__metric"]: row for row in rows}


def _asked(name: str, length: Combinable) -> dict[str, Any]:
    found: dict[str, Any] = {
        f"{name}_n": Count(length),
        f"{name}_mean": Avg(length, output_field=DurationField()),
    }
    return found | {f"{name}_p{percent}": Percentile(length, percent=percent) for percent in PERCENTILES}


def _spread(key: str, wanted: TicketFilter, row: dict[str, Any], name: str) -> Spread:
    percentiles: Sequence[timedelta | None] = [row.get(f"{name}_p{percent}") for percent in PERCENTILES]
    return Spread(key, wanted, row.get(f"{name}_n") or 0, row.get(f"{name}_mean"), tuple(percentiles))
