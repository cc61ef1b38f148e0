"""Availability as charts (templates/components/README.md): every bar leads to its outages."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from slas.outages.periods import Length, Period
from slas.outages.selectors import PLANNED, UNPLANNED, Line
from slas.outages.wording import LENGTHS, part_name, percent


def list_url(period: Period, *, service: int | None = None, kind: str = "") -> str:
    """The list of exactly these outages."""
    asked = {"service": service, "kind": kind, "period": period.length.value, "day": period.first.isoformat()}
    return f"{reverse('slas:outages')}?{urlencode({name: value for name, value in asked.items() if value})}"


def budget_chart(lines: Sequence[Line], period: Period) -> dict[str, Any]:
    """How much of each error budget is used, in percent of it: 100 is all of it. Untouched ones are left to the table."""
    promised = [line for line in lines if line.availability.allowed and line.availability.down]
    used = [_used(line) for line in promised]
    urls = [
        list_url(period, service=line.commitment.service.pk, kind=UNPLANNED) if line.n_outages else ""
        for line in promised
    ]
    return {
        "kind": "bar",
        "horizontal": True,
        "unit": " %",
        "min": 0,
        "max": max(100, *used) if used else 100,
        "target": {"value": 100, "label": _("All of it")},
        "category_label": _("Service"),
        "categories": [_name(line) for line in promised],
        "description": _("Bar chart of the share of each error budget that is used up."),
        "series": [{"name": _("Error budget used"), "data": used, "urls": urls, "colour": "sla-risk", "pattern": "hatch"}],
    }  # fmt: skip


def course_chart(line: Line, parts: Sequence[tuple[Period, Line]]) -> dict[str, Any]:
    """The achieved share of each part of the period against its target."""
    service, target = line.commitment.service.pk, line.commitment.target
    achieved = [None if (share := part.availability.achieved) is None else float(share) for _period, part in parts]
    lowest = min([share for share in achieved if share is not None] + ([float(target)] if target else []), default=99.0)
    chart: dict[str, Any] = {
        "kind": "line",
        "unit": " %",
        "min": max(0.0, float(int(lowest - 0.5))),
        "max": 100,
        "category_label": str(LENGTHS[parts[0][0].length]) if parts else str(LENGTHS[Length.DAY]),
        "categories": [part_name(period) for period, _part in parts],
        "description": _("Line chart of the availability achieved."),
        "series": [
            {
                "name": _("Available"),
                "data": achieved,
                "urls": [
                    list_url(period, service=service) if part.n_outages + part.n_planned else ""
                    for period, part in parts
                ],
                "colour": "brand",
                "area": True,
            }
        ],
    }
    if target is not None:
        label = _("Target %(target)s %%") % {"target": percent(target)}
        chart["target"] = {"value": float(target), "label": label}
    return chart


def planned_url(line: Line, period: Period) -> str:
    return list_url(period, service=line.commitment.service.pk, kind=PLANNED)


def _used(line: Line) -> float:
    found = line.availability
    return round(100 * (found.down / found.allowed), 1) if found.allowed else 0.0


def _name(line: Line) -> str:
    """The service, with the customer where several are promised something about it."""
    service, agreement = line.commitment.service, line.commitment.agreement
    if agreement is not None and agreement.customer is not None:
        return f"{service} ({agreement.customer})"
    return str(service)
