"""What an agreement must not say, found when it is saved or activated, naming the field and the rule (BEHAVIOUR.md rule 6).

Refused when saved: what makes no sense in its own field. Refused when activated: what makes no sense together. A warning
is said and refuses nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from slas import durations
from slas.agreements.document import Document, field_label
from slas.agreements.wording import step_words
from slas.calendars import pure_calendar
from slas.clock import NoWorkingTime, add_working
from slas.models import Agreement, BusinessCalendar, EscalationStep, Metric, Target
from tickets.models import Priority, WaitingReason

LONGEST = timedelta(days=1095)
"""Three years: nothing that is promised lies as far ahead, by the calendar on the wall (BEHAVIOUR.md 4.2)."""


class Stage(StrEnum):
    SAVE = "save"
    ACTIVATE = "activate"
    WARN = "warn"


@dataclass(frozen=True)
class Problem:
    """`field` is a name of the form ("end_date", "resolution_1", "step_42"), `where` the same in words."""

    field: str
    where: str
    rule: str
    stage: Stage = Stage.ACTIVATE

    @property
    def refuses(self) -> bool:
        return self.stage is not Stage.WARN

    def __str__(self) -> str:
        return f"{self.where}: {self.rule}" if self.where else self.rule


def problems_of(document: Document, *, now: datetime) -> list[Problem]:
    """All that is wrong with a version as it stands, what refuses first."""
    found = [
        *field_problems(document.agreement),
        *_party_problems(document),
        *_date_problems(document.agreement, now.date()),
        *(problem for target in document.targets for problem in target_problems(target, now=now)),
        *_missing_targets(document),
        *_pause_warnings(document),
        *(problem for step in document.steps for problem in step_problems(step, document)),
    ]
    return sorted(found, key=lambda problem: not problem.refuses)


def refuse(problems: Sequence[Problem]) -> None:
    """Raise a ValidationError by field for those of `problems` that refuse, if there are any."""
    by_field: dict[str, Any] = {}
    for problem in problems:
        if problem.refuses:
            by_field.setdefault(problem.field, []).append(problem.rule)
    if by_field:
        raise ValidationError(by_field)


# --- fields --------------------------------------------------------------------------------------------------------


def field_problems(agreement: Agreement) -> Iterator[Problem]:
    """What makes no sense in the document's fields, whatever its targets."""

    def problem(field: str, rule: str) -> Problem:
        return Problem(field, field_label(field), rule, Stage.SAVE)

    start, end, review = agreement.start_date, agreement.end_date, agreement.review_date
    if end is not None and end <= start:
        yield problem("end_date", _("It must end after the day it begins."))
    if review is not None and review < start:
        yield problem("review_date", _("It cannot be reviewed before it begins."))
    if review is not None and end is not None and review > end:
        yield problem("review_date", _("It cannot be reviewed after it has ended."))
    if not 1 <= agreement.attainment_target <= 100:
        yield problem("attainment_target", _("It must be a percentage from 1 to 100."))
    availability = agreement.availability_target
    if availability is not None and not 0 < availability <= 100:
        yield problem("availability_target", _("It must be a percentage above 0, up to 100."))
    if agreement.workload_limit is not None and agreement.workload_limit < 1:
        yield problem("workload_limit", _("It must allow at least one ticket, or be left empty."))
    for rule in _pause_clashes(agreement):
        yield problem("pauses_on", rule)


def _pause_clashes(agreement: Agreement) -> Iterator[str]:
    """A pause that is part of the start: the clock would stand still for ever. One that excludes the start: it would
    never pause. Both are refused (BEHAVIOUR.md, correction to rule 6)."""
    if agreement.kind != Agreement.Kind.UC:
        return
    supplier = WaitingReason.SUPPLIER
    if supplier in agreement.pauses_on:
        yield _(
            "“%(pause)s” is when the supplier's clock starts: a pause on the same would hold it from its first second, and it would never count."
        ) % {"pause": supplier.label}  # fmt: skip
    others = [str(WaitingReason(reason).label) for reason in agreement.pauses_on if reason != supplier]
    if others:
        yield _(
            "The supplier's clock only counts during “%(start)s”, and a ticket waits for one thing at a time: “%(pauses)s” could never pause it. Leave it out."
        ) % {"start": supplier.label, "pauses": "”, “".join(others)}  # fmt: skip


