"""Calendars: from rows to the pure calendar the arithmetic takes.

content.py   what a calendar says as JSON: checked, compared, read from what people type
services.py  an edit: a new version, logged; open tickets follow or not
sets.py      public holidays by country and region, with adjusted working days
ics.py       somebody's calendar file
year.py      a year as it is shown
forms.py, views.py, selectors.py
"""

from datetime import date
from functools import lru_cache
from typing import Any

from slas import clock
from slas.models import BusinessCalendar, CalendarVersion, Clock


def pure_calendar(row: BusinessCalendar) -> clock.Calendar:
    """The row as slas.clock.Calendar; read once per version and process."""
    return _load(row.pk, row.version)


def calendar_of(row: Clock) -> clock.Calendar:
    """The calendar as it was when the clock's promise was made; a commitment counts round the clock."""
    return ALWAYS if row.calendar_id is None else _load(row.calendar_id, row.calendar_version)


ALWAYS = clock.Calendar.always()


@lru_cache(maxsize=256)
def _load(pk: int, version: int) -> clock.Calendar:
    return from_content(version_content(pk, version))


def version_content(pk: int, version: int) -> dict[str, Any]:
    """What that version of the calendar says: as it was kept, or as the rows have it that were never edited since."""
    kept = CalendarVersion.objects.filter(calendar_id=pk, number=version)
    if found := kept.first():
        return found.content
    content = content_of(BusinessCalendar.objects.get(pk=pk))
    # An edit may have been committed between the two reads: then it has kept what the rows said before.
    return found.content if (found := kept.first()) else content


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
        "sources": {day.date.isoformat(): day.source for day in days},
    }


def _pair(interval: str) -> list[str]:
    opens, _dash, closes = interval.partition("-")
    return [opens, closes]
