"""The dashboard's tables as CSV files that a spreadsheet opens without running anything."""

import csv
import io
from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext as _

from reports.charts import backlog_chart, heat
from reports.service_levels import Part, ServiceLevels
from slas.models import PUBLIC_METRICS, Metric

Row = list[Any]

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(rows: Iterable[Row]) -> bytes:
    """UTF-8 with the mark that spreadsheets look for. A text that would start a formula gets a leading quote."""
    text = io.StringIO()
    csv.writer(text).writerows([_harmless(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _harmless(value: Any) -> Any:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_STARTS_A_FORMULA) else value


def days(levels: ServiceLevels) -> Iterable[Row]:
    names = [str(metric.label) for metric in PUBLIC_METRICS]
    yield [_("From"), _("To"), *(f"{name}: {what}" for name in names for what in (_("measured"), _("late"), "%"))]
    for step in levels.period.steps():
        tallies = [levels.tally(metric, step) for metric in PUBLIC_METRICS]
        yield [step.first, step.last, *(x for t in tallies for x in (t.n, t.n_late, t.percent))]


def services(levels: ServiceLevels) -> Iterable[Row]:
    yield from _parts(_("Service"), levels.by_service())


def customers(levels: ServiceLevels) -> Iterable[Row]:
    yield from _parts(_("Customer"), levels.by_customer())


def _parts(title: str, parts: list[Part]) -> Iterable[Row]:
    names = [str(Metric.RESOLUTION.label), str(Metric.FIRST_RESPONSE.label)]
    columns = (_("measured"), _("late"), "%", _("target"))
    yield [title, *(f"{name}: {column}" for name in names for column in columns)]
    for part in parts:
        tallies = (part.resolution, part.response)
        yield [part.name or _("No service"), *(x for t in tallies for x in (t.n, t.n_late, t.percent, t.target))]


def backlog(levels: ServiceLevels) -> Iterable[Row]:
    chart = backlog_chart(levels)
    yield [chart["category_label"], *(series["name"] for series in chart["series"])]
    for place, age in enumerate(chart["categories"]):
        yield [age, *(series["data"][place] for series in chart["series"])]


def arrivals(levels: ServiceLevels) -> Iterable[Row]:
    found = heat(levels)
    yield [_("Day"), *found.hours]
    for row in found.rows:
        yield [row.name, *(n for n, _url in row.cells)]


TABLES: dict[str, Callable[[ServiceLevels], Iterable[Row]]] = {
    "days": days,
    "services": services,
    "customers": customers,
    "backlog": backlog,
    "arrivals": arrivals,
}
