"""Periods, lengths and what was done to an outage, in words."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from journal.models import Event
from slas.models import Agreement
from slas.outages.periods import Length, Period

LENGTHS = {
    Length.DAY: pgettext_lazy("period", "Day"),
    Length.WEEK: pgettext_lazy("period", "Week"),
    Length.MONTH: pgettext_lazy("period", "Month"),
    Length.YEAR: pgettext_lazy("period", "Year"),
}


def period_name(period: Period) -> str:
    """23 November 2026; 23 to 29 November; November 2026; 2026."""
    match period.length:
        case Length.DAY:
            return date_format(period.first, "DATE_FORMAT")
        case Length.WEEK:
            return _("%(first)s to %(last)s") % {
                "first": date_format(period.first, "DATE_FORMAT"),
                "last": date_format(period.last, "DATE_FORMAT"),
            }
        case Length.MONTH:
            return date_format(period.first, "YEAR_MONTH_FORMAT")
    return date_format(period.first, pgettext("date format of a year", "Y"))


def part_name(period: Period) -> str:
    """As short as it stands on an axis."""
    if period.length is Length.MONTH:
        return date_format(period.first, pgettext("short date format of a month", "M"))
    return date_format(period.first, pgettext("short date format, as Django writes them", "j M"))


def exact(length: timedelta) -> str:
    """At most two units, down to the second: 2h 05m, 50m 24s, 0m; −12m below zero."""
    day, hour, minute = pgettext("short signs of day, hour and minute, separated by spaces", "d h m").split()
    second = pgettext("short sign of second", "s")
    rest = int(abs(length).total_seconds())
    parts = []
    for unit, seconds in ((day, 86_400), (hour, 3_600), (minute, 60), (second, 1)):
        number, rest = divmod(rest, seconds)
        parts.append((number, unit))
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    words = " ".join(f"{number}{unit}" for number, unit in parts[:2] if number) or f"0{minute}"
    return f"−{words}" if length < timedelta(0) and words != f"0{minute}" else words


def percent(value: Any) -> str:
    """A share with all the decimals it needs, three at most: 99.95, 100."""
    if value is None:
        return "–"
    return number_format(value.normalize() if value % 1 else int(value))


def hours_of(agreement: Agreement | None) -> str:
    """In which hours availability is promised."""
    return str(agreement.calendar) if agreement else _("round the clock")


def moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")


_DONE = {
    "outage.recorded": ("plug-connected", gettext_lazy("%(name)s recorded this outage")),
    "outage.planned": ("calendar-time", gettext_lazy("%(name)s planned this downtime")),
    "outage.ended": ("check", gettext_lazy("%(name)s ended it")),
    "outage.changed": ("edit", gettext_lazy("%(name)s changed it")),
    "outage.withdrawn": ("trash", gettext_lazy("%(name)s withdrew it")),
}
_FIELDS = {
    "service": gettext_lazy("Service"),
    "starts_at": gettext_lazy("From"),
    "ends_at": gettext_lazy("Until"),
    "cause": gettext_lazy("What happened"),
}


def line_of(event: Event) -> tuple[str, str]:
    """(icon, sentence) of an event about an outage. Its actor must be loaded."""
    icon, sentence = _DONE[event.name]
    words = str(sentence) % {"name": event.actor or "Portico"}
    parts = [
        _("%(field)s: %(before)s → %(after)s")
        % {"field": _FIELDS.get(name, name), "before": _value(before), "after": _value(after)}
        for name, (before, after) in event.data.get("changes", {}).items()
    ]
    return icon, "; ".join([words, *parts])


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return str(value["name"])
    at = parse_datetime(value) if isinstance(value, str) and "T" in value else None
    return moment(at) if at else str(value or "–")
