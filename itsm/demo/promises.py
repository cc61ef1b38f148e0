"""What is promised: three calendars and three agreements with targets for P1 to P5 (BEHAVIOUR.md 4.2).

P1 and P2 run round the clock, P3 to P5 in the customer's office hours; a working day is 8 hours.
"""

from datetime import date, datetime, timedelta
from typing import Any

import holidays

from accounts.models import Organisation
from catalog.models import Service
from itsm.demo.people import HUAZHANG, TIDEWELL, People
from slas.calendars import copy_holidays
from slas.models import Agreement, BusinessCalendar, EscalationStep, Metric, OpeningHours, SpecialDay, Target
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
ROUND_THE_CLOCK = (Priority.P1, Priority.P2)
ALWAYS, LISBON, SHANGHAI = "Round the clock", "Office hours, Lisbon", "工作时间(上海)"
STANDARD, ORDERS, FREIGHT = "Standard", "Tidewell: orders and invoicing", "华章物流服务协议"
WEEKDAYS, EVERY_DAY = range(5), range(7)


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
    years = range(now.year - 1, now.year + 2)
    always = _calendar(ALWAYS, "UTC", EVERY_DAY, ["00:00-24:00"])
    lisbon = _calendar(LISBON, "Europe/Lisbon", WEEKDAYS, ["09:00-17:00"], country="PT", years=years)
    shanghai = _calendar(SHANGHAI, "Asia/Shanghai", WEEKDAYS, ["09:00-12:00", "13:00-18:00"], country="CN", years=years)
    since = date(now.year - 1, 1, 1)
    agreements = {
        STANDARD: _agreement(STANDARD, lisbon, always, since),
        ORDERS: _agreement(
            ORDERS, lisbon, always, since, customer=people.organisations[TIDEWELL], attainment_target=97
        ),
        FREIGHT: _agreement(FREIGHT, shanghai, always, since, customer=people.organisations[HUAZHANG]),
    }
    agreements[ORDERS].services.set([services["erp"]])
    return Promises(agreements)


def _calendar(
    name: str, zone: str, days: range, intervals: list[str], *, country: str = "", years: range = range(0)
) -> BusinessCalendar:
    calendar, is_new = BusinessCalendar.objects.get_or_create(
        name=name, defaults={"time_zone": zone, "country": country}
    )
    if is_new:
        OpeningHours.objects.bulk_create(
            OpeningHours(calendar=calendar, weekday=day, interval=interval) for day in days for interval in intervals
        )
        if country:
            SpecialDay.objects.bulk_create(_worked_weekends(calendar, country, years, intervals))
            copy_holidays(calendar=calendar, country=country, years=years)
    return calendar


def _worked_weekends(calendar: BusinessCalendar, country: str, years: range, intervals: list[str]) -> list[SpecialDay]:
    """Weekend days that make up for a bridge day, where the country has them."""
    found = getattr(holidays.country_holidays(country, years=years), "weekend_workdays", None) or []
    return [
        SpecialDay(calendar=calendar, date=day, name="调休上班", intervals=intervals, source=f"holidays {country}")
        for day in sorted(found)
        if day.year in years
    ]


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
