"""What a calendar says, as the JSON of a CalendarVersion: read from what people type, checked, compared.

Nothing here reads or writes a row. An interval whose end lies before its start goes on after midnight; people write that
`22:00-06:00+1`, so that a slip like 17:00-09:00 is told from a night shift.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _

from accounts.models import validate_time_zone

Content = dict[str, Any]
Pairs = Sequence[Sequence[str]]  # [["09:00", "12:00"], …]

MOST_DAYS = 5000
FIRST_YEAR, LAST_YEAR = 1970, 2199
TYPED = "typed"
LONGEST_NAME, LONGEST_SOURCE = 120, 60
DAY, WEEK = 24 * 60, 7 * 24 * 60  # minutes

INTERVAL = re.compile(r"(\d{1,2}):(\d{2})\s*[-–—~至]\s*(\d{1,2}):(\d{2})\s*(\+\s*1)?")


@dataclass(frozen=True)
class NamedDay:
    """A day that differs: no `hours` = closed. `source` says where it came from."""

    date: date
    name: str
    hours: tuple[tuple[str, str], ...] = ()
    source: str = TYPED

    @property
    def hours_text(self) -> str:
        return hours_text(self.hours)


@dataclass(frozen=True)
class DayChange:
    """One date whose special day was added (`before` None), removed (`after` None) or changed."""

    date: date
    before: NamedDay | None
    after: NamedDay | None


@dataclass(frozen=True)
class Difference:
    """What an edit changes. `zone` and the items of `hours` are (before, after) as people write them."""

    zone: tuple[str, str] | None
    hours: Mapping[int, tuple[str, str]]
    days: Sequence[DayChange]

    def __bool__(self) -> bool:
        return bool(self.zone or self.hours or self.days)

    def as_json(self, *, most: int = 100) -> dict[str, Any]:
        """For the journal: the counts of all days, and the first `most` of them."""
        return {
            "zone": self.zone,
            "hours": {str(weekday): pair for weekday, pair in self.hours.items()},
            "n_days": len(self.days),
            "days": [
                {"date": change.date.isoformat(), "before": _told(change.before), "after": _told(change.after)}
                for change in self.days[:most]
            ],
        }


def parse_hours(text: str) -> list[list[str]]:
    """ "09:00-12:00, 13:00-18:00" as pairs; "" as none. Raises ValidationError with the rule that is broken."""
    pairs, problems = [], []
    for part in filter(None, (part.strip() for part in re.split(r"[,;，、；\n]", text))):
        try:
            pairs.append(_parse_interval(part))
        except ValidationError as error:
            problems += error.messages
    if not problems:
        problems = overlaps(pairs)
    if problems:
        raise ValidationError(problems)
    return sorted(pairs)


def hours_text(pairs: Pairs) -> str:
    """Pairs as people write them."""
    return ", ".join(
        f"{opens}-{closes}" + ("+1" if _minutes(closes) <= _minutes(opens) else "") for opens, closes in pairs
    )


def overlaps(pairs: Pairs) -> list[str]:
    """The intervals of one day that overlap, in words."""
    windows = sorted((_window(pair), pair) for pair in pairs)
    return [
        _("%(one)s and %(other)s overlap.") % {"one": hours_text([first]), "other": hours_text([second])}
        for ((_opens, closes), first), ((opens, _closes), second) in pairwise(windows)
        if opens < closes
    ]


def check_content(content: Content) -> None:
    """Raise ValidationError({field: rules}) for what can be no calendar; the fields are time_zone, hours, hours_0 (Monday)
    to hours_6, and days."""
    problems: dict[str, list[str]] = {}

    def note(field: str, *rules: str) -> None:
        if rules:
            problems.setdefault(field, []).extend(rules)

    try:
        validate_time_zone(content["timezone"])
    except ValidationError as error:
        note("time_zone", *error.messages)
    if not any(content["hours"].values()):
        note("hours", _("A calendar needs working hours on at least one weekday: without any no clock would ever end."))
    for weekday, pairs in content["hours"].items():
        note(f"hours_{weekday}", *_wrong_pairs(pairs))
    if not problems:
        for weekday, rule in _overnight_overlaps(content["hours"]):
            note(f"hours_{weekday}", rule)
    note("days", *_wrong_days(content))
    if problems:
        raise ValidationError(problems)


def named_days(content: Content) -> list[NamedDay]:
    """The special days, by date."""
    sources = content.get("sources", {})
    closed = [
        NamedDay(date.fromisoformat(day), name, source=sources.get(day, TYPED))
        for day, name in content["holidays"].items()
    ]
    others = [
        NamedDay(
            date.fromisoformat(day), special["name"], tuple((opens, closes) for opens, closes in special["hours"]),
            sources.get(day, TYPED),
        )
        for day, special in content["exceptions"].items()
    ]  # fmt: skip
    return sorted([*closed, *others], key=lambda day: day.date)


def with_days(content: Content, days: Iterable[NamedDay]) -> Content:
    """The content with exactly these special days."""
    ordered = sorted(days, key=lambda day: day.date)
    return {
        **content,
        "holidays": {day.date.isoformat(): day.name for day in ordered if not day.hours},
        "exceptions": {
            day.date.isoformat(): {"name": day.name, "hours": [list(pair) for pair in day.hours]}
            for day in ordered
            if day.hours
        },
        "sources": {day.date.isoformat(): day.source for day in ordered},
    }


def joined(content: Content, days: Iterable[NamedDay]) -> Content:
    """The content with these days as well; a date that has a special day already keeps it."""
    kept = named_days(content)
    taken = {day.date for day in kept}
    return with_days(content, [*kept, *(day for day in days if day.date not in taken)])


def usual_hours(content: Content) -> tuple[tuple[str, str], ...]:
    """The hours of the first weekday that has any: what a weekend day is worked that makes up for another."""
    for weekday in range(7):
        if pairs := content["hours"].get(str(weekday)):
            return tuple((opens, closes) for opens, closes in pairs)
    return ()


def difference(before: Content, after: Content) -> Difference:
    zones = (before["timezone"], after["timezone"])
    hours = {
        weekday: pair
        for weekday in range(7)
        if (pair := tuple(hours_text(each["hours"].get(str(weekday), ())) for each in (before, after)))[0] != pair[1]
    }
    old, new = ({day.date: day for day in named_days(each)} for each in (before, after))
    days = [DayChange(day, old.get(day), new.get(day)) for day in sorted({*old, *new}) if old.get(day) != new.get(day)]
    return Difference(zones if zones[0] != zones[1] else None, hours, days)  # type: ignore[arg-type]


def _parse_interval(text: str) -> list[str]:
    match = INTERVAL.fullmatch(text)
    if match is None:
        raise ValidationError(_("“%(text)s” is not an interval: write it like 09:00-17:00.") % {"text": text[:40]})
    hours = [int(match[1]), int(match[3])]
    opens, closes = f"{hours[0]:02d}:{match[2]}", f"{hours[1]:02d}:{match[4]}"
    written, is_overnight = f"{opens}-{closes}", match[5] is not None
    if _wrong_time(opens) or _wrong_time(closes, is_end=True):
        raise ValidationError(
            _("%(interval)s: times go from 00:00 to 23:59, an end may be 24:00.") % {"interval": written}
        )
    if opens == closes:
        raise ValidationError(_("%(interval)s is empty; a whole day is 00:00-24:00.") % {"interval": written})
    if closes < opens and not is_overnight:
        words = _("%(interval)s ends before it begins. If it goes on after midnight, write %(interval)s+1.")
        raise ValidationError(words % {"interval": written})
    if closes > opens and is_overnight:
        raise ValidationError(_("%(interval)s is longer than a day.") % {"interval": f"{written}+1"})
    return [opens, closes]


def _wrong_time(text: str, *, is_end: bool = False) -> bool:
    if is_end and text == "24:00":
        return False
    hour, minute = text.split(":")
    return int(hour) > 23 or int(minute) > 59


def _wrong_pairs(pairs: Pairs) -> list[str]:
    """What is wrong with the intervals of one day, as JSON may have them."""
    try:
        again = parse_hours(hours_text(pairs))
    except ValidationError as error:
        return error.messages
    except (ValueError, TypeError):
        return [_("“%(text)s” is not an interval: write it like 09:00-17:00.") % {"text": str(pairs)[:40]}]
    return [] if len(again) == len(pairs) else [_("An interval is missing its end.")]


def _overnight_overlaps(hours: Mapping[str, Pairs]) -> list[tuple[str, str]]:
    """(weekday, rule) where a night shift runs into the next day's hours."""
    found = []
    for weekday in range(7):
        following = (weekday + 1) % 7
        for pair in hours.get(str(weekday), ()):
            _opens, closes = _window(pair)
            for later in hours.get(str(following), ()):
                if _window(later)[0] + DAY < closes:
                    words = _("%(night)s of %(day)s runs into %(later)s.") % {
                        "night": hours_text([pair]), "day": WEEKDAYS[weekday], "later": hours_text([later]),
                    }  # fmt: skip
                    found.append((str(following), words))
    return found


