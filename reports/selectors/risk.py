"""What runs out soon, and who looks after it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Case, CharField, Count, DateTimeField, F, OuterRef, Subquery, Value, When, Window

from accounts.models import Organisation, Team, User
from catalog.models import Service
from reports.filters import ACTIVE, TicketFilter, clock_q, header_q, tickets
from slas.forecast.selectors import Chance, chances
from slas.models import Clock
from tickets.models import Ticket

AHEAD = timedelta(hours=12)
SOON = timedelta(hours=8)
AT_RISK = timedelta(hours=24)
SHOWN = 14


@dataclass(frozen=True)
class Deadline:
    ticket: int
    metric: str
    due_at: datetime
    has_owner: bool


def due_between(scope: TicketFilter, starts_at: datetime, ends_at: datetime, metric: str = "") -> TicketFilter:
    return replace(scope, clock="running", metric=metric, due_from=starts_at, due_to=ends_at)


def deadlines_ahead(*, scope: TicketFilter, user: User, now: datetime) -> list[Deadline]:
    """Every running clock that runs out within AHEAD; the partial index on running clocks finds them."""
    wanted = due_between(scope, now, now + AHEAD)
    rows = (
        Ticket.objects.visible_to(user)
        .filter(header_q(wanted), clock_q(wanted, now=now, at="clocks__"))
        .values_list("pk", "clocks__metric", "clocks__due_at", "assignee")
    )
    return [Deadline(pk, metric, due_at, assignee is not None) for pk, metric, due_at, assignee in rows if due_at]


def at_risk(scope: TicketFilter, *, now: datetime) -> TicketFilter:
    return replace(scope, phase=ACTIVE, next_due_to=now + AT_RISK)


def tickets_at_risk(*, scope: TicketFilter, user: User, now: datetime) -> tuple[int, list[Ticket]]:
    """How many there are, and the SHOWN whose deadline is nearest to now, passed or ahead, in the order of it: what
    has just gone wrong and what can still be saved. `next_clock` is the key of the clock it is the deadline of. One
    query."""
    moment = Value(now, output_field=DateTimeField())
    distance = Case(When(next_due_at__lt=now, then=moment - F("next_due_at")), default=F("next_due_at") - moment)
    nearest_clock = Clock.objects.running().filter(ticket=OuterRef("pk")).order_by("due_at", "pk")
    nearest = list(
        tickets(at_risk(scope, now=now), user=user, now=now)
        .select_related("assignee")
        .annotate(n_all=Window(Count("pk")), next_clock=Subquery(nearest_clock.values("pk")[:1]))
        .order_by(distance, "id")[:SHOWN]
    )
    n_all = nearest[0].n_all if nearest else 0  # type: ignore[attr-defined]
    return n_all, sorted(nearest, key=lambda ticket: (ticket.next_due_at or now, ticket.pk))


def with_chances(nearest: Sequence[Ticket], *, now: datetime) -> list[tuple[Ticket, Chance | None]]:
    """Each with the chance that its nearest deadline is met, where enough is known. One query, or
    none."""
    clocks = Clock.objects.filter(pk__in=[ticket.next_clock for ticket in nearest])  # type: ignore[attr-defined]
    found = chances(clocks.select_related("ticket"), now=now)
    return [(ticket, found.get(ticket.next_clock)) for ticket in nearest]  # type: ignore[attr-defined]


def choices(*, user: User) -> dict[str, list[tuple[int, str]]]:
    """What the page can be narrowed to: {"customer" | "team" | "service": [(key, name)]}. One query."""

    def named(kind: str) -> Value:
        return Value(kind, output_field=CharField())

    customers = Organisation.objects.visible_to(user).filter(kind=Organisation.Kind.CUSTOMER)
    rows = (
        customers.values_list(named("customer"), "pk", "name")
        .union(Team.objects.filter(is_active=True).values_list(named("team"), "pk", "name"))
        .union(Service.objects.visible_to(user).values_list(named("service"), "pk", "name"))
    )
    found: dict[str, list[tuple[int, str]]] = {"customer": [], "team": [], "service": []}
    for kind, pk, name in sorted(rows, key=lambda row: row[2].casefold()):
        found[kind].append((pk, name))
    return found
