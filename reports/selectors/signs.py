"""How often each sign was seen, by service and by customer; and what tickets waited for. Each function is one grouped
query per sign over `reports.signs.facts`."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Subquery, Sum

from accounts.models import User
from reports.filters import ACTIVE, TicketFilter, facts_of, header_q, tickets
from reports.periods import Period
from reports.signs import Facts, Sign
from slas.models import Metric
from tickets.models import Ticket, WaitingReason

ZERO = timedelta(0)
WITH_LENGTH = (Sign.UNASKED, Sign.PAUSED)


@dataclass(frozen=True)
class Sighted:
    """`n` facts on `n_tickets` tickets, together `length` long (of signs that last)."""

    n: int = 0
    n_tickets: int = 0
    length: timedelta = ZERO

    def __add__(self, other: "Sighted") -> "Sighted":
        return Sighted(self.n + other.n, self.n_tickets + other.n_tickets, self.length + other.length)


NONE = Sighted()
Place = tuple[int, int]  # keys of service (0 = none) and customer


@dataclass(frozen=True)
class Seen:
    """One sign by service and customer: a ticket has one of each, so the parts add up."""

    by_place: dict[Place, Sighted]

    def total(self) -> Sighted:
        return sum(self.by_place.values(), NONE)

    def of_service(self, key: int) -> Sighted:
        return sum((count for (service, _customer), count in self.by_place.items() if service == key), NONE)

    def of_customer(self, key: int) -> Sighted:
        return sum((count for (_service, customer), count in self.by_place.items() if customer == key), NONE)


def seen_in(scope: TicketFilter, period: Period, sign: str, *, now: datetime, paused_for: str = "") -> TicketFilter:
    """The tickets on which it was seen in the period. What is still to come cannot have happened, so that the list stays
    the same as time goes on."""
    return replace(
        scope, sign=sign, paused_for=paused_for, happened_from=period.starts_at,
        happened_to=max(min(period.ends_at, now), period.starts_at),
    )  # fmt: skip


def signs(shown: Iterable[Sign], *, scope: TicketFilter, period: Period, user: User, now: datetime) -> dict[Sign, Seen]:
    """One query per sign."""
    return {sign: _seen(sign, scope=scope, period=period, user=user, now=now) for sign in shown}


def open_breached(scope: TicketFilter) -> TicketFilter:
    """Tickets that are open and late already: no percentage counts them before they end."""
    return replace(scope, phase=ACTIVE, metric=Metric.RESOLUTION, clock="live", outcome="breached")


def n_open_breached(*, scope: TicketFilter, user: User, now: datetime) -> Seen:
    """One query."""
    rows = tickets(open_breached(scope), user=user, now=now).values_list("service", "organisation")
    return Seen(
        {(service or 0, customer): Sighted(n, n) for service, customer, n in rows.annotate(n=Count("pk")).order_by()}
    )


def pauses(*, scope: TicketFilter, period: Period, user: User, now: datetime) -> dict[str, Sighted]:
    """{waiting reason: holds that began in the period}, every reason there is. One query."""
    wanted = seen_in(scope, period, Sign.PAUSED, now=now)
    rows = (
        _within(facts_of(wanted, now=now), scope, user)
        .values_list("data__reason")
        .annotate(n=Count("pk"), n_tickets=Count("subject_id", distinct=True), total=Sum("length"))
        .order_by()
    )
    found = {reason: Sighted(n, n_tickets, total or ZERO) for reason, n, n_tickets, total in rows}
    return {reason: found.get(reason, NONE) for reason in WaitingReason.values}


def _seen(sign: Sign, *, scope: TicketFilter, period: Period, user: User, now: datetime) -> Seen:
    wanted = seen_in(scope, period, sign, now=now)
    ticket = Ticket.objects.filter(pk=OuterRef("subject_id"))
    counted = {"n": Count("pk"), "n_tickets": Count("subject_id", distinct=True)}
    if sign in WITH_LENGTH:
        counted["total"] = Sum("length")
    rows = (
        _within(facts_of(wanted, now=now), scope, user)
        .annotate(service=Subquery(ticket.values("service")), customer=Subquery(ticket.values("organisation")))
        .values("service", "customer")
        .annotate(**counted)
        .order_by()
    )
    return Seen(
        {
            (row["service"] or 0, row["customer"]): Sighted(row["n"], row["n_tickets"], row.get("total") or ZERO)
            for row in rows
        }
    )


def _within(found: Facts, scope: TicketFilter, user: User) -> Facts:
    """Only those on tickets of the scope that the reader may see."""
    of_scope = Ticket.objects.visible_to(user).filter(header_q(scope), pk=OuterRef("subject_id"))
    return found.filter(Exists(of_scope))
