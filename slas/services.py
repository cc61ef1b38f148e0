"""Clocks: started, paused, resumed, met, retargeted. Every function is called inside the transaction of the ticket's
own verb and takes the ticket's clocks under row lock, the same the sweep takes: an escalation never follows an end.

Calendar arithmetic happens here and in slas/clock.py only; the sweep (slas/sweep.py) is pure SQL.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts.models import User
from slas import clock as arithmetic
from slas.calendars import pure_calendar
from slas.models import Agreement, Clock, ClockEvent, EscalationStep, Metric, Target
from tickets.models import Ticket, WaitingReason
from tickets.services import record_event

RESOLVED = "resolved"
"""The reason under which the time between a resolution and a reopening is a pause."""


def agreement_for(ticket: Ticket) -> Agreement | None:
    """The most specific agreement in force when the ticket was opened; None = nothing was promised."""
    specificity = Case(
        When(Q(customer__isnull=False, services__isnull=False), then=Value(3)),
        When(customer__isnull=False, then=Value(2)),
        When(services__isnull=False, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    return (
        Agreement.objects.in_force(ticket.opened_at.date())
        .filter(Q(customer=None) | Q(customer=ticket.organisation_id))
        .filter(Q(services=None) | Q(services=ticket.service_id))
        .annotate(specificity=specificity)
        .select_related("calendar")
        .order_by("-specificity", "-start_date", "-id")
        .first()
    )


def start_clocks(*, ticket: Ticket, now: datetime) -> list[Clock]:
    """Start every clock the ticket's agreement promises for its priority, as of the ticket's opening."""
    agreement = agreement_for(ticket)
    if agreement is None:
        return []
    clocks = [
        _new_clock(ticket=ticket, agreement=agreement, target=target, generation=1)
        for target in agreement.targets.filter(priority=ticket.priority).select_related("calendar")
    ]
    Clock.objects.bulk_create(clocks)
    refresh_next_due(ticket=ticket)
    return clocks


def pause_clocks(*, ticket: Ticket, reason: WaitingReason, actor: User | None, now: datetime) -> None:
    """Stop counting on the clocks whose agreement pauses on `reason`."""
    for clock in _locked(ticket).filter(state=Clock.State.RUNNING, agreement__pauses_on__contains=[reason]):
        _pause(clock, now)
        _remember(clock, ClockEvent.Kind.PAUSED, at=now, reason=reason, actor=actor)
    refresh_next_due(ticket=ticket)


def resume_clocks(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """Go on counting. A clock that was not paused is left alone."""
    for clock in _locked(ticket).filter(state=Clock.State.PAUSED):
        _run(clock, now)
        _remember(clock, ClockEvent.Kind.RESUMED, at=now, actor=actor)
    refresh_next_due(ticket=ticket)


def meet_clock(*, ticket: Ticket, metric: Metric, actor: User | None, now: datetime) -> None:
    """End the live clock of `metric` (if there is one): what it promised has happened."""
    for clock in _locked(ticket).live().filter(metric=metric):
        _end(clock, Clock.State.MET, now)
        _remember(clock, ClockEvent.Kind.STOPPED, at=now, actor=actor)
    refresh_next_due(ticket=ticket)


def cancel_clocks(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """End every live clock without a result: the ticket was cancelled."""
    for clock in _locked(ticket).live():
        _end(clock, Clock.State.CANCELLED, now)
        _remember(clock, ClockEvent.Kind.STOPPED, at=now, actor=actor)
    refresh_next_due(ticket=ticket)


def reopen_clock(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """Resume the resolution clock that the resolution had ended; the time in between counts as a pause, so that what
    is left is what was left (BEHAVIOUR.md rule 4, default "resume")."""
    clock = _locked(ticket).filter(metric=Metric.RESOLUTION, state=Clock.State.MET).order_by("generation").last()
    if clock is None:
        return
    stopped = clock.events.filter(kind=ClockEvent.Kind.STOPPED).order_by("id").last()
    if stopped is not None:
        ClockEvent.objects.filter(pk=stopped.pk).update(kind=ClockEvent.Kind.PAUSED, reason=RESOLVED)
    clock.ended_at = None
    _run(clock, now)
    _remember(clock, ClockEvent.Kind.RESUMED, at=now, actor=actor)
    refresh_next_due(ticket=ticket)


def retarget_clocks(*, ticket: Ticket, actor: User | None, now: datetime, why: str) -> None:
    """The promise changed (priority, service): each live clock is cancelled and its successor starts where it did,
    with the earlier pauses kept (BEHAVIOUR.md rule 7). A successor that is late already gets one record, "target
    changed", and no ladder of stale warnings."""
    agreement = agreement_for(ticket)
    for old in list(_locked(ticket).live()):
        target = _target(agreement, old.metric, ticket.priority)
        if target is not None and agreement is not None and _same_promise(old, agreement, target):
            continue
        story = list(old.events.order_by("at", "id"))
        was_paused = old.state == Clock.State.PAUSED
        _end(old, Clock.State.CANCELLED, now)
        if target is None or agreement is None:
            _remember(old, ClockEvent.Kind.STOPPED, at=now, actor=actor)
            continue
        new = _new_clock(ticket=ticket, agreement=agreement, target=target, generation=old.generation + 1)
        new.save()
        _retell(new, story, now)
        _remember(old, ClockEvent.Kind.STOPPED, at=now, actor=actor)
        if not was_paused:
            _skip_past_steps(new, now)
        if new.has_breached(now):
            record_event(
                ticket=ticket, name="sla.target_changed", actor=actor, at=now,
                data={"metric": new.metric, "due_at": _iso(new.due_at), "why": why},
            )  # fmt: skip
    refresh_next_due(ticket=ticket)


