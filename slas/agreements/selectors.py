"""Reads for the pages about agreements."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import pgettext_lazy

from journal.models import Event
from slas.agreements.risks import Risk, risks_of
from slas.agreements.services import SUBJECT_KIND
from slas.agreements.wording import telling
from slas.models import Agreement, AgreementQuerySet, EscalationStep, Target
from tickets.models import Ticket

SOON = timedelta(days=30)


class Standing(StrEnum):
    """Where a version stands on a day."""

    DRAFT = "draft"
    AHEAD = "ahead"
    IN_FORCE = "in_force"
    ENDED = "ended"


STANDING_WORDS = {
    Standing.DRAFT: pgettext_lazy("agreement", "Draft"),
    Standing.AHEAD: pgettext_lazy("agreement", "Begins later"),
    Standing.IN_FORCE: pgettext_lazy("agreement", "In force"),
    Standing.ENDED: pgettext_lazy("agreement", "Ended"),
}
STANDING_PHASES = {
    Standing.DRAFT: "new", Standing.AHEAD: "waiting", Standing.IN_FORCE: "open", Standing.ENDED: "closed",
}  # fmt: skip
"""The shape that the mark of a standing has: that of a ticket's phase."""


def standing_of(agreement: Agreement, today: date) -> Standing:
    if agreement.is_draft:
        return Standing.DRAFT
    if agreement.end_date is not None and agreement.end_date <= today:
        return Standing.ENDED
    return Standing.AHEAD if agreement.start_date > today else Standing.IN_FORCE


@dataclass
class AgreementLine:
    """One version in the list."""

    agreement: Agreement
    standing: Standing
    is_review_due: bool
    is_review_soon: bool
    n_risks: int = 0

    @property
    def words(self) -> str:
        return str(STANDING_WORDS[self.standing])

    @property
    def shape(self) -> str:
        return STANDING_PHASES[self.standing]


def with_everything() -> AgreementQuerySet:
    """Versions with all that their document shows. Five queries."""
    return Agreement.objects.select_related("calendar", "customer", "team", "supplier", "replaces").prefetch_related(
        "services",
        Prefetch("targets", queryset=Target.objects.select_related("calendar")),
        Prefetch("steps", queryset=EscalationStep.objects.select_related("reassigns_to", "webhook")),
    )


def agreement_lines(*, is_past: bool, kind: str, now: datetime) -> list[AgreementLine]:
    """What is in force, begins later or is drafted; with `is_past` what has ended. By kind, then by party and name."""
    today = now.date()
    has_ended = ~Q(state=Agreement.State.DRAFT) & Q(end_date__isnull=False, end_date__lte=today)
    rows = Agreement.objects.filter(has_ended if is_past else ~has_ended)
    if kind in Agreement.Kind.values:
        rows = rows.filter(kind=kind)
    found = list(rows.select_related("customer", "team", "supplier", "calendar").prefetch_related("services"))
    risks = Counter[int]() if is_past else _n_risks(found, today)
    order = [str(each) for each in Agreement.Kind.values]
    lines = [_line(row, today, risks[row.pk]) for row in found]
    return sorted(lines, key=lambda line: _place(line.agreement, order, newest_first=is_past))


def _place(row: Agreement, order: Sequence[str], *, newest_first: bool) -> tuple[object, ...]:
    party = row.customer or row.team or row.supplier
    when = -(row.end_date or date.max).toordinal() if newest_first else 0
    return when, order.index(row.kind), party is not None, str(party or ""), row.name, -row.version


def _line(row: Agreement, today: date, n_risks: int) -> AgreementLine:
    standing = standing_of(row, today)
    days = row.review_date - today if row.review_date and standing is not Standing.ENDED else None
    is_due = days is not None and days <= timedelta(0)
    return AgreementLine(row, standing, is_due, days is not None and timedelta(0) < days <= SOON, n_risks)


def _n_risks(rows: Iterable[Agreement], today: date) -> Counter[int]:
    found: Counter[int] = Counter()
    for risk in risks_of(rows, on=today):
        found.update((risk.promised_by.pk, risk.carrier.pk))
    return found


def n_reviews_due(*, today: date) -> int:
    """Agreements in force that should have been looked at again."""
    return Agreement.objects.active().in_force(today).filter(review_date__lte=today).count()


def versions_of(agreement: Agreement) -> list[Agreement]:
    """All versions of the document, the newest first."""
    return list(Agreement.objects.filter(name=agreement.name).order_by("-version"))


def agreement_risks(agreement: Agreement, *, now: datetime) -> list[Risk]:
    """The risks of a version and of what stands on it, as of today or the day it begins. None of one that has ended."""
    if standing_of(agreement, now.date()) is Standing.ENDED:
        return []
    return risks_of([agreement], on=max(now.date(), agreement.start_date))


@dataclass(frozen=True)
class Told:
    """One line of the history: who did what, and when."""

    event: Event
    words: str = field(default="")


def history_of(versions: Iterable[Agreement]) -> list[Told]:
    """What was done to a document, the newest first. One query."""
    events = Event.objects.filter(subject_kind=SUBJECT_KIND, subject_id__in=[row.pk for row in versions])
    return [Told(event, telling(event)) for event in events.select_related("actor").order_by("-id")[:200]]


def tickets_this_month(versions: Iterable[Agreement], *, zone: str, now: datetime) -> QuerySet[Ticket]:
    """The tickets opened since the first of the month, in that zone, that any version of the document has a clock on."""
    first = now.astimezone(ZoneInfo(zone)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    keys = [row.pk for row in versions]
    return Ticket.objects.filter(opened_at__gte=first, clocks__agreement__in=keys).distinct()
