"""Somebody's calendar file (iCalendar, RFC 5545) as special days, to look at before they are taken over: all or nothing.

Events that last whole days close these days by their name; one whose name says that it is worked (China's 补班) opens it
with the usual hours. Recurrences are expanded within the wanted years. Events with a time of day, and cancelled ones, are
left out and counted. A file that cannot be read, is too big or has too many events is refused with the reason.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time, timedelta
from itertools import islice
from time import monotonic
from typing import Any

import icalendar
from dateutil.rrule import rrulestr
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from slas.calendars.content import LONGEST_NAME, NamedDay

MOST_BYTES = 5 * 1024 * 1024
MOST_EVENTS = 5000
MOST_STEPS = 100_000  # of all recurrences together; who needs more counts seconds
MOST_SECONDS = 8.0
CYCLE = 400  # years after which dates and weekdays repeat
LONGEST_EVENT = timedelta(days=366)
FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY")
WORKED = ("补班", "調班", "调班", "调休上班", "補班", "（班）", "(班)", "working day", "Arbeitstag")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class IcsFile:
    """The special days of a file, and what was left out of it, in words."""

    days: Sequence[NamedDay]
    n_events: int
    notes: Sequence[str]


class _Budget:
    """What the recurrences of one file may cost together, in days and in seconds."""

    def __init__(self) -> None:
        self.left = MOST_STEPS
        self.ends = monotonic() + MOST_SECONDS

    def spend(self, n: int = 1) -> None:
        self.left -= n
        if self.left < 0 or monotonic() > self.ends:
            raise ValidationError(_("The file repeats its events too often to be read. Nothing was imported."))


def read_ics(data: bytes, *, years: Sequence[int], hours: Sequence[tuple[str, str]], source: str) -> IcsFile:
    """The days of the file that lie in `years`. Raises ValidationError with the reason where the file is refused."""
    events = _events(data)
    overridden = {
        (str(event.get("UID", "")), _day_of(event["RECURRENCE-ID"].dt)) for event in events if "RECURRENCE-ID" in event
    }
    first, end = date(min(years), 1, 1), date(max(years) + 1, 1, 1)
    budget, names = _Budget(), dict[date, list[str]]()
    n_timed = n_cancelled = n_long = 0
    for event in events:
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            n_cancelled += 1
            continue
        span = _span(event)
        if span is None:
            n_timed += 1
        elif span[1] - span[0] > LONGEST_EVENT:
            n_long += 1
        else:
            for day in _days(event, span, first, end, overridden, budget):
                names.setdefault(day, []).append(_name(event))
    notes = [
        *_note(n_timed, ngettext("%(n)d event has a time of day and is left out.", "%(n)d events have a time of day and are left out.", n_timed)),
        *_note(n_cancelled, ngettext("%(n)d event is cancelled and is left out.", "%(n)d events are cancelled and are left out.", n_cancelled)),
        *_note(n_long, ngettext("%(n)d event is longer than a year and is left out.", "%(n)d events are longer than a year and are left out.", n_long)),
    ]  # fmt: skip
    days = [_named(day, words, hours, source) for day, words in sorted(names.items()) if day.year in years]
    return IcsFile(days=days, n_events=len(events), notes=notes)


def _events(data: bytes) -> list[Any]:
    """Every VEVENT, whole; ValidationError where the file is no calendar."""
    if len(data) > MOST_BYTES:
        raise ValidationError(_("The file is larger than %(n)d MB. Nothing was imported.") % {"n": MOST_BYTES >> 20})
    n_events = data.upper().count(b"BEGIN:VEVENT")
    if n_events > MOST_EVENTS:
        words = _(
            "The file has %(n)d events, more than %(most)d. Please export the holidays alone. Nothing was imported."
        )
        raise ValidationError(words % {"n": n_events, "most": MOST_EVENTS})
    try:
        text = data.decode("utf-8-sig")
        calendars = icalendar.Calendar.from_ical(text, multiple=True)
    except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
        raise ValidationError(_broken(str(error))) from error
    if not calendars or any(calendar.name != "VCALENDAR" for calendar in calendars):
        raise ValidationError(_broken(_("there is no calendar in it")))
    events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    if len(events) != n_events:
        raise ValidationError(_broken(_("an event has no end")))
    for number, event in enumerate(events, start=1):
        if event.errors or "DTSTART" not in event:
            about = event.errors[0][1] if event.errors else _("it has no start")
            raise ValidationError(_broken(_("event %(number)d: %(problem)s") % {"number": number, "problem": about}))
    return events


def _broken(why: str) -> str:
    return _("This is not a calendar file that can be read: %(why)s. Nothing was imported.") % {"why": why[:200]}


def _span(event: Any) -> tuple[date, date] | None:
    """The whole days [first, end) of an event; None = it has a time of day."""
    starts = event["DTSTART"].dt
    if "DTEND" in event:
        ends = event["DTEND"].dt
    elif "DURATION" in event:
        ends = starts + event["DURATION"].dt
    else:
        ends = starts + ONE_DAY if not isinstance(starts, datetime) else starts
    if isinstance(starts, datetime) != isinstance(ends, datetime):
        return None
    if isinstance(starts, datetime):
        is_whole = starts.time() == ends.time() == time() and starts < ends
        return (starts.date(), ends.date()) if is_whole else None
    return starts, max(ends, starts + ONE_DAY)


def _days(
    event: Any, span: tuple[date, date], first: date, end: date, overridden: set[tuple[str, date]], budget: _Budget
) -> Iterator[date]:
    """The dates of an event and of its recurrences within [first, end)."""
    length, uid = span[1] - span[0], str(event.get("UID", ""))
    is_single = "RECURRENCE-ID" in event
    excluded = {_day_of(each) for each in _listed(event, "EXDATE")}
    begins = (
        [span[0]]
        if is_single
        else [*_recurrences(event, span[0], first - length, end, budget), *map(_day_of, _listed(event, "RDATE"))]
    )
    for begin in dict.fromkeys(begins):
        if not is_single and (begin in excluded or (uid, begin) in overridden):
            continue
        for number in range(length.days):
            if first <= (day := begin + number * ONE_DAY) < end:
                yield day


def _recurrences(event: Any, start: date, first: date, end: date, budget: _Budget) -> Iterable[date]:
    rules = event.get("RRULE")
    if rules is None:
        return [start]
    begins: list[date] = [start]
    if start >= end:
        return begins
    # A rule that never comes true is searched up to the last year there is: count in years that are near it.
    ahead = CYCLE * ((MAXYEAR - end.year) // CYCLE)
    later = start.replace(year=start.year + ahead)
    for rule in rules if isinstance(rules, list) else [rules]:
        if str((rule.get("FREQ") or [""])[0]).upper() not in FREQUENCIES:
            raise ValidationError(_broken(_("a whole day cannot repeat more often than daily")))
        text = ";".join(part for part in rule.to_ical().decode().split(";") if not part.upper().startswith("UNTIL="))
        until = _day_of(rule["UNTIL"][0]) if "UNTIL" in rule else end
        try:
            found = rrulestr(text, dtstart=datetime.combine(later, time()))  # whole days have no zone
        except (ValueError, TypeError) as error:
            raise ValidationError(_broken(str(error))) from error
        budget.spend(0)
        for moment in islice(found, MOST_STEPS + 1):
            budget.spend()
            day = moment.date().replace(year=moment.year - ahead)
            if day >= end or day > until:
                break
            if day >= first:
                begins.append(day)
    return begins


def _listed(event: Any, name: str) -> list[Any]:
    """The moments of EXDATE or RDATE, which may be there several times."""
    found = event.get(name, [])
    return [each.dt for dates in (found if isinstance(found, list) else [found]) for each in dates.dts]


def _day_of(moment: Any) -> date:
    if isinstance(moment, tuple):  # a period
        moment = moment[0]
    return moment.date() if isinstance(moment, datetime) else moment


def _name(event: Any) -> str:
    return " ".join(str(event.get("SUMMARY", "")).split()) or pgettext("calendar", "Closed")


def _named(day: date, names: Sequence[str], hours: Sequence[tuple[str, str]], source: str) -> NamedDay:
    name = " / ".join(dict.fromkeys(names))[:LONGEST_NAME]
    is_worked = any(word.casefold() in name.casefold() for word in WORKED)
    return NamedDay(day, name, tuple(hours) if is_worked else (), source)


def _note(n: int, words: str) -> list[str]:
    return [words % {"n": n}] if n else []
