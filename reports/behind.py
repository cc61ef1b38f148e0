"""The signs behind the percentages as figures, table rows and charts, each number with the address of its tickets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from core.templatetags.portico import short_duration
from reports.figures import Figure
from reports.metrics import METRICS, SIGNS, NamedMetric
from reports.selectors.attainment import Tally, ended_in
from reports.selectors.flow import resolved_in
from reports.selectors.signs import Sighted, open_breached, seen_in
from reports.selectors.spread import Spread
from reports.signs import Sign
from reports.watermelon import Beside, Row, Watermelon
from reports.words import HOUR, decimal, list_url
from slas.court import Court
from slas.models import Metric
from tickets.models import WaitingReason

COURTS: dict[Court, tuple[Any, str, str]] = {
    Court.TEAM: (pgettext_lazy("whose court", "Our teams"), "brand", ""),
    Court.REQUESTER: (pgettext_lazy("whose court", "Requester"), "sla-ok", "hatch"),
    Court.SUPPLIER: (pgettext_lazy("whose court", "Supplier"), "note-line", "dots"),
    Court.APPROVER: (pgettext_lazy("whose court", "Approver"), "sla-met", "hatch"),
    Court.CLOSED: (pgettext_lazy("whose court", "Outside working hours"), "line-strong", "dots"),
}
"""Label, colour and pattern of each court."""

SPREADS = {
    "response_wall": (gettext_lazy("First response"), gettext_lazy("by the wall clock")),
    "response_work": (gettext_lazy("First response"), gettext_lazy("in working time")),
    "resolution_wall": (gettext_lazy("Resolution"), gettext_lazy("by the wall clock")),
    "resolution_work": (gettext_lazy("Resolution"), gettext_lazy("in working time")),
}


@dataclass(frozen=True)
class Cell:
    """A number of tickets with their address ("" where there is none), what else is known, and what it counts."""

    n: int
    url: str
    note: str = ""
    name: Any = ""


def sign_figures(beside: Beside) -> list[Figure]:
    """What stands beside the percentages: open and late, then the signs of the period."""
    late = beside.late.total()
    figures = [
        Figure(SIGNS["open_breached"], str(late.n_tickets), "", list_url(open_breached(beside.scope)), note=_("now"))
    ]
    for sign, seen in beside.seen.items():
        found = seen.total()
        url = list_url(seen_in(beside.scope, beside.period, sign, now=beside.now))
        figures.append(Figure(SIGNS[sign.value], str(found.n_tickets), "", url, note=_note(sign, found)))
    return figures


def percent_figures(melon: Watermelon) -> list[Figure]:
    """The percentages themselves."""
    beside = melon.beside
    found = []
    for key, metric in (
        ("resolution_attainment", Metric.RESOLUTION),
        ("response_attainment", Metric.FIRST_RESPONSE),
    ):
        tally, wanted = melon.tally(metric), ended_in(beside.scope, beside.period, metric)
        if not tally.n:
            found.append(Figure(METRICS[key], "–", "", "", note=_("nothing measured")))
            continue
        words = _("%(late)d late of %(n)d") % {"late": tally.n_late, "n": tally.n}
        late_url = list_url(replace(wanted, outcome="breached"))
        found.append(Figure(METRICS[key], _percent(tally), "%", list_url(wanted), note=words, note_url=late_url))
    return found


def table(rows: Sequence[Row], beside: Beside, *, nameless: str) -> list[dict[str, Any]]:
    """The rows of a table by service or customer: percentage, then a cell for each sign."""
    return [
        {
            "name": row.name or nameless,
            "n": row.resolution.n,
            "percent": _percent(row.resolution),
            "url": list_url(ended_in(row.wanted, beside.period, Metric.RESOLUTION)),
            "cells": [
                _cell(SIGNS["open_breached"], row.late.n_tickets, list_url(open_breached(row.wanted))),
                *(
                    _cell(
                        SIGNS[sign.value],
                        count.n_tickets,
                        list_url(seen_in(row.wanted, beside.period, sign, now=beside.now)),
                        short_duration(count.length) if count.length else "",
                    )
                    for sign, count in row.seen.items()
                ),
            ],
        }
        for row in rows
    ]


def pause_rows(melon: Watermelon) -> list[dict[str, Any]]:
    """What tickets waited for, the longest together first."""
    beside = melon.beside
    whole = sum((count.length for count in melon.pauses.values()), timedelta(0))
    rows = sorted(melon.pauses.items(), key=lambda pair: (-pair[1].length, -pair[1].n))
    return [
        {
            "label": str(WaitingReason(reason).label),
            "n": count.n,
            "tickets": count.n_tickets,
            "url": _pause_url(beside, reason, count),
            "length": short_duration(count.length),
            "mean": short_duration(count.length / count.n) if count.n else "–",
            "share": f"{100 * (count.length / whole):.0f}" if whole else "",
        }
        for reason, count in rows
        if count.n
    ]


def pause_chart(melon: Watermelon) -> dict[str, Any]:
    rows = sorted(melon.pauses.items(), key=lambda pair: -pair[1].length)
    shown = [(reason, count) for reason, count in rows if count.n]
    return {
        "kind": "bar",
        "horizontal": True,
        "unit": _(" h"),
        "category_label": _("Waiting for"),
        "categories": [str(WaitingReason(reason).label) for reason, _count in shown],
        "description": _("Bar chart of the hours that tickets waited, by reason."),
        "series": [
            {
                "name": _("Hours on hold"),
                "data": [round(count.length / HOUR, 1) for _reason, count in shown],
                "urls": [_pause_url(melon.beside, reason, count) for reason, count in shown],
                "colour": "sla-pause",
            }
        ],
    }


def spread_rows(spreads: Sequence[Spread]) -> list[dict[str, Any]]:
    return [
        {
            "label": SPREADS[each.key][0],
            "how": SPREADS[each.key][1],
            "n": each.n,
            "url": list_url(each.wanted) if each.n else "",
            "percentiles": [_or_dash(value) for value in each.percentiles],
            "mean": _or_dash(each.mean),
        }
        for each in spreads
    ]


def court_chart(melon: Watermelon) -> dict[str, Any]:
    """One bar, the courts beside each other, in percent of all the time."""
    found = melon.courts
    beside = melon.beside
    url = list_url(resolved_in(beside.scope, beside.period))
    series = []
    for court, (label, colour, pattern) in COURTS.items():
        if found.lengths[court]:
            share = round(100 * (found.lengths[court] / found.life), 1)
            one = {"name": str(label), "data": [share], "urls": [url], "colour": colour}
            series.append({**one, "pattern": pattern} if pattern else one)
    return {
        "kind": "bar",
        "horizontal": True,
        "stacked": True,
        "unit": " %",
        "min": 0,
        "max": 100,
        "category_label": _("Share"),
        "categories": [_("All the time")],
        "description": _("Stacked bar chart of whose court the ball was in."),
        "series": series,
    }


def court_rows(melon: Watermelon) -> list[dict[str, Any]]:
    """Each court, our teams by name; all of them are the whole life of the tickets."""
    found = melon.courts
    opened = found.life - found.lengths[Court.CLOSED]
    rows = [
        {
            "kind": Court.TEAM.value,
            "label": name or _("No team yet"),
            "is_team": True,
            **_share(length, found.life, opened),
        }
        for name, length in found.teams.items()
    ]
    for court, (label, _colour, _pattern) in COURTS.items():
        if court is not Court.TEAM and found.lengths[court]:
            within = timedelta(0) if court is Court.CLOSED else opened
            rows.append({"kind": court.value, "label": str(label), **_share(found.lengths[court], found.life, within)})
    return rows


def _share(length: timedelta, whole: timedelta, opened: timedelta) -> dict[str, str]:
    return {
        "length": short_duration(length),
        "share": decimal(100 * (length / whole)),
        "of_open": decimal(100 * (length / opened)) if opened else "",
    }


def _note(sign: Sign, found: Sighted) -> str:
    match sign:
        case Sign.UNASKED:
            return _("%(length)s in all") % {"length": short_duration(found.length)} if found.n else ""
        case Sign.CHASED:
            return ngettext("%(n)d message", "%(n)d messages", found.n) % {"n": found.n}
        case Sign.PASSED_ON:
            return ngettext("%(n)d hand-over", "%(n)d hand-overs", found.n) % {"n": found.n}
    return ngettext("%(n)d time", "%(n)d times", found.n) % {"n": found.n}


def _cell(metric: NamedMetric, n: int, url: str, note: str = "") -> Cell:
    return Cell(n, url if n else "", note, metric.name)


def _pause_url(beside: Beside, reason: str, count: Sighted) -> str:
    if not count.n:
        return ""
    return list_url(seen_in(beside.scope, beside.period, Sign.PAUSED, now=beside.now, paused_for=reason))


def _percent(tally: Tally) -> str:
    return "–" if tally.percent is None else decimal(tally.percent)


def _or_dash(value: timedelta | None) -> str:
    return "–" if value is None else short_duration(value)


def names_of(choices: Mapping[str, Sequence[tuple[int, str]]], kind: str) -> dict[int, str]:
    return dict(choices[kind])
