"""How the services run, told from the incidents themselves: nobody types a status here.

A service is disrupted while a P1 of the reader's own organisation is open on it, and impaired while a P2 is; other
customers' incidents are not his to know. Agents see it over all organisations.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum

from django.db.models import Count, Min, Q
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Permission
from catalog.models import Service
from slas.models import Outage
from slas.outages.selectors import down_now
from tickets.models import ACTIVE_PHASES, Kind, Phase, Priority, Ticket, TicketQuerySet

DAYS = 90


class Level(IntEnum):
    """How bad a day or a moment is; the worst one counts."""

    GOOD = 0
    IMPAIRED = 1
    DISRUPTED = 2


@dataclass(frozen=True)
class ServiceStatus:
    """`since` is the opening of the oldest incident that is still open. `days` has one level for each of the last 90
    days in the reader's zone, oldest first. `outage` is the one that goes on now, planned or not: it concerns everybody
    who uses the service."""

    service: Service
    level: Level
    since: datetime | None
    days: list[tuple[date, Level]]
    outage: Outage | None = None

    @property
    def n_bad_days(self) -> int:
        return sum(level > Level.GOOD for _day, level in self.days)

    @property
    def last_month(self) -> list[tuple[date, Level]]:
        return self.days[-30:]


def popular_services(*, user: User, now: datetime) -> list[Service]:
    """The services a person may ask for, most asked for first by his organisation in the last 90 days. Two queries."""
    recent = Ticket.objects.filter(organisation_id=user.organisation_id, opened_at__gt=now - timedelta(days=DAYS))
    n_asked = dict(recent.values_list("service").annotate(n=Count("pk")))
    services = Service.objects.visible_to(user).live().order_by("name")
    return sorted(services, key=lambda service: -n_asked.get(service.pk, 0))


def service_statuses(*, user: User, now: datetime) -> list[ServiceStatus]:
    """Every service the person may see, those in trouble first. Four queries, however many incidents there were."""
    today = timezone.localtime(now).date()
    days = [today - timedelta(days=n) for n in reversed(range(DAYS))]
    levels = _levels_by_day(user, now=now, today=today)
    open_now = {
        service_id: (_level(priority), since)
        for service_id, priority, since in _urgent_incidents(user)
        .active()
        .values_list("service_id")
        .annotate(worst=Min("priority"), since=Min("opened_at"))
    }
    down = down_now(user=user, now=now)
    statuses = []
    for service in Service.objects.visible_to(user).live().order_by("name"):
        level, since = open_now.get(service.pk, (Level.GOOD, None))
        outage = down.get(service.pk)
        if outage is not None and not outage.is_planned:
            level, since = Level.DISRUPTED, min(since or outage.starts_at, outage.starts_at)
        history = [(day, levels.get((service.pk, day), Level.GOOD)) for day in days]
        statuses.append(ServiceStatus(service=service, level=level, since=since, days=history, outage=outage))
    return sorted(statuses, key=lambda status: -status.level)


def _levels_by_day(user: User, *, now: datetime, today: date) -> dict[tuple[int, date], Level]:
    """{(service id, day): the worst of that day} of the last 90 days in the reader's zone; good days are not in it."""
    first_day = today - timedelta(days=DAYS - 1)
    spans = (
        _urgent_incidents(user)
        .filter(Q(phase__in=ACTIVE_PHASES) | Q(resolved_at__gt=now - timedelta(days=DAYS)))
        .exclude(phase=Phase.CANCELLED)
        .values_list("service_id", "priority", TruncDate("opened_at"), TruncDate("resolved_at"))
        .distinct()
    )
    levels: dict[tuple[int, date], Level] = {}
    for service_id, priority, opened_on, resolved_on in spans:
        day = max(opened_on, first_day)
        while day <= (resolved_on or today):
            levels[service_id, day] = max(levels.get((service_id, day), Level.GOOD), _level(priority))
            day += timedelta(days=1)
    return levels


def _urgent_incidents(user: User) -> TicketQuerySet:
    tickets = Ticket.objects.filter(kind=Kind.INCIDENT, priority__lte=Priority.P2, service__isnull=False)
    return tickets if user.can(Permission.VIEW_ALL_TICKETS) else tickets.filter(organisation_id=user.organisation_id)


def _level(priority: int) -> Level:
    return Level.DISRUPTED if priority == Priority.P1 else Level.IMPAIRED
