"""The life of agreements: drafted, edited, activated, revised, ended. One transaction each: policy, move, checks, event.

What is active is never edited: a revision is a new draft, and the version it replaces ends the day the new one begins. Each
verb raises PermissionDenied, IllegalMove where the state does not allow it, StaleDraft where somebody else was faster, and
ValidationError by field for what a draft must not say (slas/agreements/checks.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Service
from journal.models import Job
from journal.services import record_event
from slas import policies
from slas.agreements.checks import field_problems, own_step_problems, problems_of, refuse, target_field, target_problems
from slas.agreements.clashes import Overlap, clashes_of
from slas.agreements.document import SAID_FIELDS, read_document
from slas.agreements.states import MACHINE, State
from slas.metrics import METRICS_OF
from slas.models import Agreement, BusinessCalendar, EscalationStep, Target
from slas.rollout.job import start_roll_out
from slas.standing import Standing
from tickets.models import Priority, Ticket

SUBJECT_KIND = "agreement"
PARTIES = {Agreement.Kind.SLA: "customer", Agreement.Kind.OLA: "team", Agreement.Kind.UC: "supplier"}
KEPT_IN_A_REVISION = ("customer", "team", "supplier")
"""With whom it is: another party is another agreement."""
STEP_FIELDS = tuple(
    field.name for field in EscalationStep._meta.concrete_fields if field.name not in ("id", "agreement")
)


class StaleDraft(Exception):
    """The draft was changed by somebody else since it was read."""

    def __init__(self, agreement: Agreement) -> None:
        super().__init__(f"{agreement} was changed meanwhile")
        self.agreement = agreement


@dataclass(frozen=True)
class Goal:
    """A target to be: `duration` of the working time of `calendar` (None = the agreement's)."""

    metric: str
    priority: int
    duration: timedelta
    calendar: BusinessCalendar | None = None


@transaction.atomic
def draft_agreement(
    *, kind: str, name: str, fields: Mapping[str, Any], services: Iterable[Service], actor: User, now: datetime
) -> Agreement:
    """The first version of a new agreement. `fields` by the names of SAID_FIELDS. Raises ValidationError for a name that is
    taken, Overlap where another agreement is in force for the same tickets at the same time."""
    _require_right(actor)
    agreement = Agreement(kind=kind, name=name.strip(), state=State.DRAFT)
    _set_fields(agreement, fields)
    try:
        with transaction.atomic():  # of two who draft at once, the database lets one
            agreement.save()
    except IntegrityError as error:
        raise ValidationError({"name": _("There is an agreement of this name already.")}) from error
    agreement.services.set(services)
    _refuse_overlap(agreement)
    _record("drafted", agreement, actor, now)
    return agreement


@transaction.atomic
def revise_agreement(*, agreement: Agreement, actor: User, now: datetime) -> Agreement:
    """A draft of the next version, with everything the active one says; it begins today. The one that is there already,
    if somebody has begun it."""
    _require_right(actor)
    active = _held(agreement)
    _require_move("revise", active)
    begun = Agreement.objects.filter(replaces=active, state=State.DRAFT).first()
    if begun is not None:
        return begun
    newest = Agreement.objects.filter(name=active.name).aggregate(newest=Max("version"))["newest"]
    draft = Agreement(kind=active.kind, name=active.name, version=newest + 1, state=State.DRAFT, replaces=active)
    for name in SAID_FIELDS:
        setattr(draft, name, getattr(active, name))
    draft.start_date = max(now.date(), active.start_date)
    draft.signed_by, draft.signed_for_us_by, draft.signed_date = "", "", None
    if draft.review_date is not None and draft.review_date <= now.date():
        draft.review_date = None
    draft.save()
    draft.services.set(active.services.all())
    _write_targets(draft, [Goal(row.metric, row.priority, row.duration, row.calendar) for row in active.targets.all()])
    EscalationStep.objects.bulk_create(
        EscalationStep(agreement=draft, **{name: getattr(step, name) for name in STEP_FIELDS})
        for step in active.steps.order_by("id")
    )
    _record("drafted", draft, actor, now)
    return draft


@transaction.atomic
def edit_draft(
    *,
    agreement: Agreement,
    fields: Mapping[str, Any],
    services: Iterable[Service],
    seen: str = "",
    actor: User,
    now: datetime,
) -> Agreement:
    """Change what a draft says in its fields. `seen` is the mark of the document that the person has read. The name and
    the party can change until there is a version before it. Raises Overlap as `draft_agreement` does."""
    draft = _editable(agreement, actor, seen)
    if draft.replaces_id is not None:
        fields = {name: value for name, value in fields.items() if name not in ("name", *KEPT_IN_A_REVISION)}
    name = str(fields.get("name", draft.name)).strip()
    if Agreement.objects.filter(name=name).exclude(pk=draft.pk).exclude(pk=draft.replaces_id or 0).exists() and (
        name != draft.name
    ):
        raise ValidationError({"name": _("There is an agreement of this name already.")})
    draft.name = name
    _set_fields(draft, fields)
    draft.save()
    draft.services.set(services)
    _refuse_overlap(draft)
    _record("edited", draft, actor, now, what="document")
    return draft


@transaction.atomic
def set_targets(
    *, agreement: Agreement, goals: Sequence[Goal], seen: str = "", actor: User, now: datetime
) -> Agreement:
    """All targets of a draft: what is not among `goals` is not promised."""
    draft = _editable(agreement, actor, seen)
    known = METRICS_OF[Agreement.Kind(draft.kind)]
    for goal in goals:
        if goal.metric not in known or goal.priority not in Priority.values:
            message = _("This kind of agreement cannot promise that.")
            raise ValidationError({target_field(goal.metric, goal.priority): message})
    rows = [_target(draft, goal) for goal in goals]
    refuse([problem for row in rows for problem in target_problems(row, now=now)])
    draft.targets.all().delete()
    _write_targets(draft, goals)
    _record("edited", draft, actor, now, what="targets")
    return draft


@transaction.atomic
def add_step(*, agreement: Agreement, fields: Mapping[str, Any], actor: User, now: datetime) -> EscalationStep:
    """One more step on a draft's ladder. Steps stand in the order of time, so there is no other order to choose."""
    draft = _editable(agreement, actor)
    step = EscalationStep(agreement=draft)
    _set_step(step, fields)
    _record("edited", draft, actor, now, what="steps")
    return step


@transaction.atomic
def change_step(*, step: EscalationStep, fields: Mapping[str, Any], actor: User, now: datetime) -> EscalationStep:
    draft = _editable(step.agreement, actor)
    _set_step(step, fields)
    _record("edited", draft, actor, now, what="steps")
    return step


@transaction.atomic
def remove_step(*, step: EscalationStep, actor: User, now: datetime) -> None:
    draft = _editable(step.agreement, actor)
    step.delete()
    _record("edited", draft, actor, now, what="steps")


@transaction.atomic
def activate_agreement(
    *, agreement: Agreement, applies_to_open: bool, actor: User, now: datetime
) -> tuple[Agreement, Job | None]:
    """Put a draft into force: all checks hold, nothing else covers the same tickets, and the version it replaces ends the
    day this one begins. With `applies_to_open` a job moves the open tickets over; else it begins on `first_day`, so that no
    ticket that is open comes under it. Returns the active version and the job, if there is one."""
    _require_right(actor)
    draft = _held(agreement)
    _require_move("activate", draft)
    if applies_to_open and draft.start_date > now.date():
        rule = _("Open tickets can only move to what is in force: activate it on the day it begins.")
        raise ValidationError({"applies_to_open": rule})
    if not applies_to_open:
        draft.start_date = first_day(draft, now=now)
    refuse(problems_of(read_document(draft), now=now))
    _refuse_overlap(draft)
    if draft.replaces_id is not None:
        _supersede(draft, actor, now)
    draft.state, draft.applies_to_open = MACHINE.target("activate", State(draft.state)), applies_to_open
    draft.save(update_fields=["state", "applies_to_open", "start_date"])
    _record("activated", draft, actor, now, start_date=draft.start_date, applies_to_open=applies_to_open)
    return draft, start_roll_out(agreement=draft, actor=actor, now=now) if applies_to_open else None


def first_day(draft: Agreement, *, now: datetime) -> date:
    """The first day of `draft` if it is to hold for new tickets only: its own, or tomorrow where open tickets that were
    opened since would come under it. (Which agreement applies goes by the day a ticket was opened, in UTC.)"""
    opened_since = Ticket.objects.active().filter(opened_at__gte=datetime.combine(draft.start_date, time(), UTC))
    standing = Standing.read(draft=draft)
    is_over_open = any(draft in standing.of(ticket) for ticket in opened_since.iterator(chunk_size=2000))
    return max(draft.start_date, now.date() + timedelta(days=1)) if is_over_open else draft.start_date


@transaction.atomic
def withdraw_draft(*, agreement: Agreement, actor: User, now: datetime) -> None:
    """Throw a draft away: it never promised anything. Its story stays with the version it was to replace."""
    draft = _editable(agreement, actor)
    _require_move("withdraw", draft)
    subject = draft.replaces or draft
    _record("withdrawn", subject, actor, now, version=draft.version)
    draft.delete()


@transaction.atomic
def end_agreement(*, agreement: Agreement, end_date: date, actor: User, now: datetime) -> Agreement:
    """Let an active agreement end with nothing after it: `end_date` is the first day on which it no longer applies."""
    _require_right(actor)
    active = _held(agreement)
    _require_move("end", active)
    if end_date <= max(active.start_date, now.date() - timedelta(days=1)):
        raise ValidationError({"end_date": _("It can end today at the earliest, and not before it has begun.")})
    active.end_date = end_date
    if active.review_date is not None and active.review_date > end_date:
        active.review_date = None
    active.save(update_fields=["end_date", "review_date"])
    _record("ended", active, actor, now, end_date=end_date)
    return active


# --- parts ---------------------------------------------------------------------------------------------------------


def _refuse_overlap(draft: Agreement) -> None:
    if clashes := clashes_of(draft):
        raise Overlap(clashes)


def _require_right(actor: User) -> None:
    if not policies.can_manage_promises(actor):
        raise PermissionDenied


def _held(agreement: Agreement) -> Agreement:
    """The row as it is now, locked until the end of the transaction."""
    return Agreement.objects.select_for_update(of=("self",)).select_related("calendar", "replaces").get(pk=agreement.pk)


def _require_move(verb: str, agreement: Agreement) -> None:
    MACHINE.target(verb, State(agreement.state))


def _editable(agreement: Agreement, actor: User, seen: str = "") -> Agreement:
    _require_right(actor)
    draft = _held(agreement)
    _require_move("edit", draft)
    if seen and read_document(draft).mark() != seen:
        raise StaleDraft(draft)
    return draft


def _set_fields(agreement: Agreement, fields: Mapping[str, Any]) -> None:
    """Set what is said, check that it makes sense and that the party is the kind's."""
    for name in SAID_FIELDS:
        if name in fields:
            setattr(agreement, name, fields[name])
    mine = PARTIES[Agreement.Kind(agreement.kind)]
    for name in KEPT_IN_A_REVISION:
        if name != mine:
            setattr(agreement, name, None)
    if mine != "customer" and getattr(agreement, f"{mine}_id") is None:
        raise ValidationError({mine: _("Please say with whom it is agreed.")})
    refuse(list(field_problems(agreement)))


def _target(agreement: Agreement, goal: Goal) -> Target:
    return Target(
        agreement=agreement, metric=goal.metric, priority=goal.priority, duration=goal.duration, calendar=goal.calendar
    )


def _write_targets(agreement: Agreement, goals: Iterable[Goal]) -> None:
    Target.objects.bulk_create(_target(agreement, goal) for goal in goals)


def _set_step(step: EscalationStep, fields: Mapping[str, Any]) -> None:
    for name in STEP_FIELDS:
        if name in fields:
            setattr(step, name, fields[name])
    found: dict[str, Any] = {}
    for field, rule in own_step_problems(step):
        found.setdefault(field, []).append(rule)
    if step.metric and step.metric not in METRICS_OF[Agreement.Kind(step.agreement.kind)]:
        found.setdefault("metric", []).append(_("This kind of agreement cannot promise that."))
    if found:
        raise ValidationError(found)
    step.save()


def _supersede(draft: Agreement, actor: User, now: datetime) -> None:
    """End the version that `draft` replaces, the day the draft begins (or earlier, where it was to end before)."""
    old = _held(draft.replaces)  # type: ignore[arg-type]
    old.state = MACHINE.target("supersede", State(old.state))
    old.end_date = min(old.end_date or draft.start_date, draft.start_date)
    if old.review_date is not None and old.review_date > old.end_date:
        old.review_date = None
    old.save(update_fields=["state", "end_date", "review_date"])
    _record("superseded", old, actor, now, end_date=old.end_date, by=draft.version)


def _record(happened: str, agreement: Agreement, actor: User, now: datetime, **data: Any) -> None:
    said = {name: value.isoformat() if isinstance(value, date) else value for name, value in data.items()}
    record_event(
        name=f"agreement.{happened}", subject_kind=SUBJECT_KIND, subject_id=agreement.pk, actor=actor, at=now,
        data={"name": agreement.name, "version": agreement.version, **said},
    )  # fmt: skip
