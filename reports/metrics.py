"""The named metrics: what each number means, in words its reader can check."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class NamedMetric:
    key: str
    name: Any
    formula: Any


METRICS = {
    metric.key: metric
    for metric in (
        NamedMetric(
            "resolution_attainment",
            _("Resolved in time"),
            _(
                "Tickets whose resolution clock ended in the period not later than its deadline, divided by all tickets"
                " whose resolution clock ended in the period. Clocks of a promise that was changed or of a cancelled"
                " ticket do not count. Rounded down: 99.99 % is not 100 %. Deadlines are in working time of the agreement's calendar; pauses move them."
            ),
        ),
        NamedMetric(
            "response_attainment",
            _("Answered in time"),
            _(
                "The same for the first response: the clock ends with the first public message of a human agent, or"
                " with the resolution."
            ),
        ),
        NamedMetric(
            "breached",
            _("Breached"),
            _(
                "Tickets with at least one deadline in the period that passed before the clock ended. A breach is a"
                " fact of the data: it counts whether or not anybody was warned, and stays when the ticket is resolved."
            ),
        ),
        NamedMetric(
            "will_breach",
            _("Due in the next 8 hours"),
            _("Tickets with a running clock whose deadline lies within the next 8 hours, by the clock on the wall."),
        ),
        NamedMetric(
            "backlog",
            _("Open backlog"),
            _(
                "Tickets that are new, in progress or on hold now. The change is against the start of the period: what"
                " was opened since, less what was resolved, closed or cancelled since."
            ),
        ),
        NamedMetric(
            "time_to_resolve",
            _("Time to resolve"),
            _(
                "Time on the wall from opening to the last resolution, waiting included, of tickets resolved in the"
                " period. The median is shown large, because a few long cases move the mean; the mean stands beside it."
            ),
        ),
        NamedMetric(
            "forecast",
            _("Deadlines ahead"),
            _("Tickets with a running clock, by the hour its deadline falls into. A ticket can stand in both rows."),
        ),
        NamedMetric(
            "backlog_age",
            _("Backlog by age"),
            _("Open tickets by the time since they were opened and by their priority now."),
        ),
        NamedMetric(
            "arrivals",
            _("When tickets arrive"),
            _("Tickets opened in the period by weekday and hour of your time zone, summed up."),
        ),
        NamedMetric(
            "by_service",
            _("Attainment by service and by customer"),
            _(
                "As above, per service and per customer. The target is the one of the agreements measured; where"
                " several apply, their average weighted by the number of tickets."
            ),
        ),
        NamedMetric(
            "at_risk",
            _("At risk now"),
            _(
                "Open tickets whose nearest running deadline has passed or lies within the next 24 hours. Shown are those"
                " nearest to now."
            ),
        ),
    )
}
