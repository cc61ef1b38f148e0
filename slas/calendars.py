"""From calendar rows to the pure calendar the arithmetic takes."""

from datetime import date
from functools import lru_cache
from typing import Any

import holidays
from django.db import transaction
from django.db.models import F

from slas import clock
from slas.models import BusinessCalendar, CalendarVersion, Clock, SpecialDay


def pure_calendar(row: BusinessCalendar) -> clock.Calendar:
    """The row as slas.clock.Calendar; read once per version and process."""
    return _load(row.pk, row.version)


def calendar_of(row: Clock) -> clock.Calendar:
    """The calendar as it was when the clock's promise was made; a commitment counts round the clock."""
    return ALWAYS if row.calendar_id is None else _load(row.calendar_id, row.calendar_version)


ALWAYS = clock.Calendar.always()


@lru_cache(maxsize=256)
def _load(pk: int, version: int) -> clock.Calendar:
    kept = CalendarVersion.objects.filter(calendar_id=pk, number=version).first()
    content = kept.content if kept else content_of(BusinessCalendar.objects.get(pk=pk))
    return from_content(content)


def from_content(content: dict[str, Any]) -> clock.Calendar:
    """The pure calendar of a CalendarVersion's content. ValueError names the first thing that is wrong."""
    return clock.Calendar(
        timezone=content["timezone"],
        hours={int(weekday): [tuple(pair) for pair in hours] for weekday, hours in content["hours"].items()},
        holidays={date.fromisoformat(day): name for day, name in content["holidays"].items()},
        exceptions={
            date.fromisoformat(day): [tuple(pair) for pair in special["hours"]]
            for day, special in content["exceptions"].items()
        },
    )


def content_of(row: BusinessCalendar) -> dict[str, Any]:
    """The calendar's rows as the content of a CalendarVersion. Two queries."""
    hours: dict[str, list[list[str]]] = {}
    for opening in row.opening_hours.order_by("weekday", "interval"):
        hours.setdefault(str(opening.weekday), []).append(_pair(opening.interval))
    days = list(row.special_days.order_by("date"))
    return {
        "timezone": row.time_zone,
        "hours": hours,
        "holidays": {day.date.isoformat(): day.name for day in days if not day.intervals},
        "exceptions": {
            day.date.isoformat(): {"name": day.name, "hours": [_pair(interval) for interval in day.intervals]}
            for day in days
            if day.intervals
        },
    }


def _pair(interval: str) -> list[str]:
    opens, _dash, closes = interval.partition("-")
    return [opens, closes]


@transaction.atomic
def copy_holidays(*, calendar: BusinessCalendar, country: str, years: range) -> int:
    """Copy the public holidays of `country` ("DE", or "DE-BY" with a region) into editable rows; days that are there
    already stay as they are. The number of rows added. Raises NotImplementedError for an unknown country."""
    land, _dash, region = country.partition("-")
    found: dict[date, str] = dict(holidays.country_holidays(land, subdiv=region or None, years=years))
    rows = [
        SpecialDay(calendar=calendar, date=day, name=name[:120], source=f"holidays {country}")
        for day, name in sorted(found.items())
    ]
    before = calendar.special_days.count()
    SpecialDay.objects.bulk_create(rows, ignore_conflicts=True)
    BusinessCalendar.objects.filter(pk=calendar.pk).update(version=F("version") + 1)
    calendar.refresh_from_db()
    return calendar.special_days.count() - before
