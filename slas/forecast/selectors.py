"""The forecast of running clocks for a page, and how good it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from journal.models import Event
from slas.calendars import calendar_of
from slas.clock import working_between
from slas.forecast.calibration import Report, Score
from slas.forecast.model import Forecast, Table
from slas.forecast.samples import FORETOLD, likeness_of
from slas.forecast.services import CALIBRATED, SUBJECT_KIND, TABLE_KEY
from slas.models import Clock, Metric

FEW_TENTHS, MANY_TENTHS = 0.05, 0.95


@dataclass(frozen=True)
class Chance:
    """A forecast as people read it: `percent`, in words, and what it was learnt from."""

    percent: int
    words: str
    sample: str


def chances(clocks: Iterable[Clock], *, now: datetime) -> dict[int, Chance]:
    """{key of the clock: its chance} of those that run and of which enough is known. Their tickets must be loaded. No query
    but that of `clocks`, and not even that without a table in the cache: then nothing is foretold."""
    table: Table | None = cache.get(TABLE_KEY)
    if table is None:
        return {}
    running = [clock for clock in clocks if clock.state == Clock.State.RUNNING and clock.metric != Metric.COMMITMENT]
    found = {clock.pk: foretell(clock, table, now=now) for clock in running}
    return {pk: chance_of(forecast) for pk, forecast in found.items() if forecast is not None}


def foretell(clock: Clock, table: Table, *, now: datetime) -> Forecast | None:
    """None where it is late already, or too little is known."""
    if clock.has_breached(now) or clock.anchor_at is None:
        return None
    used = clock.used + working_between(calendar_of(clock), clock.anchor_at, now)
    likeness = likeness_of(clock, service=clock.ticket.service_id, team=clock.ticket.team_id)
    return table.foretell(likeness, used / clock.goal)


def chance_of(forecast: Forecast) -> Chance:
    if forecast.chance < FEW_TENTHS:
        words = _("Hardly any like ticket made it from here")
    elif forecast.chance > MANY_TENTHS:
        words = _("Nearly every like ticket made it from here")
    else:
        words = _("%(tenths)s of 10 like tickets made it from here") % {"tenths": round(forecast.chance * 10)}
    counted = ngettext("%(n)s like ticket", "%(n)s like tickets", forecast.n) % {"n": forecast.n}
    alike = ", ".join(str(ALIKE[name]()) for name in forecast.alike)
    sample = _("%(tickets)s, alike in: %(alike)s") % {"tickets": counted, "alike": alike}
    return Chance(percent=round(forecast.chance * 100), words=words, sample=sample)


ALIKE = {
    "metric": lambda: _("metric"),
    "priority": lambda: _("priority"),
    "service": lambda: _("service"),
    "team": lambda: _("team"),
    "hour": lambda: _("part of the day"),
}


def newest_calibration() -> Event | None:
    """One query."""
    facts = Event.objects.filter(subject_kind=SUBJECT_KIND, subject_id=0, name=CALIBRATED)
    return facts.select_related("actor").order_by("-id").first()


def earlier_calibrations() -> list[Event]:
    """The ones before, newest first. One query."""
    facts = Event.objects.filter(subject_kind=SUBJECT_KIND, subject_id=0, name=CALIBRATED)
    return list(facts.select_related("actor").order_by("-id")[1:11])


def table_age(*, now: datetime) -> int | None:
    """Minutes since the desk last learnt; None if it has not."""
    table: Table | None = cache.get(TABLE_KEY)
    return None if table is None else int((now - table.made_at).total_seconds() // 60)


def score_rows(report: Report) -> list[tuple[str, float | None, Score]]:
    """(metric, used share or None for all, score), metric by metric; at the end all of them."""
    rows: list[tuple[str, float | None, Score]] = []
    for metric in FORETOLD:
        shares = sorted(float(share) for share in report.scores.get(metric, {}))
        rows += [(str(metric.label), share * 100, report.score(metric, share)) for share in shares]
    return [*rows, (_("All"), None, report.score())]


def reliability_rows(report: Report) -> list[tuple[str, float, float, int]]:
    """(tenth of chance, foretold, met, forecasts) in percent, of the tenths that have any."""
    return [
        (f"{place * 10}–{place * 10 + 10} %", 100 * chances / n, 100 * n_met / n, int(n))
        for place, (n, chances, n_met) in enumerate(report.bins)
        if n
    ]


def reliability_chart(report: Report) -> dict[str, Any]:
    """What was said against what came (templates/components/README.md)."""
    rows = reliability_rows(report)
    return {
        "kind": "line",
        "unit": " %",
        "min": 0,
        "max": 100,
        "category_label": _("Chance foretold"),
        "categories": [name for name, _chance, _met, _n in rows],
        "description": _(
            "Line chart: of the clocks with about the same chance, how many were met. The closer the two lines, the better."
        ),
        "series": [
            {"name": _("Were met"), "data": [round(met, 1) for _name, _chance, met, _n in rows], "colour": "brand"},
            {"name": _("Foretold"), "data": [round(chance, 1) for _name, chance, _met, _n in rows], "colour": "sla-risk", "dashed": True},
        ],
    }  # fmt: skip
