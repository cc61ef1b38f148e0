"""From what was read to what is shown: figures, charts and tables, each number with the address of its tickets.

Texts are in the reader's language and times in his zone, both active while the page is made.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from reports.filters import NOBODY, TicketFilter
from reports.metrics import METRICS, NamedMetric
from reports.periods import Period
from reports.selectors.attainment import breached_in, ended_in
from reports.selectors.flow import AGES, aged, resolved_in
from reports.selectors.risk import AHEAD, SOON, due_between
from reports.service_levels import Part, ServiceLevels
from slas.models import Metric
from tickets.models import Priority

HOUR = timedelta(hours=1)
TWO_DAYS = timedelta(days=2)
SPARK_POINTS = 8
FEW = 3


@dataclass(frozen=True)
class Figure:
    """One large number. `change` is against the period before ("+1.1 pt"), `trend` "up", "down" or "", `is_better`
    None where neither is; `note` stands beside it and leads to `note_url`."""

    metric: NamedMetric
    value: str
    unit: str
    url: str
    change: str = ""
    trend: str = ""
    is_better: bool | None = None
    note: str = ""
    note_url: str = ""
    spark: Sequence[float] = ()


@dataclass(frozen=True)
class PartRow:
    """One line of the tables by service and by customer: the words of its shares, and the addresses of its numbers."""

    name: str
    part: Part
    percent: str
    response_percent: str
    target: str
    url: str
    late_url: str
    response_url: str


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


def list_url(wanted: TicketFilter) -> str:
    """The queue of exactly these tickets."""
    return f"{_queue()}?{wanted.query_string()}"


@cache
def _queue() -> str:
    """Looked up once: a page has hundreds of links to it."""
    return reverse("desk:queue")


# --- figures -----------------------------------------------------------------------------------------------------


def figures(levels: ServiceLevels) -> list[Figure]:
    return [
        _attainment(levels, METRICS["resolution_attainment"], Metric.RESOLUTION),
        _attainment(levels, METRICS["response_attainment"], Metric.FIRST_RESPONSE),
        _breached(levels),
        _will_breach(levels),
        _backlog(levels),
        _speed(levels),
    ]


def _attainment(levels: ServiceLevels, named: NamedMetric, metric: str) -> Figure:
    tally, before = levels.tally(metric, levels.period), levels.tally(metric, levels.period.before())
    wanted = ended_in(levels.scope, levels.period, metric)
    course = [levels.tally(metric, part).percent for part in levels.period.parts(SPARK_POINTS)]
    figure = Figure(
        metric=named,
        value="–" if tally.percent is None else decimal(tally.percent),
        unit="" if tally.percent is None else "%",
        url=list_url(wanted) if tally.n else "",
        spark=[percent for percent in course if percent is not None],
    )
    if not tally.n:
        return replace(figure, note=_("nothing measured"))
    words = _("%(late)d late of %(n)d") % {"late": tally.n_late, "n": tally.n}
    figure = replace(figure, note=words, note_url=list_url(replace(wanted, outcome="breached")))
    if tally.percent is None or before.percent is None:
        return figure
    change = round(tally.percent - before.percent, 1)
    return _changed(figure, change, _("%(change)s pt") % {"change": signed(change)}, more_is_better=True)


def _breached(levels: ServiceLevels) -> Figure:
    before = levels.period.before()
    n, n_before = len(levels.breached_tickets(levels.period)), len(levels.breached_tickets(before))
    figure = Figure(
        metric=METRICS["breached"],
        value=str(n),
        unit="",
        url=list_url(breached_in(levels.scope, levels.period, now=levels.now)),
        note=_("%(n)d before") % {"n": n_before},
        note_url=list_url(breached_in(levels.scope, before, now=levels.now)),
        spark=[len(levels.breached_tickets(part)) for part in levels.period.parts(SPARK_POINTS)],
    )
    return _changed(figure, n - n_before, signed(n - n_before), more_is_better=False)


def _will_breach(levels: ServiceLevels) -> Figure:
    wanted = due_between(levels.scope, levels.now, levels.now + SOON)
    soon = [deadline for deadline in levels.deadlines if deadline.due_at < levels.now + SOON]
    n_alone = len({deadline.ticket for deadline in soon if not deadline.has_owner})
    hours = [levels.now + n * HOUR for n in range(8)]
    return Figure(
        metric=METRICS["will_breach"],
        value=str(len({deadline.ticket for deadline in soon})),
        unit="",
        url=list_url(wanted),
        note=ngettext("%(n)d without owner", "%(n)d without owner", n_alone) % {"n": n_alone},
        note_url=list_url(replace(wanted, assignee=NOBODY)),
        spark=[len({d.ticket for d in soon if at <= d.due_at < at + HOUR}) for at in hours],
    )


def _backlog(levels: ServiceLevels) -> Figure:
    n = levels.backlog.total()
    today = levels.now.astimezone(levels.period.zone).date()
    since = replace(levels.period, last=today)
    change = levels.flow.n_opened(since) - levels.flow.n_ended(since)
    week = AGES.index(timedelta(days=7))
    n_old = sum(number for (group, _priority), number in levels.backlog.items() if group >= week)
    course = [n - change]
    for part in since.parts(SPARK_POINTS):
        course.append(course[-1] + levels.flow.n_opened(part) - levels.flow.n_ended(part))
    figure = Figure(
        metric=METRICS["backlog"],
        value=str(n),
        unit="",
        url=list_url(replace(levels.scope, phase="active")),
        note=_("%(n)d older than 7 d") % {"n": n_old},
        note_url=list_url(replace(levels.scope, phase="active", opened_to=levels.now - timedelta(days=7))),
        spark=course,
    )
    return _changed(figure, change, signed(change), more_is_better=False)


def _speed(levels: ServiceLevels) -> Figure:
    speed, before = levels.speed, levels.speed_before
    url = list_url(resolved_in(levels.scope, levels.period))
    if speed.median is None or speed.mean is None:
        return Figure(METRICS["time_to_resolve"], "–", "", "", note=_("nothing resolved"))
    value, unit = length(speed.median)
    figure = Figure(
        metric=METRICS["time_to_resolve"],
        value=value,
        unit=unit,
        url=url,
        note=_("mean %(mean)s") % {"mean": " ".join(length(speed.mean))},
        spark=[mean / HOUR for part in levels.period.parts(SPARK_POINTS) if (mean := levels.flow.mean(part))],
    )
    if before.median is None:
        return figure
    change = speed.median - before.median
    words = " ".join(length(change, with_sign=True))
    return _changed(figure, round(change / HOUR, 1), words, more_is_better=False)


def _changed(figure: Figure, change: float, words: str, *, more_is_better: bool) -> Figure:
    if not change:
        return figure
    trend = "up" if change > 0 else "down"
    return replace(figure, change=words, trend=trend, is_better=(change > 0) == more_is_better)


def part_row(part: Part, levels: ServiceLevels, *, nameless: str) -> PartRow:
    resolution = ended_in(part.wanted, levels.period, Metric.RESOLUTION)
    response = ended_in(part.wanted, levels.period, Metric.FIRST_RESPONSE)
    return PartRow(
        name=part.name or nameless,
        part=part,
        percent=_or_dash(part.resolution.percent),
        response_percent=_or_dash(part.response.percent),
        target=f"{part.resolution.target:g}" if part.resolution.target is not None else "",
        url=list_url(resolution),
        late_url=list_url(replace(resolution, outcome="breached")),
        response_url=list_url(response),
    )


# --- charts: data for the chart component (templates/components/README.md) -------------------------------------------


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
        "resolution": _or_dash(shares[Metric.RESOLUTION]),
        "response": _or_dash(shares[Metric.FIRST_RESPONSE]),
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


# --- words ---------------------------------------------------------------------------------------------------------


def period_words(period: Period) -> str:
    return _("%(first)s to %(last)s") % {
        "first": date_format(period.first, "DATE_FORMAT"),
        "last": date_format(period.last, "DATE_FORMAT"),
    }


def day_name(day: date) -> str:
    return date_format(day, pgettext("short date format, as Django writes them", "j M"))


def hour_name(at: datetime) -> str:
    return f"{at:%H:%M}"


def decimal(value: float) -> str:
    return number_format(value, decimal_pos=1)


def signed(value: float) -> str:
    """With a real minus sign; "" for no change is the caller's affair."""
    number = number_format(abs(value), decimal_pos=1 if isinstance(value, float) else 0)
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{number}"


def length(value: timedelta, *, with_sign: bool = False) -> tuple[str, str]:
    """A number and its unit: hours up to two days, then days."""
    unit, name = (HOUR, _("h")) if abs(value) < TWO_DAYS else (timedelta(days=1), _("d"))
    number = round(value / unit, 1)
    return (signed(number) if with_sign else decimal(number)), name


def _or_dash(value: float | None) -> str:
    return "–" if value is None else decimal(value)