def _wrong_days(content: Content) -> list[str]:
    rules = []
    both = content["holidays"].keys() & content["exceptions"].keys()
    rules += [_("%(date)s is there twice.") % {"date": day} for day in sorted(both)]
    dates = [*content["holidays"], *content["exceptions"]]
    if len(dates) > MOST_DAYS:
        rules.append(_("A calendar has at most %(n)d special days.") % {"n": MOST_DAYS})
    for day in dates:
        if not FIRST_YEAR <= date.fromisoformat(day).year <= LAST_YEAR:
            rules.append(
                _("%(date)s lies outside the years %(first)d to %(last)d.")
                % {"date": day, "first": FIRST_YEAR, "last": LAST_YEAR}
            )
    names = {**content["holidays"], **{day: special["name"] for day, special in content["exceptions"].items()}}
    rules += [_("%(date)s needs a name.") % {"date": day} for day, name in names.items() if not name.strip()]
    rules += [
        _("%(date)s: a name has at most %(n)d characters.") % {"date": day, "n": LONGEST_NAME}
        for day, name in names.items()
        if len(name) > LONGEST_NAME
    ]
    for day, special in content["exceptions"].items():
        rules += [f"{day}: {rule}" for rule in _wrong_pairs(special["hours"])]
        if not special["hours"]:
            rules.append(_("%(date)s: a day with hours of its own needs an interval.") % {"date": day})
    return rules


def _window(pair: Sequence[str]) -> tuple[int, int]:
    opens, closes = _minutes(pair[0]), _minutes(pair[1])
    return opens, closes if closes > opens else closes + DAY


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def _told(day: NamedDay | None) -> dict[str, str] | None:
    return None if day is None else {"name": day.name, "hours": day.hours_text, "source": day.source}
