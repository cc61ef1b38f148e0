"""Reads of availability and outages for a screen or the API."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q

from accounts.models import User
from catalog.models import Service
from slas.availability import Availability, Span, measure
from slas.calendars import ALWAYS, pure_calendar
from slas.models import Agreement, Outage, OutageQuerySet
from slas.outages.periods import Period

NOW, PLANNED, UNPLANNED = "now", "planned", "unplanned"
KINDS = (NOW, UNPLANNED, PLANNED)


@dataclass(frozen=True)
class Commitment:
    """What is promised about a service: by an agreement, or by none (then it is measured round the clock)."""

    service: Service
    agreement: Agreement | None

    @property
    def target(self) -> Decimal | None:
        return None if self.agreement is None else self.agreement.availability_target

    def measure(self, period: Period, outages: Sequence[Outage], *, now: datetime) -> Availability:
        return measure(
            ALWAYS if self.agreement is None else pure_calendar(self.agreement.calendar),
            starts_at=period.starts_at,
            ends_at=period.ends_at,
            outages=[Span(outage.starts_at, outage.ends_at) for outage in outages if not outage.is_planned],
            planned=[Span(outage.starts_at, outage.ends_at) for outage in outages if outage.is_planned],
            target=self.target,
            now=now,
        )


@dataclass(frozen=True)
class Line:
    """One commitment in one period. `n_outages` and `n_planned` are how many of each fall into it."""

    commitment: Commitment
    availability: Availability
    n_outages: int
    n_planned: int


def availability_of(period: Period, *, user: User, now: datetime) -> list[Line]:
    """Every service with each of its commitments, broken ones first, then by what is left of the budget. Five queries."""
    outages = list(outages_in(period, user=user))
    down = {outage.service_id for outage in outages}
    services = Service.objects.visible_to(user).filter(Q(state=Service.State.LIVE) | Q(pk__in=down))
    by_service: dict[int, list[Outage]] = defaultdict(list)
    for outage in outages:
        by_service[outage.service_id].append(outage)
    lines = [
        _line(commitment, period, by_service[commitment.service.pk], now=now)
        for commitment in commitments(services.order_by("name"), on=_day(period, now))
    ]
    return sorted(lines, key=lambda line: (line.commitment.target is None, _left(line)))


def service_availability(service: Service, period: Period, *, user: User, now: datetime) -> list[Line]:
    """The commitments of one service in one period."""
    outages = list(outages_in(period, user=user).filter(service=service))
    return [_line(each, period, outages, now=now) for each in commitments([service], on=_day(period, now))]


def course(commitment: Commitment, period: Period, *, user: User, now: datetime) -> list[tuple[Period, Line]]:
    """The parts of a period, each measured by itself; those that lie ahead are left out. One query."""
    outages = list(outages_in(period, user=user).filter(service=commitment.service))
    return [
        (part, _line(commitment, part, [one for one in outages if _touches(one, part)], now=now))
        for part in period.parts()
        if part.starts_at < now
    ]


def commitments(services: Iterable[Service], *, on: date) -> list[Commitment]:
    """What is promised about each service on a day: to every customer with an agreement of his own, and to everybody
    else, if there is anybody; of each the one that names the service before the one for all. Services without any are
    measured all the same. Three queries."""
    agreements = (
        Agreement.objects.in_force(on)
        .filter(kind=Agreement.Kind.SLA)
        .select_related("calendar", "customer")
        .prefetch_related("services")
        .order_by("start_date", "pk")
    )
    documents = [(one, {service.pk for service in one.services.all()}) for one in agreements]
    uses = _uses()
    found = []
    for service in services:
        customers = {customer for customer, used in uses.items() if service.pk in used}
        best: dict[int | None, tuple[bool, Agreement]] = {}
        for agreement, named in documents:
            names_it = service.pk in named
            if not names_it and (named or agreement.customer_id not in (None, *customers)):
                continue
            if agreement.customer_id not in best or names_it >= best[agreement.customer_id][0]:
                best[agreement.customer_id] = (names_it, agreement)
        if customers and customers <= best.keys():
            best.pop(None, None)
        promised = [one for _names_it, one in best.values() if one.availability_target is not None]
        found += [Commitment(service, one) for one in promised] or [Commitment(service, None)]
    return found


def outages_in(period: Period, *, user: User) -> OutageQuerySet:
    return Outage.objects.visible_to(user).overlapping(period.starts_at, period.ends_at)


def outages_listed(
    *,
    user: User,
    now: datetime,
    service: int | None = None,
    kind: str = "",
    period: Period | None = None,
) -> OutageQuerySet:
    """The outages of an address: of a service, of a kind (KINDS), in a period. A number about outages counts these."""
    found = Outage.objects.visible_to(user) if period is None else outages_in(period, user=user)
    if service is not None:
        found = found.filter(service=service)
    if kind == NOW:
        found = found.filter(Q(ends_at=None) | Q(ends_at__gt=now), starts_at__lte=now)
    if kind in (PLANNED, UNPLANNED):
        found = found.filter(is_planned=kind == PLANNED)
    return found.select_related("service", "ticket", "entered_by")


def down_now(*, user: User, now: datetime) -> dict[int, Outage]:
    """{key of the service: the outage it has now, an unplanned one before a planned one}. One query."""
    current = outages_listed(user=user, now=now, kind=NOW).order_by("-is_planned", "-starts_at")
    return {outage.service_id: outage for outage in current}


def _uses() -> dict[int, set[int]]:
    """{customer: the services his organisation uses}."""
    found: dict[int, set[int]] = defaultdict(set)
    for customer, service in Service.customers.through.objects.values_list("organisation", "service"):
        found[customer].add(service)
    return found


def _line(commitment: Commitment, period: Period, outages: Sequence[Outage], *, now: datetime) -> Line:
    n_planned = sum(outage.is_planned for outage in outages)
    return Line(commitment, commitment.measure(period, outages, now=now), len(outages) - n_planned, n_planned)


def _left(line: Line) -> float:
    """What is left of the budget, as a share of it; a broken promise is below zero."""
    found = line.availability
    if found.left is None or found.allowed is None:
        return -found.down.total_seconds()
    return found.left / found.allowed if found.allowed else found.left.total_seconds()


def _day(period: Period, now: datetime) -> date:
    """Whose promises count: those of the period's last day, or of today while it goes on."""
    return min(period.last, now.astimezone(period.zone).date())


def _touches(outage: Outage, period: Period) -> bool:
    return outage.starts_at < period.ends_at and (outage.ends_at is None or outage.ends_at > period.starts_at)
