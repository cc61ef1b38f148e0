"""From what was read to what is shown: the large figures and the rows of the tables, each number with the address of its
tickets. Texts are in the reader's language, active while the page is made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.filters import NOBODY
from reports.metrics import METRICS, NamedMetric
from reports.selectors.attainment import breached_in, ended_in
from reports.selectors.flow import AGES, resolved_in
from reports.selectors.risk import SOON, due_between
from reports.service_levels import Part, ServiceLevels
from reports.words import HOUR, decimal, length, list_url, or_dash, signed
from slas.models import Metric

SPARK_POINTS = 8


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
        percent=or_dash(part.resolution.percent),
        response_percent=or_dash(part.response.percent),
        target=f"{part.resolution.target:g}" if part.resolution.target is not None else "",
        url=list_url(resolution),
        late_url=list_url(replace(resolution, outcome="breached")),
        response_url=list_url(response),
    )
