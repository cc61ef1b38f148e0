"""How many promises ended in time: by day, by service, by customer."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.db.models import Avg, Count, Q
from django.db.models.functions import Coalesce, TruncDate

from accounts.models import User
from reports.filters import TicketFilter, breached_q, clock_q, header_q
from reports.periods import Period
from tickets.models import Ticket, TicketQuerySet


@dataclass(frozen=True)
class Tally:
    """`n` tickets were measured, `n_late` of them were late; `targets` is the sum of their targets in percent."""

    n: int = 0
    n_late: int = 0
    targets: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.n + other.n, self.n_late + other.n_late, self.targets + other.targets)

    @property
    def percent(self) -> float | None:
        """The share in time, rounded down to a tenth: 99.99 % is not 100 %. None where nothing was measured."""
        return math.floor(1000 * (self.n - self.n_late) / self.n) / 10 if self.n else None

    @property
    def target(self) -> float | None:
        return round(self.targets / self.n, 1) if self.n else None


NOTHING = Tally()


@dataclass(frozen=True)
class Measured:
    """The tickets of one service and one customer whose clock of `metric` ended in the period."""

    service: tuple[int, str] | None
    customer: tuple[int, str]
    metric: str
    tally: Tally


def ended_in(scope: TicketFilter, period: Period, metric: str = "") -> TicketFilter:
    return replace(scope, metric=metric, clock="ended", ended_from=period.starts_at, ended_to=period.ends_at)


def attainment_by_day(
    *, scope: TicketFilter, first: date, period: Period, user: User, now: datetime
) -> dict[tuple[str, date], Tally]:
    """{(metric, day): tally} for the days from `first` to the period's end, in its time zone."""
    wanted = ended_in(scope, replace(period, first=first))
    rows = (
        _with_clock(wanted, user=user, now=now)
        .values("clocks__metric", day=TruncDate("clocks__ended_at", tzinfo=period.zone))
        .annotate(n=_tickets(), n_late=_tickets(breached_q(now=now, at="clocks__")))
    )
    return {(row["clocks__metric"], row["day"]): Tally(row["n"], row["n_late"]) for row in rows}


def attainment_by_part(*, scope: TicketFilter, period: Period, user: User, now: datetime) -> list[Measured]:
    """What ended in the period, by service, customer and metric: a ticket has one of each, so the parts add up."""
    rows = (
        _with_clock(ended_in(scope, period), user=user, now=now)
        .values("clocks__metric", "service", "service__name", "organisation", "organisation__name")
        .annotate(
            n=_tickets(),
            n_late=_tickets(breached_q(now=now, at="clocks__")),
            target=Coalesce(Avg("clocks__agreement__attainment_target"), 0.0),  # a commitment has none
        )
    )
    return [
        Measured(
            service=(row["service"], row["service__name"]) if row["service"] else None,
            customer=(row["organisation"], row["organisation__name"]),
            metric=row["clocks__metric"],
            tally=Tally(row["n"], row["n_late"], round(row["target"] * row["n"])),
        )
        for row in rows
    ]


def breached_by_day(
    *, scope: TicketFilter, first: date, period: Period, user: User, now: datetime
) -> dict[date, set[int]]:
    """{day: keys of the tickets with a deadline that passed unkept on it}, for the days from `first` on. Keys, because
    a ticket that missed two deadlines on two days is still one ticket."""
    wanted = breached_in(scope, replace(period, first=first), now=now)
    rows = (
        _with_clock(wanted, user=user, now=now)
        .annotate(day=TruncDate("clocks__due_at", tzinfo=period.zone))
        .values_list("day", "pk")
        .distinct()
    )
    found: dict[date, set[int]] = {}
    for day, pk in rows:
        found.setdefault(day, set()).add(pk)
    return found


def breached_in(scope: TicketFilter, period: Period, *, now: datetime) -> TicketFilter:
    """A deadline that is still ahead cannot have been missed, so that the list stays the same as time goes on."""
    return replace(
        scope, outcome="breached", due_from=period.starts_at, due_to=max(min(period.ends_at, now), period.starts_at)
    )


def total(tallies: Iterable[Tally]) -> Tally:
    return sum(tallies, NOTHING)


def _with_clock(wanted: TicketFilter, *, user: User, now: datetime) -> TicketQuerySet:
    """One row per ticket and clock that fits: both conditions in one call, so that they speak of the same clock."""
    return Ticket.objects.visible_to(user).filter(header_q(wanted), clock_q(wanted, now=now, at="clocks__"))


def _tickets(only: Q | None = None) -> Count:
    """Tickets, not rows: of some metrics a ticket may have several clocks (each reply owed is one)."""
    return Count("pk", filter=only, distinct=True)
