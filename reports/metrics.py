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
    for metric in (  # the dashboard of service levels
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

SIGNS = {
    metric.key: metric
    for metric in (  # what stands beside every percentage, on the dashboard and on the page behind it
        NamedMetric(
            "open_breached",
            _("Open and late"),
            _(
                "Open tickets whose resolution deadline has passed. No percentage counts them yet: it counts a ticket in"
                " the period in which its clock ends. They are those of now, whatever the period."
            ),
        ),
        NamedMetric(
            "reopened",
            _("Reopened within 5 days"),
            _(
                "Tickets reopened in the period, at most 5 days (120 hours) after the resolution before it. A ticket that"
                " comes back so soon was not solved when its clock stopped."
            ),
        ),
        NamedMetric(
            "unasked",
            _("Waiting, but nobody asked"),
            _(
                "Tickets put on hold in the period to wait for the requester, without a public message of ours from the"
                " hold to its end: he cannot know that we wait for him. The time is that of these holds on the wall, up to"
                " now where they go on."
            ),
        ),
        NamedMetric(
            "passed_on",
            _("Handed over 3 times or more"),
            _(
                "Tickets handed from one team to another in the period for at least the third time in their life. The"
                " first team a ticket gets is no hand-over, nor is another person of the same team."
            ),
        ),
        NamedMetric(
            "chased",
            _("Asked again"),
            _(
                "Tickets on which the requester's side wrote in the period, though the last public message was theirs too"
                " (the first words of a ticket count) and the ticket was neither over nor waiting for the requester."
            ),
        ),
    )
}

BEHIND = {
    metric.key: metric
    for metric in (  # the page behind the percentages
        NamedMetric(
            "pauses",
            _("What tickets waited for"),
            _(
                "Holds that began in the period, by their reason: how many, on how many tickets, and how long they took"
                " on the wall, up to now where they go on."
            ),
        ),
        NamedMetric(
            "spread",
            _("How long it took"),
            _(
                "Half of the tickets took at most p50, three quarters at most p75, nine tenths at most p90; between two"
                " tickets it is interpolated. First response: tickets whose clock ended in the period. Resolution on the"
                " wall: from opening to the last resolution in the period; in working time: what the clock counted."
            ),
        ),
        NamedMetric(
            "court",
            _("Whose court"),
            _(
                "Every minute of the tickets resolved in the period, from opening to the last resolution, is given to one"
                " of them: outside the hours of the ticket's agreement to nobody; within, to the requester, a supplier or"
                " an approver while the ticket waited for one, else to the team that had it. The time between a resolution"
                " and a reopening is the requester's. A wait for a change, a problem or a date is ours."
            ),
        ),
    )
}
