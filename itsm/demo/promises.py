"""What is promised: three calendars and three agreements with targets for P1 to P5 (BEHAVIOUR.md 4.2), an OLA of every team
and a contract with a supplier that carry them.

P1 and P2 run round the clock, P3 to P5 in the customer's office hours; a working day is 8 hours. The network team allows
itself longer for a P2 than customers are promised: the risk that the pages about agreements show.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Organisation
from catalog.models import Service
from itsm.demo.people import HUAZHANG, MANAGER, NETWORK, OSCAR, TIDEWELL, WANG, People
from slas.calendars.content import Content, joined, usual_hours
from slas.calendars.services import save_calendar
from slas.calendars.sets import holiday_set
from slas.models import Agreement, BusinessCalendar, EscalationStep, Metric, Target
from slas.promises import Promise
from tickets.models import Priority, WaitingReason

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(hours=8)
TARGETS = {  # first response, resolution
    Priority.P1: (15 * MINUTE, 4 * HOUR),
    Priority.P2: (30 * MINUTE, 8 * HOUR),
    Priority.P3: (4 * HOUR, 3 * DAY),
    Priority.P4: (1 * DAY, 5 * DAY),
    Priority.P5: (2 * DAY, 10 * DAY),
}
SHARES = {
    Priority.P1: 7 * HOUR / 2,
    Priority.P2: 7 * HOUR,
    Priority.P3: 5 * DAY / 2,
    Priority.P4: 4 * DAY,
    Priority.P5: 9 * DAY,
}
"""What a team or a supplier allows itself, unless it is slower."""
SLOWER = {NETWORK: {Priority.P2: 10 * HOUR}}
SUPPLIER, CONTRACT = "Atlantic Carrier", "Atlantic Carrier: lines and remote access"
CARRIED = ("vpn", "wifi")
ROUND_THE_CLOCK = (Priority.P1, Priority.P2)
ALWAYS, LISBON, SHANGHAI = "Round the clock", "Office hours, Lisbon", "工作时间(上海)"
STANDARD, ORDERS, FREIGHT = "Standard", "Tidewell: orders and invoicing", "华章物流服务协议"
WEEKDAYS, EVERY_DAY = range(5), range(7)
AVAILABLE = Decimal("99.5")  # percent of the office hours


class Promises:
    """The agreements as they are held against the demo's past, by customer and service."""

    def __init__(self, agreements: dict[str, Agreement]) -> None:
        self._promises = {
            name: Promise.of(agreement, metrics=list(Metric), warns=True) for name, agreement in agreements.items()
        }

    def of(self, customer: Organisation, service: Service) -> Promise:
        if customer.name == HUAZHANG:
            return self._promises[FREIGHT]
        return self._promises[ORDERS if service.key == "erp" else STANDARD]


def make_promises(people: People, services: dict[str, Service], *, now: datetime) -> Promises:
    """Make calendars, agreements, targets and ladders; what is there already stays."""
    office, shifts = [["09:00", "17:00"]], [["09:00", "12:00"], ["13:00", "18:00"]]
    always = _calendar(ALWAYS, "UTC", EVERY_DAY, [["00:00", "24:00"]], now=now)
    lisbon = _calendar(LISBON, "Europe/Lisbon", WEEKDAYS, office, country="PT", language="en_US", now=now)
    shanghai = _calendar(SHANGHAI, "Asia/Shanghai", WEEKDAYS, shifts, country="CN", now=now)
    since = date(now.year - 1, 1, 1)
    signed = {"signed_for_us_by": MANAGER, "signed_date": since - timedelta(days=17)}
    agreements = {
        STANDARD: _agreement(
            STANDARD, lisbon, always, since, availability_target=AVAILABLE, signed_by=MANAGER, **signed,
            review_date=now.date() + timedelta(days=150),
        ),
        ORDERS: _agreement(
            ORDERS, lisbon, always, since, customer=people.organisations[TIDEWELL], attainment_target=97,
            availability_target=Decimal("99.9"),
            review_date=now.date() + timedelta(days=21), signed_by=OSCAR, workload_limit=400, **signed,
            exceptions="Not during the yearly stock-taking, which Tidewell announces a month ahead.",
        ),
        FREIGHT: _agreement(
            FREIGHT, shanghai, always, since, customer=people.organisations[HUAZHANG], availability_target=AVAILABLE,
            review_date=now.date() + timedelta(days=90), signed_by=WANG, **signed,
        ),
    }  # fmt: skip
    agreements[ORDERS].services.set([services["erp"]])
    _underneath(people, services, lisbon, always, since, now)
    return Promises(agreements)


