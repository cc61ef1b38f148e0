"""The updates of one incident become its life: every change of state, assignment and priority at the time it was made.

The log's own updates are the truth. What it repeats in its final columns (resolved_at, closed_at) is only compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from django.utils.translation import gettext as _

from accounts.models import User
from incidents.history import PastIncident, route
from incidents.importing.people import Cast
from incidents.importing.servicenow import SOURCE, STATES, WAITS, Oddity, Update
from incidents.models import ResolutionCode
from incidents.states import ACTIVE, State
from tickets.models import Impact, Priority, Ticket, Urgency, WaitingReason

Matrix = Mapping[tuple[int, int], int]  # (impact, urgency) -> priority

LONGEST_SUBJECT, LONGEST_CATEGORY = 200, 60


@dataclass
class Replayed:
    """What came of one incident's updates. `made_sla` is the source's last word on it."""

    past: PastIncident
    n_updates: int
    made_sla: bool | None
    oddities: set[Oddity] = field(default_factory=set)


@dataclass(frozen=True)
class _Level:
    """Impact, urgency and priority of one update, and why the priority stands against the table."""

    impact: int
    urgency: int
    priority: int
    reason: str


def replay(number: str, updates: Sequence[Update], *, cast: Cast, matrix: Matrix, now: datetime) -> Replayed:
    """The life of incident `number`; `updates` in the order of the log, at least one."""
    return _Replay(number, updates, cast, matrix).run(now)


def straightened(times: Sequence[datetime]) -> list[datetime]:
    """The times in an order that never goes back, with as few of them changed as one rule can: either a time is never
    after a later one, or never before an earlier one."""
    lowered = list(times)
    for place in range(len(lowered) - 2, -1, -1):
        lowered[place] = min(lowered[place], lowered[place + 1])
    raised = list(times)
    for place in range(1, len(raised)):
        raised[place] = max(raised[place], raised[place - 1])

    def n_changed(candidate: list[datetime]) -> int:
        return sum(new != old for new, old in zip(candidate, times, strict=True))

    return min(lowered, raised, key=n_changed)


class _Replay:
    def __init__(self, number: str, updates: Sequence[Update], cast: Cast, matrix: Matrix) -> None:
        self.number, self.updates, self.cast, self.matrix = number, updates, cast, matrix
        self.oddities: set[Oddity] = set()
        self.times = straightened([update.at for update in updates])
        self.level = self._level(updates[0], None)
        self.past = PastIncident(self._ticket(), category=_category(updates[0]), priority_reason=self.level.reason)

    def run(self, now: datetime) -> Replayed:
        self._look_at_the_log()
        for update, at in zip(self.updates, self.times, strict=True):
            self._take(update, at)
        self._look_at_the_end()
        last = self.updates[-1]
        self.past.story.tell(
            "incident.imported", at=now, actor=None,
            data={
                "source": SOURCE, "number": self.number, "updates": len(self.updates), "made_sla": last.made_sla,
                "oddities": sorted(oddity.name.lower() for oddity in self.oddities), **last.references,
            },
        )  # fmt: skip
        return Replayed(self.past, len(self.updates), last.made_sla, self.oddities)

    # --- how it began ---

    def _ticket(self) -> Ticket:
        first = self.updates[0]
        opened_at = first.opened_at or self.times[0]
        if opened_at > self.times[0]:
            self.oddities.add(Oddity.EARLY)
        requester = self.cast.caller(self.updates[-1].caller)
        return Ticket(
            subject=_subject(first, self.number),
            requester=requester,
            organisation_id=requester.organisation_id,
            opened_by=self.cast.member(first.opener) or requester,
            opened_at=min(opened_at, self.times[0]),
            impact=self.level.impact,
            urgency=self.level.urgency,
            priority=self.level.priority,
            channel=first.channel,
            external_source=SOURCE,
            external_id=self.number,
        )

    # --- one update after the other ---

    def _take(self, update: Update, at: datetime) -> None:
        actor, past = self.cast.member(update.by), self.past
        past.categorise(category=_category(update), at=at, actor=actor)
        past.rename(subject=_subject(update, self.number), at=at, actor=actor)
        past.assign(team=self.cast.team(update.group), assignee=self.cast.member(update.assignee), at=at, actor=actor)
        level = self._level(update, self.level)
        if level != self.level:
            past.prioritise(
                impact=level.impact, urgency=level.urgency, priority=level.priority, reason=level.reason, at=at,
                actor=actor,
            )  # fmt: skip
            self.level = level
        self._become(update, at, actor)

    def _level(self, update: Update, before: _Level | None) -> _Level:
        """The source's priority is kept, whatever the table here says; what cannot be read stays as it was."""
        if None in (update.impact, update.urgency, update.priority):
            self.oddities.add(Oddity.NO_PRIORITY)
        impact = update.impact or (before.impact if before else Impact.MEDIUM)
        urgency = update.urgency or (before.urgency if before else Urgency.MEDIUM)
        ours = self.matrix[impact, urgency]
        priority = update.priority or ours
        if priority == ours:
            return _Level(impact, urgency, priority, "")
        self.oddities.add(Oddity.PRIORITY_KEPT)
        reason = _("Kept from the import; the table here says %(priority)s.") % {"priority": Priority(ours).label}
        return _Level(impact, urgency, priority, reason)

    def _become(self, update: Update, at: datetime, actor: User | None) -> None:
        """Go to the update's state along the machine, through the states between where the log left them out."""
        before, state = State(self.past.incident.state), STATES.get(update.state)
        if state is None:
            self.oddities.add(Oddity.UNKNOWN_STATE)
            return
        if state == State.NEW and before != State.NEW:
            self.oddities.add(Oddity.BACK_TO_NEW)
            state = State.IN_PROGRESS
        waits_for = WAITS.get(update.state)
        if (state, waits_for or "") == (before, self.past.ticket.waiting_reason):
            return
        for verb in route(before, state):
            self._do(verb, update, waits_for, at=at, actor=actor)

    def _do(
        self, verb: str, update: Update, waits_for: WaitingReason | None, *, at: datetime, actor: User | None
    ) -> None:
        past = self.past
        if verb == "hold" and waits_for:
            past.hold(reason=waits_for, at=at, actor=actor)
        elif verb == "resolve":
            past.resolve(code=ResolutionCode.OTHER, resolution=_resolution(update), at=at, actor=actor)
        elif verb == "cancel":
            past.cancel(reason=_("Cancelled in the source."), at=at, actor=actor)
        elif verb == "reopen":
            is_resolved = past.incident.state == State.RESOLVED
            self.oddities.add(Oddity.REOPENED if is_resolved else Oddity.REOPENED_CLOSED)
            past.reopen(at=at, actor=actor)
        else:
            {"start": past.start, "resume": past.resume, "close": past.close}[verb](at=at, actor=actor)

    # --- what is odd about it ---

    def _look_at_the_log(self) -> None:
        updates = self.updates
        counts = [update.n_modifications for update in updates if update.n_modifications is not None]
        self._note(Oddity.NOT_NEW, STATES.get(updates[0].state) != State.NEW)
        self._note(Oddity.TIME_GOES_BACK, any(later.at < earlier.at for earlier, later in pairwise(updates)))
        self._note(Oddity.COUNT_GOES_BACK, any(later <= earlier for earlier, later in pairwise(counts)))
        self._note(Oddity.COUNT_GAPS, any(later > earlier + 1 for earlier, later in pairwise(counts)))
        self._note(Oddity.NO_OPENER, updates[0].opener is None)
        self._note(Oddity.NEVER_ASSIGNED, not any(update.group or update.assignee for update in updates))

    def _look_at_the_end(self) -> None:
        last, ticket = self.updates[-1], self.past.ticket
        self._note(Oddity.NO_CALLER, last.caller is None)
        self._note(Oddity.STILL_OPEN, self.past.incident.state in ACTIVE)
        self._note(Oddity.NO_RESOLVER, ticket.resolved_at is not None and last.resolver is None)
        self._note(Oddity.OTHER_RESOLVED_AT, last.resolved_at is not None and last.resolved_at != ticket.resolved_at)
        self._note(Oddity.OTHER_CLOSED_AT, last.closed_at is not None and last.closed_at != ticket.closed_at)

    def _note(self, oddity: Oddity, is_so: bool) -> None:
        if is_so:
            self.oddities.add(oddity)


def _category(update: Update) -> str:
    return (update.category or "")[:LONGEST_CATEGORY]


def _subject(update: Update, number: str) -> str:
    """The anonymised log has no words; what it files an incident under stands for them."""
    under = ", ".join(part for part in (update.category, update.subcategory) if part)
    return ": ".join(part for part in (under, update.symptom) if part)[:LONGEST_SUBJECT] or number


def _resolution(update: Update) -> str:
    facts = ", ".join(part for part in (update.closed_code, update.resolver) if part)
    return _("Resolved in the source: %(facts)s") % {"facts": facts or _("nothing more is known")}
