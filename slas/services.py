"""Clocks: started, paused, resumed, met, retargeted. Every function is called inside the transaction of the ticket's
own verb and takes the ticket's clocks under row lock, the same the sweep takes: an escalation never follows an end.

One arithmetic: a clock's events are its truth, slas/ledger.py accounts for them, and the columns of the row are a cache
of that account (`settle`). The sweep (slas/sweep.py) only reads the columns.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts.models import User
from slas import ledger as accounts_of_time
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


def start_clocks(*, ticket: Ticket) -> list[Clock]:
    """Start every clock the ticket's agreement promises for its priority, as of the ticket's opening."""
    agreement = agreement_for(ticket)
    if agreement is None:
        return []
    clocks = []
    for target in agreement.targets.filter(priority=ticket.priority).select_related("calendar"):
        clock = new_clock(ticket=ticket, agreement=agreement, target=target, generation=1)
        settle(clock, [])
        clocks.append(clock)
    Clock.objects.bulk_create(clocks)
    refresh_next_due(ticket=ticket)
    return clocks


def pause_clocks(*, ticket: Ticket, reason: WaitingReason, actor: User | None, now: datetime) -> None:
    """Stop counting on the clocks whose agreement pauses on `reason`."""
    for clock in _locked(ticket).filter(state=Clock.State.RUNNING, agreement__pauses_on__contains=[reason]):
        _happen(clock, ClockEvent.Kind.PAUSED, at=now, reason=reason, actor=actor)
    refresh_next_due(ticket=ticket)


def resume_clocks(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """Go on counting. A clock that was not paused is left alone."""
    for clock in _locked(ticket).filter(state=Clock.State.PAUSED):
        _happen(clock, ClockEvent.Kind.RESUMED, at=now, actor=actor)
    refresh_next_due(ticket=ticket)


def meet_clock(*, ticket: Ticket, metric: Metric, actor: User | None, now: datetime) -> None:
    """End the live clock of `metric` (if there is one): what it promised has happened."""
    for clock in _locked(ticket).live().filter(metric=metric):
        _happen(clock, ClockEvent.Kind.STOPPED, at=now, actor=actor)
    refresh_next_due(ticket=ticket)


def cancel_clocks(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """End every live clock without a result: the ticket was cancelled."""
    for clock in _locked(ticket).live():
        _happen(clock, ClockEvent.Kind.STOPPED, at=now, actor=actor, ends_as=Clock.State.CANCELLED)
    refresh_next_due(ticket=ticket)


def reopen_clock(*, ticket: Ticket, actor: User | None, now: datetime) -> None:
    """Resume the resolution clock that the resolution had ended; the time in between counts as a pause, so that what
    is left is what was left (BEHAVIOUR.md rule 4, default "resume")."""
    clock = _locked(ticket).filter(metric=Metric.RESOLUTION, state=Clock.State.MET).order_by("generation").last()
    if clock is None:
        return
    clock.events.filter(kind=ClockEvent.Kind.STOPPED).update(kind=ClockEvent.Kind.PAUSED, reason=RESOLVED)
    _happen(clock, ClockEvent.Kind.RESUMED, at=now, actor=actor)
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
        _happen(old, ClockEvent.Kind.STOPPED, at=now, actor=actor, ends_as=Clock.State.CANCELLED)
        if target is not None and agreement is not None:
            new = new_clock(ticket=ticket, agreement=agreement, target=target, generation=old.generation + 1)
            settle(new, story)
            _pass_over_stale_steps(new, now)
            new.save()
            ClockEvent.objects.bulk_create(_copies(story, new))
            if new.has_breached(now):
                record_event(
                    ticket=ticket, name="sla.target_changed", actor=actor, at=now,
                    data={"metric": new.metric, "due_at": new.due_at.isoformat() if new.due_at else None, "why": why},
                )  # fmt: skip
    refresh_next_due(ticket=ticket)


def preview_due(*, ticket: Ticket, priority: int, now: datetime) -> dict[str, datetime | None]:
    """{metric: the deadline each live clock would have with `priority`, were it running at `now`}; None = no promise.
    Nothing is written."""
    agreement = agreement_for(ticket)
    found: dict[str, datetime | None] = {}
    for old in ticket.clocks.live().select_related("calendar"):
        target = _target(agreement, old.metric, priority)
        if target is None or agreement is None:
            found[old.metric] = None
            continue
        new = new_clock(ticket=ticket, agreement=agreement, target=target, generation=old.generation + 1)
        story = list(old.events.order_by("at", "id"))
        if old.state == Clock.State.PAUSED:
            story.append(ClockEvent(clock=new, kind=ClockEvent.Kind.RESUMED, at=now))
        settle(new, story)
        found[old.metric] = new.due_at
    return found


def refresh_next_due(*, ticket: Ticket) -> None:
    """Bring the header's copy of its most urgent deadline up to date."""
    due = ticket.clocks.running().order_by("due_at").values_list("due_at", flat=True).first()
    if due != ticket.next_due_at:
        Ticket.objects.filter(pk=ticket.pk).update(next_due_at=due)
        ticket.next_due_at = due