def preview_due(*, ticket: Ticket, priority: int, now: datetime) -> dict[str, datetime | None]:
    """{metric: the deadline that each live clock would have with `priority`}; nothing is written."""
    agreement = agreement_for(ticket)
    found: dict[str, datetime | None] = {}
    for old in ticket.clocks.live().select_related("calendar"):
        target = _target(agreement, old.metric, priority)
        if target is None or agreement is None:
            found[old.metric] = None
            continue
        new = _new_clock(ticket=ticket, agreement=agreement, target=target, generation=old.generation + 1)
        _replay(new, list(old.events.order_by("at", "id")))
        found[old.metric] = new.due_at or _due_if_running(new, now)
    return found


def refresh_next_due(*, ticket: Ticket) -> None:
    """Bring the header's copy of its most urgent deadline up to date."""
    due = ticket.clocks.running().order_by("due_at").values_list("due_at", flat=True).first()
    if due != ticket.next_due_at:
        Ticket.objects.filter(pk=ticket.pk).update(next_due_at=due)
        ticket.next_due_at = due


# --- one clock -----------------------------------------------------------------------------------------------------


def _locked(ticket: Ticket) -> Any:
    return (
        Clock.objects.select_for_update(of=("self",))
        .filter(ticket=ticket)
        .select_related("calendar", "agreement")
        .order_by("id")
    )


def _target(agreement: Agreement | None, metric: str, priority: int) -> Target | None:
    if agreement is None:
        return None
    return agreement.targets.filter(metric=metric, priority=priority).select_related("calendar").first()


def _same_promise(clock: Clock, agreement: Agreement, target: Target) -> bool:
    return clock.agreement_id == agreement.pk and clock.goal == target.duration and clock.priority == target.priority


def _new_clock(*, ticket: Ticket, agreement: Agreement, target: Target, generation: int) -> Clock:
    calendar = target.calendar or agreement.calendar
    clock = Clock(
        ticket=ticket,
        metric=target.metric,
        generation=generation,
        agreement=agreement,
        calendar=calendar,
        calendar_version=calendar.version,
        priority=target.priority,
        goal=target.duration,
        started_at=ticket.opened_at,
        ladder=ladder(agreement, target.metric),
    )
    _run(clock, ticket.opened_at, save=False)
    return clock