def _underneath(
    people: People, services: dict[str, Service], office: BusinessCalendar, always: BusinessCalendar, since: date,
    now: datetime,
) -> None:  # fmt: skip
    """What carries the promises: the share of each team, and what the supplier of the lines has signed."""
    common = {"calendar": office, "start_date": since, "review_date": now.date() + timedelta(days=60)}
    for name, team in people.teams.items():
        lead = team.lead.name if team.lead else ""
        fields = {**common, "kind": Agreement.Kind.OLA, "team": team, "signed_by": lead, "signed_for_us_by": MANAGER}
        fields["pauses_on"] = [WaitingReason.REQUESTER]
        _carry(f"{name}: our share", fields, Metric.TEAM, SHARES | SLOWER.get(name, {}), always)
    supplier, _is_new = Organisation.objects.get_or_create(
        name=SUPPLIER, defaults={"kind": Organisation.Kind.SUPPLIER, "time_zone": "Europe/Lisbon"}
    )
    fields = {**common, "kind": Agreement.Kind.UC, "supplier": supplier, "signed_by": "Rita Amaral"}
    contract = _carry(CONTRACT, {**fields, "signed_for_us_by": MANAGER}, Metric.SUPPLIER, SHARES, always)
    contract.services.set([services[key] for key in CARRIED])


def _carry(
    name: str, fields: dict[str, Any], metric: Metric, durations: dict[Any, timedelta], always: BusinessCalendar
) -> Agreement:
    agreement, is_new = Agreement.objects.get_or_create(name=name, defaults=fields)
    if is_new:
        Target.objects.bulk_create(
            Target(
                agreement=agreement, metric=metric, priority=priority, duration=duration,
                calendar=always if priority in ROUND_THE_CLOCK else None,
            )
            for priority, duration in durations.items()
        )  # fmt: skip
        EscalationStep.objects.create(agreement=agreement, percent=90, notifies_lead=True)
        EscalationStep.objects.create(agreement=agreement, percent=100, notifies_lead=True)
    return agreement


def _calendar(
    name: str, zone: str, days: range, hours: list[list[str]], *, now: datetime, country: str = "", language: str = ""
) -> BusinessCalendar:
    """With the holidays of last year to next year, where it has a country."""
    found = BusinessCalendar.objects.filter(name=name).first()
    if found is not None:
        return found
    content: Content = {
        "timezone": zone, "hours": {str(day): hours for day in days}, "holidays": {}, "exceptions": {}, "sources": {}
    }  # fmt: skip
    if country:
        years = range(now.year - 1, now.year + 2)
        holidays = holiday_set(country=country, years=years, hours=usual_hours(content), language=language)
        content = joined(content, holidays.days)
    return save_calendar(calendar=None, name=name, content=content, country=country, actor=None, now=now)


def _agreement(name: str, office: BusinessCalendar, always: BusinessCalendar, since: date, **fields: Any) -> Agreement:
    agreement, is_new = Agreement.objects.get_or_create(
        name=name,
        defaults={"calendar": office, "start_date": since, "pauses_on": [WaitingReason.REQUESTER], **fields},
    )
    if not is_new:
        return agreement
    Target.objects.bulk_create(
        Target(
            agreement=agreement, metric=metric, priority=priority, duration=duration,
            calendar=always if priority in ROUND_THE_CLOCK else None,
        )
        for priority, durations in TARGETS.items()
        for metric, duration in zip((Metric.FIRST_RESPONSE, Metric.RESOLUTION), durations, strict=True)
    )  # fmt: skip
    EscalationStep.objects.bulk_create([
        EscalationStep(agreement=agreement, percent=50),
        EscalationStep(agreement=agreement, percent=75, notifies_lead=True),
        EscalationStep(agreement=agreement, percent=100, notifies_lead=True, notifies_manager=True),
        EscalationStep(agreement=agreement, percent=100, offset=2 * HOUR, notifies_lead=True, notifies_manager=True),
    ])  # fmt: skip
    return agreement
