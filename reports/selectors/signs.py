"""How often each sign was seen, by service and by customer; and what tickets waited for. Over `reports.signs.facts`."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Aggregate, Count, Sum

from accounts.models import User
from reports.filters import ACTIVE, TicketFilter, facts_of, header_q, tickets
from reports.periods import Period
from reports.signs import Sign
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
    """One query per sign, and one for where their tickets belong."""
    found = {sign: _by_ticket(seen_in(scope, period, sign, now=now), now=now) for sign in shown}
    places = _places({ticket for each in found.values() for ticket in each}, scope=scope, user=user)
    return {sign: _seen(each, places) for sign, each in found.items()}


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
    """{waiting reason: holds that began in the period}, every reason there is. Two queries."""
    wanted = seen_in(scope, period, Sign.PAUSED, now=now)
    rows = list(
        facts_of(wanted, now=now)
        .values_list("data__reason", "subject_id")
        .annotate(n=Count("pk"), total=Sum("length"))
        .order_by()
    )
    places = _places({ticket for _reason, ticket, _n, _total in rows}, scope=scope, user=user)
    found = dict.fromkeys(WaitingReason.values, NONE)
    for reason, ticket, n, total in rows:
        if ticket in places and reason in found:
            found[reason] += Sighted(n, 1, total or ZERO)
    return found


def _by_ticket(wanted: TicketFilter, *, now: datetime) -> dict[int, Sighted]:
    """{ticket: what was seen on it}, whosever it is. Counted without a join: how rare a sign is the planner cannot know,
    and takes the worst way round where it guesses."""
    has_length = wanted.sign in WITH_LENGTH
    counted: dict[str, Aggregate] = {"n": Count("pk")}
    if has_length:
        counted["total"] = Sum("length")
    rows = facts_of(wanted, now=now).values("subject_id").annotate(**counted).order_by()
    return {row["subject_id"]: Sighted(row["n"], 1, row.get("total") or ZERO) for row in rows}


def _places(found: Collection[int], *, scope: TicketFilter, user: User) -> dict[int, Place]:
    """Where those tickets belong that are in the scope and that the reader may see."""
    rows = Ticket.objects.visible_to(user).filter(header_q(scope), pk__in=found)
    return {pk: (service or 0, customer) for pk, service, customer in rows.values_list("pk", "service", "organisation")}


def _seen(found: Mapping[int, Sighted], places: Mapping[int, Place]) -> Seen:
    by_place: dict[Place, Sighted] = {}
    for ticket, sighted in found.items():
        if place := places.get(ticket):
            by_place[place] = by_place.get(place, NONE) + sighted
    return Seen(by_place)