def ladder(agreement: Agreement, metric: str) -> list[dict[str, Any]]:
    """The agreement's steps for `metric`, earliest first, as the JSON a clock keeps. Durations in seconds."""
    steps: QuerySet[EscalationStep] = agreement.steps.filter(metric__in=["", metric]).order_by(
        "percent", "after_breach", "id"
    )
    return [
        {
            "percent": step.percent,
            "after_breach": step.after_breach.total_seconds(),
            "notify": [
                who
                for who, is_on in (
                    ("assignee", step.notifies_assignee),
                    ("lead", step.notifies_lead),
                    ("manager", step.notifies_manager),
                )
                if is_on
            ],
            "raise": step.raises_priority,
            "reassign_to": step.reassigns_to_id,
        }
        for step in steps
    ]


def _run(clock: Clock, now: datetime, *, save: bool = True) -> None:
    calendar = pure_calendar(clock.calendar)
    clock.state = Clock.State.RUNNING
    clock.anchor_at = now
    if clock.due_at is None or clock.used < clock.goal:
        clock.due_at = arithmetic.add_working(calendar, now, clock.goal - clock.used)
    clock.fire_plan = fire_plan(clock)
    clock.next_fire_at = clock.fire_plan[clock.step] if clock.step < len(clock.fire_plan) else None
    if save:
        clock.save()


def _pause(clock: Clock, now: datetime, *, save: bool = True) -> None:
    clock.used = _used(clock, now)
    clock.state = Clock.State.PAUSED
    clock.anchor_at = None
    clock.next_fire_at = None
    if clock.due_at is not None and clock.due_at >= now:
        clock.due_at = None
    if save:
        clock.save()


def _end(clock: Clock, state: Clock.State, now: datetime) -> None:
    if clock.due_at is None:
        clock.due_at = _due_if_running(clock, now)
    clock.used = _used(clock, now)
    clock.state = state
    clock.anchor_at = None
    clock.next_fire_at = None
    clock.ended_at = now
    clock.save()


def _used(clock: Clock, now: datetime) -> timedelta:
    if clock.anchor_at is None:
        return clock.used
    return clock.used + arithmetic.working_between(
        pure_calendar(clock.calendar), clock.anchor_at, max(now, clock.anchor_at)
    )


def _due_if_running(clock: Clock, now: datetime) -> datetime:
    return arithmetic.add_working(pure_calendar(clock.calendar), now, clock.goal - clock.used)


def fire_plan(clock: Clock) -> list[datetime]:
    """The absolute time of every step, from where the clock runs now."""
    assert clock.anchor_at is not None  # noqa: S101 (called for running clocks only)
    calendar = pure_calendar(clock.calendar)
    plan = []
    for step in clock.ladder:
        at = clock.goal * step["percent"] / 100 + timedelta(seconds=step["after_breach"])
        plan.append(arithmetic.add_working(calendar, clock.anchor_at, max(at - clock.used, timedelta(0))))
    return plan


def _skip_past_steps(clock: Clock, now: datetime) -> None:
    """A changed promise does not storm: steps that already lie behind are passed over, but for the last of them when
    the clock is breached, which the sweep fires once."""
    passed = sum(at <= now for at in clock.fire_plan)
    clock.step = passed - 1 if passed and clock.has_breached(now) else passed
    clock.next_fire_at = clock.fire_plan[clock.step] if clock.step < len(clock.fire_plan) else None
    clock.save(update_fields=["step", "next_fire_at"])


def _replay(clock: Clock, story: Iterable[ClockEvent]) -> None:
    """Let an unsaved successor live through the pauses of its predecessor."""
    for event in story:
        if event.kind == ClockEvent.Kind.PAUSED and clock.state == Clock.State.RUNNING:
            _pause(clock, event.at, save=False)
        elif event.kind == ClockEvent.Kind.RESUMED and clock.state == Clock.State.PAUSED:
            _run(clock, event.at, save=False)


def _retell(clock: Clock, story: list[ClockEvent], now: datetime) -> None:  # noqa: ARG001
    _replay(clock, story)
    clock.save()
    ClockEvent.objects.bulk_create(
        [
            ClockEvent(clock=clock, kind=event.kind, at=event.at, reason=event.reason, actor_id=event.actor_id)
            for event in story
        ]
    )


def _remember(clock: Clock, kind: ClockEvent.Kind, *, at: datetime, reason: str = "", actor: User | None) -> None:
    ClockEvent.objects.create(clock=clock, kind=kind, at=at, reason=reason, actor=actor)


def _iso(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