def _party_problems(document: Document) -> Iterator[Problem]:
    """With whom, and about what: an agreement that could never apply to a ticket."""
    agreement = document.agreement
    if agreement.team is not None and not agreement.team.is_active:
        rule = _("%(name)s takes no tickets any more, so its clock could never count.")
        yield Problem("team", field_label("team"), rule % {"name": agreement.team.name})
    for field, party in (("customer", agreement.customer), ("supplier", agreement.supplier)):
        if party is not None and not party.is_active:
            rule = _("%(name)s is not active any more, so it could never apply.")
            yield Problem(field, field_label(field), rule % {"name": party.name})
    retired = [service.name for service in document.services if service.state != service.State.LIVE]
    if retired and len(retired) == len(document.services):
        yield Problem("services", field_label("services"), _("None of its services is live, so it could never apply."))
    elif retired:
        rule = _("Not live any more: %(names)s.") % {"names": ", ".join(retired)}
        yield Problem("services", field_label("services"), rule, Stage.WARN)
    if agreement.kind == Agreement.Kind.OLA and document.services:
        foreign = [service.name for service in document.services if service.support_team_id != agreement.team_id]
        if len(foreign) == len(document.services):
            rule = _("Another team supports every service it names: its clock counts only after a hand-over.")
            yield Problem("services", field_label("services"), rule, Stage.WARN)


def _date_problems(agreement: Agreement, today: date) -> Iterator[Problem]:
    if agreement.end_date is not None and agreement.end_date <= today:
        yield Problem("end_date", field_label("end_date"), _("It would have ended already."))
    if agreement.review_date is not None and agreement.review_date <= today:
        yield Problem("review_date", field_label("review_date"), _("The day of its review has passed already."))
    if agreement.review_date is None:
        rule = _("No day is set on which it is looked at again.")
        yield Problem("review_date", field_label("review_date"), rule, Stage.WARN)
    if not agreement.signed_by:
        yield Problem("signed_by", field_label("signed_by"), _("Nobody has signed it."), Stage.WARN)
    if agreement.signed_date is not None and agreement.signed_date > today:
        yield Problem("signed_date", field_label("signed_date"), _("That day has not come yet."))
    replaced = agreement.replaces
    if replaced is not None and agreement.start_date < replaced.start_date:
        rule = _("It cannot begin before the version that it replaces (%(date)s).")
        yield Problem("start_date", field_label("start_date"), rule % {"date": replaced.start_date.isoformat()})


# --- targets -------------------------------------------------------------------------------------------------------


def target_field(metric: str, priority: int) -> str:
    return f"{metric}_{priority}"


def target_problems(target: Target, *, now: datetime) -> Iterator[Problem]:
    calendar = target.calendar or target.agreement.calendar
    rule = length_problem(target.duration, calendar, now=now)
    if rule:
        where = f"{Metric(target.metric).label}, P{target.priority}"
        yield Problem(target_field(target.metric, target.priority), where, rule, Stage.SAVE)


def length_problem(length: timedelta, calendar: BusinessCalendar, *, now: datetime) -> str:
    """Why `length` of the calendar's working time cannot be promised; "" where it can."""
    if length <= durations.ZERO:
        return _("A target must be longer than 0. Leave it empty to promise nothing.")
    if length >= LONGEST:
        return _("A target must be shorter than three years.")
    try:
        due_at = add_working(pure_calendar(calendar), now, length)
    except (NoWorkingTime, ValueError, OverflowError):
        return _("The calendar “%(calendar)s” never has so much working time.") % {"calendar": calendar.name}
    if due_at - now >= LONGEST:
        rule = _("In the calendar “%(calendar)s” it would take three years or more: until %(year)s.")
        return rule % {"calendar": calendar.name, "year": due_at.year}
    return ""


