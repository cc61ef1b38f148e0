"""From calendar rows to the pure calendar the arithmetic takes."""

from datetime import date
from functools import lru_cache

import holidays
from django.db import transaction
from django.db.models import F

from slas import clock
from slas.models import BusinessCalendar, SpecialDay


def pure_calendar(row: BusinessCalendar) -> clock.Calendar:
    """The row as slas.clock.Calendar; read once per version and process."""
    return _load(row.pk, row.version)


@lru_cache(maxsize=256)
def _load(pk: int, version: int) -> clock.Calendar:  # noqa: ARG001 (the version is the cache's key)
    row = BusinessCalendar.objects.prefetch_related("opening_hours", "special_days").get(pk=pk)
    hours: dict[int, list[tuple[str, str]]] = {}
    for opening in row.opening_hours.all():
        hours.setdefault(opening.weekday, []).append(_pair(opening.interval))
    days = list(row.special_days.all())
    return clock.Calendar(
        timezone=row.time_zone,
        hours=hours,
        holidays={day.date: day.name for day in days if not day.intervals},
        exceptions={day.date: [_pair(interval) for interval in day.intervals] for day in days if day.intervals},
    )


def _pair(interval: str) -> tuple[str, str]:
    opens, _dash, closes = interval.partition("-")
    return opens, closes


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
