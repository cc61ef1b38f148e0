"""Promises that stand on weaker ones: a resolution target of an SLA beside the OLA of the team, or the contract with the
supplier, that has to carry it.

The two count in calendars of their own, so their lengths say little: both are run from the same moment, for every half hour
of two weeks, and the moment at which the carrier ends latest after the promise is the one that is told.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from django.db.models import Prefetch
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Service
from slas import durations
from slas.agreements.wording import listed
from slas.calendars import pure_calendar
from slas.clock import Calendar, NoWorkingTime, add_working
from slas.models import Agreement, AgreementQuerySet, Metric, Target
from tickets.models import WaitingReason

SAMPLE, STEP = timedelta(weeks=2), timedelta(minutes=30)
ZERO = timedelta(0)


@dataclass
class Risk:
    """`target` of an SLA is weaker carried: `carrier` (an OLA or a contract) allows `allowed`, and in the worst case of the
    sample ends `later` than was promised, where both began at `starts_at`. `later` 0 with `pauses` = the carrier stands
    still in waits that the promise counts. `services` are those it concerns."""

    target: Target
    carrier: Agreement
    allowed: Target
    later: timedelta
    starts_at: datetime | None
    pauses: Sequence[str] = ()
    services: list[Service] = field(default_factory=list)

    @property
    def promised_by(self) -> Agreement:
        return self.target.agreement

    def __str__(self) -> str:
        return sentence(self)


def sentence(risk: Risk) -> str:
    """The risk for people: "P2: promised in 8h, but …"."""
    words = {
        "priority": f"P{risk.target.priority}",
        "promised": _length(risk.target),
        "allowed": _length(risk.allowed),
        "carrier": risk.carrier,
        "later": durations.write_length(risk.later, day=durations.WHOLE_DAY),
        "pauses": listed(WaitingReason(reason).label for reason in risk.pauses),
    }
    if risk.later <= ZERO:
        return _(
            "%(priority)s: promised in %(promised)s; “%(carrier)s” allows %(allowed)s and stands still during “%(pauses)s”, which the promise counts."
        ) % words  # fmt: skip
    if risk.carrier.kind == Agreement.Kind.OLA:
        return _(
            "%(priority)s: promised in %(promised)s, but the team's “%(carrier)s” allows %(allowed)s; in the worst case it ends %(later)s later."
        ) % words  # fmt: skip
    return _(
        "%(priority)s: promised in %(promised)s, but the supplier's “%(carrier)s” allows %(allowed)s; in the worst case it ends %(later)s later."
    ) % words  # fmt: skip


def services_words(risk: Risk) -> str:
    names = [service.name for service in risk.services]
    shown = listed(names[:3])
    rest = len(names) - 3
    return (
        shown
        if rest <= 0
        else ngettext("%(names)s and %(n)s more", "%(names)s and %(n)s more", rest) % {"names": shown, "n": rest}
    )


def risks_of(agreements: Iterable[Agreement], *, on: date) -> list[Risk]:
    """The risks of these SLAs, and of those that these OLAs and contracts carry, as of that day. A draft is held against
    what is in force beside it, instead of the version that it replaces. About ten queries, however many there are."""
    chosen = {row.pk: row for row in agreements}
    in_force = {row.pk: row for row in _with_targets().in_force(on)}
    replaced = {row.replaces_id for row in chosen.values() if row.is_draft and row.replaces_id is not None}
    in_force |= {row.pk: row for row in _with_targets().filter(pk__in=chosen.keys() - in_force.keys())}
    standing = [row for row in in_force.values() if row.pk not in replaced and (not row.is_draft or row.pk in chosen)]
    services = list(Service.objects.live().prefetch_related("customers").order_by("name"))
    carriers = [row for row in standing if row.kind != Agreement.Kind.SLA]
    found = [
        risk
        for promised in standing
        if promised.kind == Agreement.Kind.SLA
        for risk in _risks_between(promised, carriers, services, on)
    ]
    return [risk for risk in found if risk.promised_by.pk in chosen or risk.carrier.pk in chosen]


def _with_targets() -> AgreementQuerySet:
    targets = Target.objects.filter(metric__in=[Metric.RESOLUTION, Metric.TEAM, Metric.SUPPLIER]).select_related(
        "calendar"
    )
    return Agreement.objects.select_related("calendar", "team", "supplier", "customer").prefetch_related(
        "services", Prefetch("targets", queryset=targets)
    )


def _risks_between(
    promised: Agreement, carriers: Sequence[Agreement], services: Sequence[Service], on: date
) -> Iterator[Risk]:
    """One risk for each target and carrier, with all services that it concerns."""
    found: dict[tuple[int, int], Risk] = {}
    for service in _covered(promised, services):
        for carrier in _carriers_of(service, carriers):
            for target in promised.targets.all():
                risk = _weigh(target, carrier, promised, on) if target.metric == Metric.RESOLUTION else None
                if risk is not None:
                    found.setdefault((target.pk, carrier.pk), risk).services.append(service)
    yield from sorted(found.values(), key=lambda risk: (risk.target.priority, risk.carrier.name))


def _covered(promised: Agreement, services: Sequence[Service]) -> Iterator[Service]:
    """The live services that the SLA covers; of one for a customer, those he uses, unless it names them."""
    named = {service.pk for service in promised.services.all()}
    for service in services:
        if named:
            if service.pk in named:
                yield service
        elif promised.customer_id is None or any(row.pk == promised.customer_id for row in service.customers.all()):
            yield service


def _carriers_of(service: Service, carriers: Sequence[Agreement]) -> Iterator[Agreement]:
    """The OLA of the service's team and the contract of its supplier: the one that names it before the one for all."""
    for kind in (Agreement.Kind.OLA, Agreement.Kind.UC):
        fitting = []
        for row in carriers:
            named = {each.pk for each in row.services.all()}
            is_party = kind == Agreement.Kind.UC or row.team_id == service.support_team_id
            if row.kind == kind and is_party and (not named or service.pk in named):
                fitting.append((bool(named), row.start_date, row.pk, row))
        if fitting:
            yield max(fitting)[-1]