def _missing_targets(document: Document) -> Iterator[Problem]:
    if not document.targets:
        yield Problem("targets", _("Targets"), _("It promises nothing: not one target is set."))
        return
    for row in document.grid():
        missing = [f"P{priority}" for priority, cell in zip(Priority, row.cells, strict=True) if cell is None]
        if missing and any(row.cells):
            rule = ngettext(
                "Nothing is promised for %(priorities)s.", "Nothing is promised for %(priorities)s.", len(missing)
            ) % {"priorities": ", ".join(missing)}
            yield Problem(target_field(row.metric, 1), row.label, rule, Stage.WARN)
        yield from _rising(row.label, row.metric, row.cells)


def _rising(label: str, metric: str, cells: Sequence[Any]) -> Iterator[Problem]:
    """A higher priority that gets more time than a lower one, in the same calendar."""
    found = [cell for cell in cells if cell is not None]
    for higher, lower in pairwise(found):
        if higher.calendar == lower.calendar and higher.target.duration > lower.target.duration:
            rule = _("P%(higher)s gets more time than P%(lower)s.")
            words = {"higher": higher.target.priority, "lower": lower.target.priority}
            yield Problem(target_field(metric, higher.target.priority), label, rule % words, Stage.WARN)


def _pause_warnings(document: Document) -> Iterator[Problem]:
    """Pauses that leave a promise hollow."""
    agreement = document.agreement
    if agreement.kind == Agreement.Kind.UC or not set(WaitingReason) <= set(agreement.pauses_on):
        return
    where = field_label("pauses_on")
    yield Problem(
        "pauses_on",
        where,
        _("Every wait stops its clocks: who puts a ticket on hold can never miss a target."),
        Stage.WARN,
    )
    if any(target.metric == Metric.UPDATE for target in document.targets):
        rule = _(
            "“%(metric)s” is promised for the time a ticket waits, and every wait pauses it: it could not be missed when it matters."
        )
        yield Problem("pauses_on", where, rule % {"metric": Metric.UPDATE.label})


# --- escalation ----------------------------------------------------------------------------------------------------


def step_field(step: EscalationStep) -> str:
    return f"step_{step.pk or 'new'}"


def own_step_problems(step: EscalationStep) -> Iterator[tuple[str, str]]:
    """(field, rule) of what makes no sense in a step alone."""
    if not 0 <= step.percent <= 1000:
        yield "percent", _("It must be a percentage from 0 to 1000.")
    if abs(step.offset) >= LONGEST:
        yield "offset", _("Three years or more before or after: it would never come.")
    if step.percent == 0 and step.offset < durations.ZERO:
        yield "offset", _("It would come before the clock starts.")
    if step.quiet_for is not None and not durations.ZERO < step.quiet_for < LONGEST:
        yield "quiet_for", _("It must be longer than 0 and shorter than three years, or left empty.")
    if not (step.notifies or step.raises_priority or step.reassigns_to_id or step.webhook_id):
        yield "notifies_assignee", _("It does nothing: choose whom it tells or what it does.")


def step_problems(step: EscalationStep, document: Document) -> Iterator[Problem]:
    """What makes no sense in a step, alone and together with the targets."""
    where = step_words(step, day=document.day).when
    for field, rule in own_step_problems(step):
        yield Problem(step_field(step), f"{where}, {_step_label(field)}", rule, Stage.SAVE)
    concerned = [
        target
        for target in document.targets
        if step.metric in ("", target.metric) and (not step.only_priorities or target.priority in step.only_priorities)
    ]
    if not concerned and document.targets:
        yield Problem(step_field(step), where, _("It never comes: no target is set for what it is for."))
    if step.reassigns_to is not None and not step.reassigns_to.is_active:
        rule = _("%(name)s takes no tickets any more.") % {"name": step.reassigns_to.name}
        yield Problem(step_field(step), where, rule)
    if step.webhook is not None and not step.webhook.is_active:
        rule = _("The webhook %(name)s is switched off.") % {"name": step.webhook.name}
        yield Problem(step_field(step), where, rule, Stage.WARN)
    early = [target for target in concerned if target.duration * step.percent / 100 + step.offset < durations.ZERO]
    if early:
        named = ", ".join(f"{Metric(target.metric).label} P{target.priority}" for target in early[:3])
        rule = _("It would come before the clock starts (%(targets)s).")
        yield Problem(step_field(step), where, rule % {"targets": named})


def _step_label(field: str) -> str:
    return str(EscalationStep._meta.get_field(field).verbose_name)  # type: ignore[union-attr]
