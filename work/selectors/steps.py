"""The escalation steps of a clock as a page shows them: what each was planned for, when it was reached, whom it told, what
it did or why it did not, and which comes next."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.models import Team
from core.templatetags.portico import short_duration
from journal.models import Webhook
from slas.escalation import Deed, Reason
from slas.models import Clock, Escalation, EscalationNotice
from tickets.models import Priority
from work.wording import in_hours

LATE = timedelta(minutes=1)


class StepState(StrEnum):
    DONE = "done"
    LEFT_OUT = "left_out"  # its time came, and a rule kept it silent
    COLLAPSED = "collapsed"  # found late together with a later step: recorded, not sent
    PASSED = "passed"  # lay behind already when the promise changed
    NEXT = "next"
    PLANNED = "planned"
    WAITING = "waiting"  # once the clock runs again
    NOT_REACHED = "not_reached"  # the clock ended before


@dataclass(frozen=True)
class Step:
    """One step of the ladder. `what` says when it fires, `will` what it does, both in words. Of a step that was reached:
    `told` and `did` in words ("" = nobody, nothing), `late` how much later than planned it was found ("" = in time),
    `why` why it was silent. `planned_at` None = not known while the clock stands still."""

    what: str
    will: str
    state: StepState
    planned_at: datetime | None
    fired_at: datetime | None = None
    late: str = ""
    told: str = ""
    did: str = ""
    why: str = ""
    is_in_digest: bool = False

    @property
    def words(self) -> str:
        return _STATES[self.state]()


_STATES = {
    StepState.DONE: lambda: pgettext("escalation step", "Reached"),
    StepState.LEFT_OUT: lambda: pgettext("escalation step", "Told nobody"),
    StepState.COLLAPSED: lambda: pgettext("escalation step", "Not sent: found late together with a later step"),
    StepState.PASSED: lambda: pgettext("escalation step", "Passed over when the target changed"),
    StepState.NEXT: lambda: pgettext("escalation step", "Next"),
    StepState.PLANNED: lambda: pgettext("escalation step", "Planned"),
    StepState.WAITING: lambda: pgettext("escalation step", "Waits until the clock runs again"),
    StepState.NOT_REACHED: lambda: pgettext("escalation step", "Not reached"),
}

_REASONS = {
    Reason.ENDED: lambda: _("the clock had ended"),
    Reason.PRIORITY: lambda: _("it is for other priorities"),
    Reason.ASSIGNED: lambda: _("somebody owned the ticket"),
    Reason.ANSWERED: lambda: _("we had answered already"),
    Reason.QUIET: lambda: _("we had just written to the requester"),
}

_ROLES = {
    "assignee": lambda: _("the assignee"),
    "lead": lambda: _("the team lead"),
    "manager": lambda: _("the manager"),
    "owner": lambda: _("the service owner"),
}


def steps_of(clock: Clock, now: datetime) -> list[Step]:
    """The whole ladder of `clock`, in its order. One query, and one more each where a step names a team or a webhook."""
    told_by_digest = EscalationNotice.objects.filter(~Q(digest=""), escalation=OuterRef("pk"))
    reached = {
        escalation.step: escalation
        for escalation in Escalation.objects.filter(clock=clock, generation=clock.generation).annotate(
            is_in_digest=Exists(told_by_digest)
        )
    }
    names = _names(clock.ladder)
    return [
        _reached(rung, reached[n], names) if n in reached else _ahead(clock, n, rung, names, now)
        for n, rung in enumerate(clock.ladder)
    ]


def next_step(steps: Iterable[Step]) -> Step | None:
    return next((step for step in steps if step.state in (StepState.NEXT, StepState.WAITING)), None)


def when(rung: Mapping[str, Any]) -> str:
    """When a step fires, in words: "75 % of the time", "1h after the deadline"."""
    offset = timedelta(seconds=rung["offset"])
    places = {"length": in_hours(offset), "percent": rung["percent"]}
    if rung["percent"] == 100:
        words = (
            _("at the deadline")
            if not offset
            else (_("%(length)s after the deadline") if offset > timedelta(0) else _("%(length)s before the deadline"))
        )
    elif not offset:
        words = _("%(percent)s %% of the time")
    else:
        words = (
            _("%(length)s after %(percent)s %% of the time")
            if offset > timedelta(0)
            else _("%(length)s before %(percent)s %% of the time")
        )
    words %= places
    return _("%(when)s, at any hour") % {"when": words} if rung.get("any_hour") else words


def _reached(rung: Mapping[str, Any], escalation: Any, names: Mapping[tuple[str, int], str]) -> Step:
    outcome = escalation.outcome
    late_by = escalation.fired_at - escalation.planned_at
    state = StepState.DONE
    if escalation.is_collapsed:
        state = StepState.COLLAPSED
    elif outcome.get("left_out"):
        state = StepState.LEFT_OUT
    return Step(
        what=when(rung),
        will=_will(rung, names),
        state=state,
        planned_at=escalation.planned_at,
        fired_at=escalation.fired_at,
        late=short_duration(late_by) if late_by >= LATE else "",
        told=_in_a_row(person["name"] for person in outcome.get("told", [])),
        did=_in_a_row(map(_did, outcome.get("did", []))),
        why=_REASONS[Reason(outcome["left_out"])]() if outcome.get("left_out") in list(Reason) else "",
        is_in_digest=escalation.is_in_digest,
    )


def _ahead(clock: Clock, n: int, rung: Mapping[str, Any], names: Mapping[tuple[str, int], str], now: datetime) -> Step:
    planned_at = clock.fire_plan[n] if n < len(clock.fire_plan) else None
    if n < clock.step:
        state = StepState.PASSED
    elif clock.ended_at is not None:
        state, planned_at = StepState.NOT_REACHED, None
    elif clock.state == Clock.State.PAUSED:
        state, planned_at = StepState.WAITING if n == clock.step else StepState.PLANNED, None
    else:
        state = StepState.NEXT if n == clock.step else StepState.PLANNED
    if planned_at is not None and state is StepState.NEXT and clock.next_fire_at is not None:
        planned_at = max(planned_at, clock.next_fire_at) if clock.next_fire_at > now else planned_at
    return Step(what=when(rung), will=_will(rung, names), state=state, planned_at=planned_at)


def _will(rung: Mapping[str, Any], names: Mapping[tuple[str, int], str]) -> str:
    parts = []
    if people := _in_a_row(_ROLES[role]() for role in rung["notify"] if role in _ROLES):
        parts.append(_("tells %(people)s") % {"people": people})
    if rung.get("raise"):
        parts.append(_("raises the priority"))
    if rung.get("reassign_to"):
        parts.append(_("hands over to %(team)s") % {"team": names.get(("team", rung["reassign_to"]), "–")})
    if rung.get("webhook"):
        parts.append(_("calls %(name)s") % {"name": names.get(("webhook", rung["webhook"]), "–")})
    parts += _conditions(rung)
    return pgettext("between the parts of a sentence", "; ").join(parts)


def _conditions(rung: Mapping[str, Any]) -> Iterable[str]:
    if rung.get("priorities"):
        named = _in_a_row(Priority(priority).label for priority in rung["priorities"])
        yield _("only for %(priorities)s") % {"priorities": named}
    if rung.get("if_unassigned"):
        yield _("only while nobody owns it")
    if rung.get("if_unanswered"):
        yield _("only while we have not answered")
    if rung.get("quiet_for"):
        length = in_hours(timedelta(seconds=rung["quiet_for"]))
        yield _("quiet for %(length)s after a reply of ours") % {"length": length}


def _did(did: Mapping[str, Any]) -> str:
    match did["deed"]:
        case Deed.RAISED:
            return _("raised the priority to P%(priority)s") % {"priority": did["priority"]}
        case Deed.HANDED_OVER:
            return _("handed it over to %(team)s") % {"team": did["to"]}
    return _("called %(name)s") % {"name": did["to"]}


def _names(ladder: Collection[Mapping[str, Any]]) -> dict[tuple[str, int], str]:
    teams = {rung["reassign_to"] for rung in ladder if rung.get("reassign_to")}
    webhooks = {rung["webhook"] for rung in ladder if rung.get("webhook")}
    names = {("team", pk): name for pk, name in _pairs(Team, teams)}
    return names | {("webhook", pk): name for pk, name in _pairs(Webhook, webhooks)}


def _pairs(model: Any, keys: Collection[int]) -> Iterable[tuple[int, str]]:
    return model.objects.filter(pk__in=keys).values_list("pk", "name") if keys else ()


def _in_a_row(parts: Iterable[Any]) -> str:
    return pgettext("between the members of a list", ", ").join(str(part) for part in parts)
