"""What the pages of the time machine show."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import User
from journal.models import Job
from slas.durations import in_hours
from slas.models import Agreement, BusinessCalendar, Metric
from slas.replay.face import summary_of, title_of
from slas.replay.findings import Findings, Outcome, Result
from slas.replay.job import KIND
from tickets.models import Priority, Ticket, WaitingReason

SHOWN = 50
KEPT = 12
MINUTE = timedelta(minutes=1)

Changed = list[Any]


@dataclass(frozen=True)
class Change:
    """One line of the list: a promise of a ticket whose result would be another."""

    ticket: Ticket
    metric: str
    before: str
    after: str
    is_better: bool
    is_worse: bool


@dataclass(frozen=True)
class Tally:
    """One line of the table: `before` and `after` are (met, breached, open, not promised)."""

    name: str
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """(before, after) of each column."""
        return list(zip(self.before, self.after, strict=True))


WANTED: dict[str, Callable[[Changed], bool]] = {
    "all": bool,
    "breached": lambda row: row[5] == Outcome.BREACHED,
    "met": lambda row: row[3] == Outcome.BREACHED and row[5] != Outcome.NONE,
    "other": lambda row: not WANTED["breached"](row) and not WANTED["met"](row),
}
"""The filters of the list: what is breached only now, what no longer is, and the rest (promised now, promised no more)."""

COLUMNS = (Outcome.MET, Outcome.BREACHED, Outcome.OPEN, Outcome.NONE)


def replays() -> QuerySet[Job]:
    return Job.objects.filter(kind=KIND).select_related("owner")


def recent_replays() -> list[tuple[Job, str, str]]:
    """(job, its title, its summary), newest first. Two queries."""
    jobs = list(replays().order_by("-id")[:KEPT])
    agreements = Agreement.objects.in_bulk({job.params["agreement"] for job in jobs})
    return [(job, title_of(job, agreements.get(job.params["agreement"])), summary_of(job)) for job in jobs]


def terms_of(job: Job) -> list[str]:
    """What was tried that the agreement itself does not say."""
    found = []
    if job.params.get("calendar") is not None:
        calendar = BusinessCalendar.objects.filter(pk=job.params["calendar"]).first()
        found.append(_("with the calendar %(calendar)s") % {"calendar": calendar})
    if job.params.get("pauses_on") is not None:
        reasons = ", ".join(str(WaitingReason(reason).label) for reason in job.params["pauses_on"])
        found.append(
            _("paused only while waiting for: %(reasons)s") % {"reasons": reasons} if reasons else _("never paused")
        )
    return found


def counts(findings: Findings) -> dict[str, int]:
    """{filter: the lines it leaves}."""
    return {key: sum(map(is_wanted, findings.changed)) for key, is_wanted in WANTED.items()}


def changes(findings: Findings, *, wanted: str, start: int, reader: User) -> list[Change]:
    """The SHOWN lines from `start`: the largest difference first. Tickets that the reader may not see are left out. One
    query."""
    rows = sorted(filter(WANTED[wanted], findings.changed), key=lambda row: (row[6] - row[4], row[0], row[1]))
    shown = rows[start : start + SHOWN]
    tickets = Ticket.objects.visible_to(reader).in_bulk([row[0] for row in shown])
    return [_change(tickets[row[0]], row) for row in shown if row[0] in tickets]


def by_metric(findings: Findings) -> list[Tally]:
    """One line per metric."""
    return [
        Tally(str(Metric(metric).label), *_sums(findings.counts[metric].values()))
        for metric in Metric.values
        if metric in findings.counts
    ]


def breaches_by_priority(findings: Findings) -> dict[str, Any]:
    """The chart, and the table beside it (templates/components/README.md)."""
    priorities = [p for p in Priority if any(str(int(p)) in found for found in findings.counts.values())]
    tallies = [
        _sums([found[str(int(p))] for found in findings.counts.values() if str(int(p)) in found]) for p in priorities
    ]
    return {
        "kind": "bar",
        "category_label": _("Priority"),
        "categories": [f"P{int(priority)}" for priority in priorities],
        "description": _("Bar chart: breaches of each priority as they were, and as they would be."),
        "series": [
            {"name": _("As recorded"), "data": [before[1] for before, _after in tallies], "colour": "p4"},
            {"name": _("In the replay"), "data": [after[1] for _before, after in tallies], "colour": "sla-breach", "pattern": "hatch"},
        ],
    }  # fmt: skip


def words_of(result: Result) -> str:
    length = in_hours(abs(timedelta(seconds=result.left)) // MINUTE * MINUTE)
    match result.outcome:
        case Outcome.NONE:
            return pgettext("result of a promise", "not promised")
        case Outcome.BREACHED:
            return _("late by %(length)s") % {"length": length}
        case Outcome.OPEN:
            return _("open, %(length)s left") % {"length": length}
        case Outcome.MET:
            return _("in time, %(length)s left") % {"length": length}


def _change(ticket: Ticket, row: Changed) -> Change:
    before, after = Result(Outcome(row[3]), row[4]), Result(Outcome(row[5]), row[6])
    return Change(
        ticket=ticket, metric=str(Metric(row[1]).label), before=words_of(before), after=words_of(after),
        is_better=WANTED["met"](row), is_worse=WANTED["breached"](row),
    )  # fmt: skip


def _sums(pairs: Iterable[list[dict[str, int]]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    found = list(pairs)
    return (
        tuple(sum(pair[0].get(outcome, 0) for pair in found) for outcome in COLUMNS),
        tuple(sum(pair[1].get(outcome, 0) for pair in found) for outcome in COLUMNS),
    )
