"""Lengths of working time as people type and read them: "15m", "4h", "3d 2h".

A day is the calendar's own: three days of eight hours are 24 h of working time. What is stored is time, never days, and
both are shown (BEHAVIOUR.md rule 8).
"""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from slas.clock import Calendar, working_between

MINUTE, HOUR, WHOLE_DAY, ZERO = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(0)
MONDAY = datetime(2024, 1, 1, tzinfo=UTC)

SIGNS = {
    "s": ("s", "sec", "second", "seconds", "秒"),
    "m": ("m", "min", "minute", "minutes", "分", "分钟"),
    "h": ("h", "hr", "hour", "hours", "时", "小时"),
    "d": ("d", "day", "days", "天", "日", "工作日"),
}
"""What may be typed for each unit, in whatever language the page is."""

_UNIT = {sign: unit for unit, signs in SIGNS.items() for sign in signs}
_PART = re.compile(r"(\d{1,7}(?:[.,]\d{1,4})?)\s*([^\W\d_]+)\s*")


def day_of(calendar: Calendar) -> timedelta:
    """The working time of an ordinary day of the calendar: what most of its working days have, of several the longest.
    24 hours where it has none."""
    week = Calendar("UTC", calendar.hours)
    days = [
        working_between(week, MONDAY + WHOLE_DAY * (7 + place), MONDAY + WHOLE_DAY * (8 + place)) for place in range(7)
    ]
    counted = Counter(length for length in days if length)
    return max(counted, key=lambda length: (counted[length], length), default=WHOLE_DAY)


def parse_length(text: str, *, day: timedelta) -> timedelta:
    """The working time that `text` says, where a day has `day` of it. ValidationError says what is not understood."""
    found, place, text = ZERO, 0, text.strip()
    used: set[str] = set()
    while place < len(text):
        match = _PART.match(text, place)
        unit = _UNIT.get(match[2].lower()) if match else None
        if match is None or unit is None or unit in used:
            raise ValidationError(
                _("“%(text)s” is not a length of time. Write it like 15m, 4h or 3d 2h: minutes, hours, working days."),
                code="length",
                params={"text": text[:40]},
            )
        found += {"s": timedelta(seconds=1), "m": MINUTE, "h": HOUR, "d": day}[unit] * float(match[1].replace(",", "."))
        used.add(unit)
        place = match.end()
    return timedelta(seconds=round(found.total_seconds()))


def write_length(length: timedelta, *, day: timedelta) -> str:
    """`length` as it may be typed again, exactly: "3d 2h" where a day has `day` of it; "−2h" below zero."""
    if length < ZERO:
        return "−" + write_length(-length, day=day)
    signs = pgettext("short signs of working day, hour, minute and second, separated by spaces", "d h m s").split()
    days, rest = divmod(length, day)
    if days and rest % MINUTE:
        days, rest = 0, length  # a day of odd seconds: nobody could read the rest
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    numbers = (days, hours, minutes, int(rest.total_seconds()))
    return " ".join(f"{number}{sign}" for number, sign in zip(numbers, signs, strict=True) if number) or f"0{signs[2]}"


def in_hours(length: timedelta) -> str:
    """`length` without days: "24h", "1h 30m"."""
    return write_length(length, day=timedelta.max)


def both_ways(length: timedelta, *, day: timedelta) -> str:
    """As time and, from one whole day on, as days of the calendar: "24h (3 working days)"."""
    hours = in_hours(length)
    if length < day:
        return hours
    n_days = length / day
    if day == WHOLE_DAY:
        return _plain_days(hours, n_days)
    said = f"{n_days:.2f}".rstrip("0").rstrip(".")
    words = ngettext("%(n)s working day", "%(n)s working days", 1 if said == "1" else 2) % {"n": said}
    return _("%(hours)s (%(days)s)") % {"hours": hours, "days": words}


def _plain_days(hours: str, n_days: float) -> str:
    if n_days != int(n_days):
        return hours
    words = ngettext("%(n)s day", "%(n)s days", int(n_days)) % {"n": int(n_days)}
    return _("%(hours)s (%(days)s)") % {"hours": hours, "days": words}
