"""How other products ask and what they mean by it: their cases and conventions, told in the terms of slas.clock."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from slas.clock import Calendar, next_open, prev_open

CASES = Path(__file__).parent.parent / "data" / "clock_cases"
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
YEARS_OF_YEARLY_HOLIDAYS = range(1990, 2041)


def cases(name):
    return json.loads((CASES / name).read_text())


def disputed_ids(prefix):
    """The ids of disputed_cases.md that begin with `prefix`."""
    lines = (Path(__file__).parent / "disputed_cases.md").read_text().splitlines()
    return {line.split("|")[1].strip() for line in lines if line.startswith(f"| {prefix}")}


def calendar_of(case):
    """The case's calendar. Breaks become exceptions: the hours of that day without them."""
    hours = {WEEKDAYS.index(name): [tuple(pair) for pair in pairs] for name, pairs in case["hours"].items()}
    exceptions = {date.fromisoformat(day): pairs for day, pairs in case.get("shifts", {}).items()}
    for text, breaks in case.get("breaks", {}).items():
        day = date.fromisoformat(text)
        exceptions[day] = without(exceptions.get(day, hours.get(day.weekday(), [])), breaks)
    return Calendar(case["timezone"], hours, holidays(case["holidays"]), exceptions)


def holidays(texts):
    """{date: name} of "YYYY-MM-DD" or, for every year, "--MM-DD"."""
    named = {}
    for text in texts:
        if text.startswith("--"):
            named |= {date(year, int(text[2:4]), int(text[5:7])): text for year in YEARS_OF_YEARLY_HOLIDAYS}
        else:
            named[date.fromisoformat(text)] = text
    return named


def without(pairs, breaks):
    """The intervals left of `pairs` when the breaks are taken out; "HH:MM" texts compare like the times they are."""
    for begin, end in breaks:
        left = [(opens, min(closes, begin)) for opens, closes in pairs]
        right = [(max(opens, end), closes) for opens, closes in pairs]
        pairs = [(opens, closes) for opens, closes in left + right if opens < closes]
    return sorted(pairs)


def instant(text, zone="UTC"):
    """An instant; one written without an offset is on the wall clock of `zone`."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))


# Business days are shown by Portico, never counted with. The peers that count them begin with the day on which work can next be
# done, step over the days without hours and keep the time of day.


def working_day_after(calendar, day, days):
    """The day `days` working days from `day` (back, if negative), counted from a working day."""
    step = timedelta(days=1 if days >= 0 else -1)
    while not calendar.is_working_day(day):
        day += step
    for _ in range(abs(days)):
        day += step
        while not calendar.is_working_day(day):
            day += step
    return day


def add_working_days(calendar, start, days):
    """The same time of day, `days` working days from `start`."""
    zone = ZoneInfo(calendar.timezone)
    begin = next_open(calendar, start) if days >= 0 else prev_open(calendar, start)
    local = begin.astimezone(zone)
    return datetime.combine(working_day_after(calendar, local.date(), days), local.time(), zone).astimezone(UTC)


def end_of_working_day(calendar, at):
    """The last closing of the local day of `at`."""
    zone = ZoneInfo(calendar.timezone)
    midnight = datetime.combine(at.astimezone(zone).date() + timedelta(days=1), time(), zone)
    return prev_open(calendar, midnight)