# --- one clock -----------------------------------------------------------------------------------------------------


def new_clock(*, ticket: Ticket, agreement: Agreement, target: Target, generation: int) -> Clock:
    """A clock of `target` as of the ticket's opening, unsaved and unsettled."""
    calendar = target.calendar or agreement.calendar
    return Clock(
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


def settle(clock: Clock, events: Iterable[ClockEvent], *, ends_as: Clock.State = Clock.State.MET) -> None:
    """Set the columns of `clock` from its whole story, as of the last thing that happened to it. Does not save."""
    story = sorted(events, key=lambda event: event.at)
    at = max(story[-1].at, clock.started_at) if story else clock.started_at
    account = account_of(clock, story, now=at)
    clock.used = account.used
    clock.due_at = account.due_at
    clock.state = ends_as if account.state == accounts_of_time.State.STOPPED else Clock.State(account.state.value)
    clock.anchor_at = at if clock.state == Clock.State.RUNNING else None
    clock.ended_at = account.until if account.state == accounts_of_time.State.STOPPED else None
    if clock.state != Clock.State.RUNNING:
        clock.next_fire_at = None
        return
    clock.fire_plan = accounts_of_time.fire_plan(
        pure_calendar(clock.calendar), at, clock.goal, clock.used,
        [accounts_of_time.Step(step["percent"], timedelta(seconds=step["after_breach"])) for step in clock.ladder],
    )  # fmt: skip
    clock.next_fire_at = clock.fire_plan[clock.step] if clock.step < len(clock.fire_plan) else None


def account_of(clock: Clock, events: Iterable[ClockEvent], *, now: datetime) -> accounts_of_time.Ledger:
    """The ledger of `clock`: where every minute went (ACCEPTANCE.md A4)."""
    return accounts_of_time.write_ledger(
        calendar=pure_calendar(clock.calendar),
        started_at=clock.started_at,
        target=clock.goal,
        events=[
            accounts_of_time.Event(
                kind=accounts_of_time.EventKind(event.kind),
                at=event.at,
                reason=event.reason,
                actor=event.actor.name if event.actor else "",
            )
            for event in events
        ],
        now=now,
    )


def ladder(agreement: Agreement, metric: str) -> list[dict[str, Any]]:
    """The agreement's steps for `metric`, earliest first, as the JSON a clock keeps. Durations in seconds."""
    steps: QuerySet[EscalationStep] = agreement.steps.filter(metric__in=["", metric])
    return [
        {
            "percent": step.percent,
            "after_breach": step.after_breach.total_seconds(),
            "notify": step.notifies,
            "raise": step.raises_priority,
            "reassign_to": step.reassigns_to_id,
        }
        for step in steps.order_by("percent", "after_breach", "id")
    ]


def _happen(
    clock: Clock,
    kind: ClockEvent.Kind,
    *,
    at: datetime,
    actor: User | None,
    reason: str = "",
    ends_as: Clock.State = Clock.State.MET,
) -> None:
    """Write what happened and settle the row by it."""
    ClockEvent.objects.create(clock=clock, kind=kind, at=at, reason=reason, actor=actor)
    settle(clock, clock.events.select_related("actor").order_by("at", "id"), ends_as=ends_as)
    clock.save()


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
    return (clock.agreement_id, clock.goal, clock.priority) == (agreement.pk, target.duration, target.priority)


def _pass_over_stale_steps(clock: Clock, now: datetime) -> None:
    """A changed promise does not storm: steps whose time has passed already are not sent one by one. Of a running
    clock that is late by the change, the last of them still fires, once."""
    if clock.state != Clock.State.RUNNING:
        return
    n_passed = sum(at <= now for at in clock.fire_plan)
    clock.step = n_passed - 1 if n_passed and clock.has_breached(now) else n_passed
    clock.next_fire_at = clock.fire_plan[clock.step] if clock.step < len(clock.fire_plan) else None


def _copies(story: Iterable[ClockEvent], clock: Clock) -> list[ClockEvent]:
    return [
        ClockEvent(clock=clock, kind=event.kind, at=event.at, reason=event.reason, actor_id=event.actor_id)
        for event in story
    ]
