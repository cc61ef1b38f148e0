"""From what was read to pictures: data for the chart component (templates/components/README.md), and the table of arrivals.

Every point has the address of its tickets.
"""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from reports.selectors.attainment import ended_in
from reports.selectors.flow import AGES, aged
from reports.selectors.risk import AHEAD, due_between
from reports.service_levels import ServiceLevels
from reports.words import HOUR, day_name, hour_name, list_url, or_dash
from slas.models import Metric
from tickets.models import Priority

FEW = 3


@dataclass(frozen=True)
class HeatRow:
    """A weekday: `cells` are (number, address of the tickets or "")."""

    name: str
    cells: list[tuple[int, str]]


@dataclass(frozen=True)
class Heat:
    hours: list[str]
    rows: list[HeatRow]
    peak: int
    peak_name: str


def attainment_chart(levels: ServiceLevels) -> dict[str, Any]:
    """The axis is made for the steps on which at least FEW tickets ended: one late ticket on a quiet Sunday is a line to
    the bottom, not a scale on which nothing else can be told apart."""
    steps = levels.period.steps()
    lines = (
        (Metric.RESOLUTION, {"colour": "brand", "area": True}),
        (Metric.FIRST_RESPONSE, {"colour": "sla-ok", "dashed": True}),
    )
    series: list[dict[str, Any]] = []
    usual: list[float] = []
    for metric, look in lines:
        tallies = [levels.tally(metric, step) for step in steps]
        urls = [
            list_url(ended_in(levels.scope, step, metric)) if tally.n else ""
            for step, tally in zip(steps, tallies, strict=True)
        ]
        series.append({"name": str(metric.label), "data": [tally.percent for tally in tallies], "urls": urls, **look})
        usual += [tally.percent for tally in tallies if tally.percent is not None and tally.n >= FEW]
    target = settings.ATTAINMENT_TARGET_PERCENT
    return {
        "kind": "line",
        "unit": " %",
        "min": max(0, int(min([*usual, target]) - 2) // 5 * 5),
        "max": 100,
        "category_label": _("Week from") if levels.period.n_days > len(steps) else _("Day"),
        "categories": [day_name(step.first) for step in steps],
        "target": {"value": target, "label": _("Target %(target)s %%") % {"target": target}},
        "description": _attainment_words(levels),
        "series": series,
    }


def _attainment_words(levels: ServiceLevels) -> str:
    shares = {metric: levels.tally(metric, levels.period).percent for metric in Metric}
    return _("Line chart: %(resolution)s %% resolved and %(response)s %% answered in time; the target is %(target)s %%.") % {
        "resolution": or_dash(shares[Metric.RESOLUTION]),
        "response": or_dash(shares[Metric.FIRST_RESPONSE]),
        "target": settings.ATTAINMENT_TARGET_PERCENT,
    }  # fmt: skip


def forecast_chart(levels: ServiceLevels) -> dict[str, Any]:
    """The first column is the rest of this hour, so that the others are whole hours of the clock on the wall."""
    now, zone = levels.now, levels.period.zone
    full = now.replace(minute=0, second=0, microsecond=0)
    starts = [now, *(full + n * HOUR for n in range(1, int(AHEAD / HOUR)))]
    spans = list(zip(starts, [*starts[1:], full + AHEAD], strict=True))
    looks = (
        (Metric.RESOLUTION, {"colour": "sla-ok"}),
        (Metric.FIRST_RESPONSE, {"colour": "sla-risk", "pattern": "hatch"}),
    )
    series = []
    for metric, look in looks:
        numbers = [
            len({d.ticket for d in levels.deadlines if d.metric == metric and start <= d.due_at < end})
            for start, end in spans
        ]
        urls = [
            list_url(due_between(levels.scope, start, end, metric)) if n else ""
            for n, (start, end) in zip(numbers, spans, strict=True)
        ]
        series.append({"name": str(metric.label), "data": numbers, "urls": urls, **look})
    return {
        "kind": "bar",
        "stacked": True,
        "category_label": _("Hour"),
        "categories": [hour_name(start.astimezone(zone).replace(minute=0)) for start in starts],
        "description": _("Bar chart: deadlines that fall into each of the next 12 hours."),
        "series": series,
    }


def backlog_chart(levels: ServiceLevels) -> dict[str, Any]:
    looks: dict[int, dict[str, str]] = {
        1: {"colour": "p1"},
        2: {"colour": "p2", "pattern": "hatch"},
        3: {"colour": "p3"},
        4: {"colour": "p4", "pattern": "dots"},
        5: {"colour": "line-strong", "pattern": "hatch"},
    }
    groups = range(len(AGES) - 1)
    series = []
    for priority in Priority:
        numbers = [levels.backlog[group, priority] for group in groups]
        if not any(numbers):
            continue
        urls = [
            list_url(replace(aged(levels.scope, group, now=levels.now), priority=int(priority))) if n else ""
            for group, n in zip(groups, numbers, strict=True)
        ]
        series.append({"name": f"P{priority}", "data": numbers, "urls": urls, **looks[priority]})
    return {
        "kind": "bar",
        "horizontal": True,
        "stacked": True,
        "category_label": _("Age"),
        "categories": [_("< 1 d"), _("1–3 d"), _("3–7 d"), _("7–30 d"), _("> 30 d")],
        "description": _("Stacked bar chart of open tickets by age and priority."),
        "series": series,
    }


def heat(levels: ServiceLevels) -> Heat:
    """Arrivals by weekday and hour; from eight to eighteen o'clock at least, wider where something came outside."""
    numbers: Counter[tuple[int, int]] = Counter()
    for at, n in levels.flow.opened.items():
        if at.date() in levels.period:
            numbers[at.isoweekday(), at.hour] += n
    busy = [hour for _weekday, hour in numbers]
    hours = range(min([8, *busy]), max([18, *busy]) + 1)
    wanted = replace(levels.scope, opened_from=levels.period.starts_at, opened_to=levels.period.ends_at)

    def cell(weekday: int, hour: int) -> tuple[int, str]:
        n = numbers[weekday, hour]
        return n, list_url(replace(wanted, weekday=weekday, hour=hour)) if n else ""

    rows = [HeatRow(_weekdays()[day], [cell(day, hour) for hour in hours]) for day in range(1, 8)]
    peak = max(numbers.values(), default=0)
    peak_name = ""
    if peak:
        weekday, hour = min(place for place, n in numbers.items() if n == peak)
        peak_name = f"{_weekdays()[weekday]} {hour:02d}:00"
    return Heat([f"{hour:02d}" for hour in hours], rows, peak, peak_name)


def heat_words(found: Heat) -> str:
    words = _("Tickets opened in the period, by weekday and hour")
    return f"{words} · {_('peak %(hour)s') % {'hour': found.peak_name}}" if found.peak else words


def _weekdays() -> dict[int, str]:
    monday = datetime(2024, 1, 1)  # noqa: DTZ001 (only its name is used)
    return {n + 1: date_format(monday + timedelta(days=n), "D") for n in range(7)}
