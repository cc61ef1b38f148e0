"""What was done to a calendar, in sentences."""

from dataclasses import dataclass
from datetime import date

from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from journal.models import Event
from slas.calendars.content import Difference


@dataclass(frozen=True)
class Happening:
    """One line of a calendar's history; `version` is the one it made, None where it made none."""

    event: Event
    text: str
    details: list[str]
    version: int | None = None


def tell(event: Event) -> Happening:
    """The event's actor must be loaded."""
    data = event.data
    match event.name:
        case "calendar.created":
            return Happening(event, pgettext("calendar", "Made"), [], data["version"])
        case "calendar.changed":
            return Happening(event, pgettext("calendar", "Changed"), _changes(data["changes"]), data["version"])
        case "calendar.applied":
            return Happening(event, _("Open tickets are to follow"), [])
        case "calendar.kept_from_open":
            return Happening(event, _("For new tickets only"), [])
        case "calendar.rolled_out":
            words = _("%(moved)d moved, %(breached)d became late, %(recovered)d are no longer late.")
            counts = {"moved": data["n_moved"], "breached": data["n_breached"], "recovered": data["n_recovered"]}
            return Happening(event, _("Open tickets have followed"), [words % counts])
    return Happening(event, event.name, [])


def hours_changes(difference: Difference) -> list[str]:
    """The changes of zone and week, one a line."""
    lines = []
    if difference.zone:
        lines.append(
            _("Time zone: %(before)s → %(after)s") % {"before": difference.zone[0], "after": difference.zone[1]}
        )
    for weekday, pair in sorted(difference.hours.items()):
        lines.append(_week_line(weekday, pair[0], pair[1]))
    return lines


def _changes(changes: dict) -> list[str]:  # type: ignore[type-arg]
    lines = []
    if changes["zone"]:
        lines.append(
            _("Time zone: %(before)s → %(after)s") % {"before": changes["zone"][0], "after": changes["zone"][1]}
        )
    lines += [_week_line(int(day), *pair) for day, pair in sorted(changes["hours"].items())]
    if changes["n_days"]:
        n = changes["n_days"]
        lines.append(ngettext("%(n)d special day changed", "%(n)d special days changed", n) % {"n": n})
        lines += [_day_line(each) for each in changes["days"][:12]]
        if n > 12:
            lines.append(ngettext("and %(n)d more", "and %(n)d more", n - 12) % {"n": n - 12})
    return lines


def _week_line(weekday: int, before: str, after: str) -> str:
    none = pgettext("calendar", "closed")
    return _("%(day)s: %(before)s → %(after)s") % {
        "day": WEEKDAYS[weekday],
        "before": before or none,
        "after": after or none,
    }


def _day_line(change: dict) -> str:  # type: ignore[type-arg]
    day = date_format(date.fromisoformat(change["date"]), "SHORT_DATE_FORMAT")
    before, after = change["before"], change["after"]
    if before is None:
        return _("%(date)s added: %(name)s") % {"date": day, "name": _named(after)}
    if after is None:
        return _("%(date)s removed: %(name)s") % {"date": day, "name": _named(before)}
    return _("%(date)s: %(before)s → %(after)s") % {"date": day, "before": _named(before), "after": _named(after)}


def _named(day: dict) -> str:  # type: ignore[type-arg]
    return f"{day['name']} ({day['hours']})" if day["hours"] else day["name"]
