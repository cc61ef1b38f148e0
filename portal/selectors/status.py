"""How the services run, told from the incidents themselves: nobody types a status here.

A service is disrupted while a P1 of the reader's own organisation is open on it, and impaired while a P2 is; other
customers' incidents are not his to know. Agents see it over all organisations.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import IntEnum

from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Permission
from catalog.models import Service
from tickets.models import ACTIVE_PHASES, Kind, Phase, Priority, Ticket

DAYS = 90


class Level(IntEnum):
    """How bad a day or a moment is; the worst one counts."""

    GOOD = 0
    IMPAIRED = 1
    DISRUPTED = 2


@dataclass(frozen=True)
class ServiceStatus:
    """`since` is the opening of the oldest incident that is still open. `days` has one level for each of the last 90
    days in the reader's zone, oldest first."""

    service: Service
    level: Level
    since: datetime | None
    days: list[tuple[date, Level]]

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
    """Every service the person may see, those in trouble first. Two queries."""
    today = timezone.localtime(now).date()
    first_day = today - timedelta(days=DAYS - 1)
    levels: dict[int, dict[date, Level]] = defaultdict(lambda: defaultdict(lambda: Level.GOOD))
    open_now: dict[int, tuple[Level, datetime]] = {}
    for service_id, priority, opened_at, ended_at in _troubles(user, now):
        level = Level.DISRUPTED if priority == Priority.P1 else Level.IMPAIRED
        if ended_at is None:
            worst, since = open_now.get(service_id, (level, opened_at))
            open_now[service_id] = max(worst, level), min(since, opened_at)
        day = max(timezone.localtime(opened_at).date(), first_day)
        while day <= (timezone.localtime(ended_at).date() if ended_at else today):
            levels[service_id][day] = max(levels[service_id][day], level)
            day += timedelta(days=1)
    statuses = []
    days = [first_day + timedelta(days=n) for n in range(DAYS)]
    for service in Service.objects.visible_to(user).live().order_by("name"):
        level_now, since_when = open_now.get(service.pk, (Level.GOOD, None))
        history = [(day, levels[service.pk][day]) for day in days]
        statuses.append(ServiceStatus(service=service, level=level_now, since=since_when, days=history))
    return sorted(statuses, key=lambda status: -status.level)


def _troubles(user: User, now: datetime) -> list[tuple[int, int, datetime, datetime | None]]:
    """(service, priority, opened, ended or None) of every P1 and P2 incident that touches the last 90 days."""
    tickets = Ticket.objects.filter(kind=Kind.INCIDENT, priority__lte=Priority.P2, service__isnull=False)
    if not user.can(Permission.VIEW_ALL_TICKETS):
        tickets = tickets.filter(organisation_id=user.organisation_id)
    touches = Q(phase__in=ACTIVE_PHASES) | Q(resolved_at__gt=now - timedelta(days=DAYS))
    rows = tickets.filter(touches).exclude(phase=Phase.CANCELLED)
    return [
        (row.service_id, row.priority, row.opened_at, None if row.is_active else row.resolved_at)
        for row in rows.only("service_id", "priority", "opened_at", "resolved_at", "phase")
        if row.service_id is not None
    ]
