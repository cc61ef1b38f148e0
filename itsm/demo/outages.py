"""When services were down in the demo's months, and when one is going to be."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from accounts.models import User
from catalog.models import Service
from itsm.demo.months import bad_morning
from itsm.demo.people import TIDEWELL, People
from itsm.demo.services import OUTLINES
from slas.outages.services import plan_downtime, record_outage
from tickets.models import Ticket

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
SATURDAY = 5


@dataclass(frozen=True)
class Down:
    """`back` working days ago, from `opens` for `minutes`."""

    service: str
    back: int
    opens: time
    minutes: int
    cause: str


OUTAGES = (
    Down("vpn", 61, time(9, 10), 140, "The certificate of the gateway had run out"),
    Down("vpn", 8, time(14, 5), 34, "Update of the gateway, undone"),
    Down("erp", 40, time(11, 20), 25, "The database was full"),
    Down("wifi", 23, time(8, 55), 50, "Power cut in building 2"),
    Down("tms", 27, time(10, 0), 55, "网络专线中断"),
    Down("tms", 5, time(15, 30), 18, "数据库升级后响应缓慢"),
)


def make_outages(people: People, services: dict[str, Service], *, now: datetime) -> None:
    """Through the real verbs, each at its own time."""
    zone = ZoneInfo(people.organisations[TIDEWELL].time_zone)
    today = now.astimezone(zone).date()
    for down in OUTAGES:
        starts_at = datetime.combine(_working_day(today, down.back), down.opens, zone)
        _record(people, services[down.service], starts_at, timedelta(minutes=down.minutes), down.cause)
    morning = datetime.combine(bad_morning(today), time(8, 35), zone)
    first = Ticket.objects.filter(service=services["email"], opened_at__gte=morning).order_by("opened_at").first()
    _record(people, services["email"], morning, HOUR * 1.75, "The mail gateway held back every attachment", first)
    saturday = datetime.combine(today + DAY * ((SATURDAY - today.weekday()) % 7 or 7), time(9), zone)
    for weeks, hours, cause in ((-4, 3, "Quarterly update of the ERP"), (0, 4, "New storage for orders and invoices")):
        starts_at = saturday + weeks * WEEK
        plan_downtime(
            service=services["erp"], starts_at=starts_at, ends_at=starts_at + hours * HOUR, cause=cause,
            actor=_agent(people, services["erp"]), now=min(starts_at - WEEK, now),
        )  # fmt: skip


def _record(
    people: People, service: Service, starts_at: datetime, length: timedelta, cause: str, ticket: Ticket | None = None
) -> None:
    ends_at = starts_at + length
    record_outage(
        service=service, starts_at=starts_at, ends_at=ends_at, cause=cause, ticket=ticket,
        actor=_agent(people, service), now=ends_at,
    )  # fmt: skip


def _agent(people: People, service: Service) -> User:
    return people.agents(OUTLINES[service.key].team, "en")[0]


def _working_day(today: date, back: int) -> date:
    day = today - back * DAY
    while day.weekday() >= SATURDAY:
        day -= DAY
    return day