def _weigh(target: Target, carrier: Agreement, promised: Agreement, on: date) -> Risk | None:
    """The risk of one target with one carrier; None where the carrier is as strong as the promise."""
    is_supplier = carrier.kind == Agreement.Kind.UC
    if is_supplier and WaitingReason.SUPPLIER in promised.pauses_on:
        return None  # the promise stands still while the supplier works
    metric = Metric.SUPPLIER if is_supplier else Metric.TEAM
    allowed = next(
        (row for row in carrier.targets.all() if (row.metric, row.priority) == (metric, target.priority)), None
    )
    if allowed is None:
        return None
    later, starts_at = worst_case(
        pure_calendar(target.calendar or promised.calendar), target.duration,
        pure_calendar(allowed.calendar or carrier.calendar), allowed.duration, on,
    )  # fmt: skip
    pauses = [] if is_supplier else [reason for reason in carrier.pauses_on if reason not in promised.pauses_on]
    if later <= ZERO and not pauses:
        return None
    target.agreement, allowed.agreement = promised, carrier
    return Risk(target, carrier, allowed, max(later, ZERO), starts_at, pauses)


@lru_cache(maxsize=2048)
def worst_case(
    promised_in: Calendar, promised: timedelta, allowed_in: Calendar, allowed: timedelta, on: date
) -> tuple[timedelta, datetime | None]:
    """By how much the second ends after the first at worst, of all half hours of the two weeks from the Monday of that
    week, and from which; negative where it always ends before. Ten milliseconds, kept for the next question."""
    begin = datetime.combine(on - timedelta(days=on.weekday()), time(), UTC)
    worst, starts_at = timedelta.min, None
    for place in range(SAMPLE // STEP):
        at = begin + place * STEP
        try:
            later = add_working(allowed_in, at, allowed) - add_working(promised_in, at, promised)
        except NoWorkingTime:
            return timedelta.max, at
        if later > worst:
            worst, starts_at = later, at
    return worst, starts_at


def _length(target: Target) -> str:
    calendar = pure_calendar(target.calendar or target.agreement.calendar)
    return durations.both_ways(target.duration, day=durations.day_of(calendar))
