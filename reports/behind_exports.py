"""The tables behind the percentages as CSV files: the numbers of the page, lengths in hours."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from reports.behind import COURTS, SPREADS
from reports.exports import Row
from reports.metrics import SIGNS
from reports.signs import Sign
from reports.watermelon import Row as Part
from reports.watermelon import Watermelon
from reports.words import HOUR
from slas.court import Court
from tickets.models import WaitingReason

Names = Mapping[str, Mapping[int, str]]
"""Of "service" and "customer": key -> name."""


def services(melon: Watermelon, names: Names) -> Iterable[Row]:
    yield from _parts(melon, _("Service"), melon.by_service(names["service"]), nameless=_("No service"))


def customers(melon: Watermelon, names: Names) -> Iterable[Row]:
    yield from _parts(melon, _("Customer"), melon.by_customer(names["customer"]), nameless="")


def _parts(melon: Watermelon, title: str, parts: Iterable[Part], *, nameless: str) -> Iterable[Row]:
    seen = list(melon.beside.seen)
    signs = [SIGNS["open_breached"], *(SIGNS[sign.value] for sign in seen)]
    yield [title, _("measured"), _("late"), "%", *(str(sign.name) for sign in signs), _("Hours waiting, nobody asked")]
    for part in parts:
        counts = [part.late.n_tickets, *(part.seen[sign].n_tickets for sign in seen)]
        waited = part.seen[Sign.UNASKED].length
        tally = part.resolution
        yield [part.name or nameless, tally.n, tally.n_late, tally.percent, *counts, _hours(waited)]


def courts(melon: Watermelon, _names: Names) -> Iterable[Row]:
    found = melon.courts
    opened = found.life - found.lengths[Court.CLOSED]
    yield [_("Who"), _("Hours"), _("Share in %"), _("Of working hours in %")]
    for name, length in found.teams.items():
        yield [name or _("No team yet"), _hours(length), _percent(length, found.life), _percent(length, opened)]
    for court, (label, _colour, _pattern) in COURTS.items():
        length = found.lengths[court]
        if court is not Court.TEAM and length:
            of_open = "" if court is Court.CLOSED else _percent(length, opened)
            yield [str(label), _hours(length), _percent(length, found.life), of_open]


def holds(melon: Watermelon, _names: Names) -> Iterable[Row]:
    yield [_("Waiting for"), _("Tickets"), _("Holds"), _("Hours together"), _("Hours in the mean")]
    for reason, count in sorted(melon.pauses.items(), key=lambda pair: -pair[1].length):
        if count.n:
            label = str(WaitingReason(reason).label)
            yield [label, count.n_tickets, count.n, _hours(count.length), _hours(count.length / count.n)]


def lengths(melon: Watermelon, _names: Names) -> Iterable[Row]:
    yield [
        _("What"),
        _("Counted"),
        _("Tickets"),
        *(f"{name} ({_('hours')})" for name in ("p50", "p75", "p90", _("Mean"))),
    ]
    for each in melon.spreads:
        label, how = SPREADS[each.key]
        yield [str(label), str(how), each.n, *(_hours(value) for value in (*each.percentiles, each.mean))]


def _hours(length: timedelta | None) -> Any:
    return None if length is None else round(length / HOUR, 2)


def _percent(length: timedelta, whole: timedelta) -> Any:
    return round(100 * (length / whole), 1) if whole else None


TABLES: dict[str, Callable[[Watermelon, Names], Iterable[Row]]] = {
    "services": services,
    "customers": customers,
    "courts": courts,
    "holds": holds,
    "lengths": lengths,
}
