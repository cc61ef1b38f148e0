"""The digest: one letter for everything a large sweep found for one person (work.digest decides when)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from accounts.models import User
from slas.escalation import Deed
from slas.models import EscalationNotice, Metric
from tickets.models import Ticket
from work.digest import facts_of, notice_of

SHOWN = 100
"""Lines of one group; the rest is counted."""

LATE = timedelta(minutes=1)
"""What comes later than this says so."""

TITLES = {
    "breach": pgettext_lazy("digest", "Deadlines missed"),
    "warning": pgettext_lazy("digest", "Deadlines ahead"),
}


@dataclass(frozen=True)
class Line:
    """One step of one ticket. `late_by` None = in time; `done` are words for what the step did besides."""

    ticket: Ticket
    url: str
    metric: str
    percent: int
    due_at: datetime | None
    late_by: timedelta | None
    done: str


@dataclass(frozen=True)
class Group:
    title: str
    lines: list[Line]
    n_lines: int

    @property
    def n_more(self) -> int:
        return self.n_lines - len(self.lines)

    @property
    def more(self) -> str:
        """Words for the lines that are not shown."""
        return pgettext("digest", "and %(n)s more") % {"n": self.n_more} if self.n_more else ""


def digest_of(person: User, digest: str) -> list[Group]:
    """What `person` is told under that key, as far as he may still see the tickets: missed deadlines first, in each group
    the most urgent priority first. Four queries."""
    notices = list(
        EscalationNotice.objects.filter(person=person, digest=digest)
        .prefetch_related("escalation__clock")
        .order_by("pk")
    )
    seen = Ticket.objects.visible_to(person).in_bulk({notice.escalation.clock.ticket_id for notice in notices})
    by_kind: dict[str, list[EscalationNotice]] = {kind: [] for kind in TITLES}
    for notice in notices:
        if notice.escalation.clock.ticket_id in seen:
            by_kind[notice_of(notice.escalation)].append(notice)
    return [_group(kind, found, seen) for kind, found in by_kind.items() if found]


def late_by(seconds: int) -> timedelta | None:
    late = timedelta(seconds=seconds)
    return late if late >= LATE else None


def _group(kind: str, notices: Iterable[EscalationNotice], tickets: dict[int, Ticket]) -> Group:
    lines = [_line(notice, tickets[notice.escalation.clock.ticket_id]) for notice in notices]
    far = datetime.max.replace(tzinfo=UTC)
    lines.sort(key=lambda line: (line.ticket.priority, line.due_at or far))
    return Group(str(TITLES[kind]), lines[:SHOWN], len(lines))


def _line(notice: EscalationNotice, ticket: Ticket) -> Line:
    escalation = notice.escalation
    facts = facts_of(escalation)
    return Line(
        ticket=ticket, url=settings.SITE_URL + ticket.get_absolute_url(), metric=str(Metric(facts["metric"]).label),
        percent=facts["percent"], due_at=escalation.clock.due_at, late_by=late_by(facts["late_by"]),
        done=pgettext("between the parts of a sentence", "; ").join(map(_deed, escalation.outcome.get("did", []))),
    )  # fmt: skip


def _deed(did: dict[str, Any]) -> str:
    match did["deed"]:
        case Deed.RAISED:
            return _("priority raised to P%(priority)s") % {"priority": did["priority"]}
        case Deed.HANDED_OVER:
            return _("handed over to %(team)s") % {"team": did["to"]}
    return _("called %(name)s") % {"name": did["to"]}
