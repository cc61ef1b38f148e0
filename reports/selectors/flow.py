"""What came, what went, what is still there, and how long it took."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Avg, Case, Count, DurationField, F, IntegerField, Q, Sum, Value, When
from django.db.models.functions import Coalesce, TruncDate, TruncHour

from accounts.models import User
from reports.filters import ACTIVE, TicketFilter, header_q, tickets
from reports.periods import Period
from tickets.models import ACTIVE_PHASES, Ticket

AGES = (timedelta(0), timedelta(days=1), timedelta(days=3), timedelta(days=7), timedelta(days=30), None)
"""The edges of the age groups; the last one is open."""


@dataclass(frozen=True)
class Flow:
    """From the period's start until now: `opened` by hour (its first moment, in the period's zone), `ended` by day, and
    of the resolved among them the number and the sum of the times they took, by day."""

    opened: Counter[datetime]
    ended: Counter[date]
    resolved: dict[date, tuple[int, timedelta]]

    def n_opened(self, period: Period) -> int:
        return sum(n for hour, n in self.opened.items() if hour.date() in period)

    def n_ended(self, period: Period) -> int:
        return sum(n for day, n in self.ended.items() if day in period)

    def mean(self, period: Period) -> timedelta | None:
        """Mean time from opening to resolution."""
        found = [self.resolved[day] for day in self.resolved if day in period]
        return sum((took for _n, took in found), timedelta(0)) / sum(n for n, _took in found) if found else None


@dataclass(frozen=True)
class Speed:
    """Of `n` tickets resolved in a period."""

    n: int
    median: timedelta | None
    mean: timedelta | None


class Median(Aggregate):
    """PostgreSQL's percentile_cont(0.5): between the two middle values where their number is even."""

    template = "percentile_cont(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


def aged(scope: TicketFilter, place: int, *, now: datetime) -> TicketFilter:
    """Open tickets of age group number `place`."""
    youngest, oldest = AGES[place], AGES[place + 1]
    return replace(
        scope,
        phase=ACTIVE,
        opened_to=now - youngest if place and youngest else None,
        opened_from=now - oldest if oldest else None,
    )


def backlog(*, scope: TicketFilter, user: User, now: datetime) -> Counter[tuple[int, int]]:
    """{(number of the age group, priority): open tickets}."""
    groups = [
        When(header_q(TicketFilter(opened_from=aged(scope, place, now=now).opened_from)), then=Value(place))
        for place in range(len(AGES) - 2)
    ]
    age = Case(*groups, default=Value(len(AGES) - 2), output_field=IntegerField())
    rows = tickets(replace(scope, phase=ACTIVE), user=user, now=now).values(age=age, of=F("priority"))
    return Counter({(row["age"], row["of"]): row["n"] for row in rows.annotate(n=Count("pk"))})


def flow(*, scope: TicketFilter, period: Period, user: User, now: datetime) -> Flow:
    """Two queries."""
    zone = period.zone
    opened = (
        tickets(replace(scope, opened_from=period.starts_at), user=user, now=now)
        .values(hour=TruncHour("opened_at", tzinfo=zone))
        .annotate(n=Count("pk"))
    )
    ended = (
        Ticket.objects.visible_to(user)
        .filter(header_q(scope))
        .exclude(phase__in=ACTIVE_PHASES)
        .annotate(ended_at=Coalesce("resolved_at", "closed_at"))
        .filter(ended_at__gte=period.starts_at)
        .values(day=TruncDate("ended_at", tzinfo=zone))
        .annotate(
            n=Count("pk"),
            n_resolved=Count("resolved_at"),
            took=Sum(F("resolved_at") - F("opened_at"), output_field=DurationField()),
        )
    )
    rows = list(ended)
    return Flow(
        opened=Counter({row["hour"]: row["n"] for row in opened}),
        ended=Counter({row["day"]: row["n"] for row in rows}),
        resolved={row["day"]: (row["n_resolved"], row["took"]) for row in rows if row["n_resolved"]},
    )


def resolved_in(scope: TicketFilter, period: Period) -> TicketFilter:
    return replace(scope, resolved_from=period.starts_at, resolved_to=period.ends_at)


def speed(*, scope: TicketFilter, periods: list[Period], user: User, now: datetime) -> list[Speed]:
    """How fast the tickets resolved in each of the periods were. One query."""
    length = F("resolved_at") - F("opened_at")
    asked: dict[str, Any] = {}
    for place, period in enumerate(periods):
        only: Q = header_q(resolved_in(TicketFilter(), period))
        asked[f"n{place}"] = Count("pk", filter=only)
        asked[f"mean{place}"] = Avg(length, filter=only, output_field=DurationField())
        asked[f"median{place}"] = Median(length, filter=only)
    span = replace(scope, resolved_from=min(p.starts_at for p in periods), resolved_to=max(p.ends_at for p in periods))
    found = tickets(span, user=user, now=now).aggregate(**asked)
    return [Speed(found[f"n{place}"], found[f"median{place}"], found[f"mean{place}"]) for place in range(len(periods))]
