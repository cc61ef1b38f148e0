"""Public holidays by country and region, from the `holidays` package, as special days to look at before they are taken over.

Where a country moves working days round its holidays (mainland China does, every year anew), the weekend days that are
worked instead come along with the usual hours of the calendar. They are announced late in the year before: a set says for
which of its years none are known yet.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import holidays
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import override
from holidays.registry import COUNTRIES

from slas.calendars.content import LAST_YEAR, LONGEST_NAME, NamedDay
from slas.calendars.countries import NAMES

MOST_YEARS = 10
LOOK_BACK = 2  # years: a country that moved days then does so still
MADE_UP = {"CN": "调休上班", "TW": "補行上班"}
"""What a weekend day that is worked for another is called in the country's own language; in others it is in English."""


@dataclass(frozen=True)
class HolidaySet:
    """The days of one country in some years. `unannounced` are the years whose moved working days are not known yet."""

    days: Sequence[NamedDay]
    unannounced: Sequence[int]


@lru_cache(maxsize=1)
def countries() -> list[tuple[str, Any]]:
    """(ISO code, name in the reader's language) of every country there are holidays of, in the order of the English
    names, which every reader finds his way in."""
    with override("en"):
        known = {names[1]: str(NAMES.get(names[1], names[1])) for names in COUNTRIES.values()}
    return [(code, NAMES.get(code, code)) for code in sorted(known, key=known.__getitem__)]


@lru_cache(maxsize=64)
def regions(country: str) -> list[tuple[str, str]]:
    """(code, name) of the regions with holidays of their own; none for an unknown country."""
    if country not in dict(countries()):
        return []
    found = holidays.country_holidays(country)
    names = type(found).get_subdivision_aliases()
    return sorted(
        ((code, ", ".join([code, *names.get(code, [])[:1]])) for code in found.subdivisions), key=lambda pair: pair[1]
    )


@lru_cache(maxsize=64)
def languages(country: str) -> list[str]:
    """The languages the names of a country's holidays are known in, its own first."""
    if country not in dict(countries()):
        return []
    found = holidays.country_holidays(country)
    own = found.default_language
    return [code for code in dict.fromkeys([own, *(found.supported_languages or ())]) if code]


def holiday_set(
    *, country: str, years: Iterable[int], hours: Sequence[tuple[str, str]], region: str = "", language: str = ""
) -> HolidaySet:
    """The public holidays of `country` (ISO code) and `region` in `years`, named in `language` ("" = the country's own);
    worked weekend days have `hours`. Raises ValidationError({field: rule})."""
    wanted = sorted(set(years))
    _check(country, region, language, wanted)
    source = f"holidays {country}" + (f"-{region}" if region else "")
    own = languages(country)
    found = holidays.country_holidays(
        country,
        subdiv=region or None,
        years=range(wanted[0] - LOOK_BACK, wanted[-1] + 1),
        language=language or (own[0] if own else None),
    )
    made_up = MADE_UP.get(country) if not language or language == own[0] else None
    closed = [NamedDay(day, name[:LONGEST_NAME], source=source) for day, name in found.items() if day.year in wanted]
    all_worked: set[date] = getattr(found, "weekend_workdays", None) or set()
    taken = {day.date for day in closed}
    worked = [
        NamedDay(day, made_up or "Working day moved here", tuple(hours), source)
        for day in all_worked
        if day.year in wanted and day not in taken
    ]
    newest = max((day.year for day in all_worked if day.year >= wanted[0] - LOOK_BACK), default=LAST_YEAR)
    return HolidaySet(
        days=sorted([*closed, *worked], key=lambda day: day.date),
        unannounced=[year for year in wanted if year > newest],
    )


def _check(country: str, region: str, language: str, years: Sequence[int]) -> None:
    if country not in dict(countries()):
        raise ValidationError({"country": _("No holidays are known of this country.")})
    if region and region not in dict(regions(country)):
        raise ValidationError({"region": _("This country has no such region.")})
    if language and language not in languages(country):
        raise ValidationError({"language": _("The names are not known in this language.")})
    if not years or len(years) > MOST_YEARS:
        raise ValidationError({"last": _("Please choose 1 to %(n)d years.") % {"n": MOST_YEARS}})
