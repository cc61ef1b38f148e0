"""What an escalation does, once per step: tells people, raises the priority, moves the ticket to another team, calls a webhook.

The sweep posted one outbox row per step; its handler runs in one transaction with the row's completion, so inside the
database the effect is exactly once. What it is to do `slas.escalation.plan_of` decides, under the same locks that the
verbs take (ticket, then clock), so that no step follows an end.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import Team, User
from journal import webhooks
from journal.models import Outbox
from slas.escalation import Action, Deed, Plan, Reason, plan_of
from slas.models import Clock, Escalation
from slas.services import hand_over_clocks
from tickets.models import Ticket
from tickets.notices import notify
from tickets.services import change_ticket, record_event
from work import digest
from work.kinds import kind_of

__all__ = ["carry_out", "plan_of"]


def carry_out(row: Outbox, now: datetime) -> str:
    """Handler of the topic "clock.step". Payload: {"escalation": id}. A ticket whose clock has ended since is left in
    peace, and the row says so."""
    escalation = _locked(row.payload["escalation"])
    if escalation is None:
        return "the escalation is gone"
    clock, ticket = escalation.clock, escalation.clock.ticket
    if clock.ended_at is not None and clock.ended_at <= escalation.planned_at:
        _remember(escalation, left_out=Reason.ENDED)
        return "the clock had ended before"
    plan = plan_of(clock, clock.ladder[escalation.step], ticket, now)
    facts = digest.facts_of(escalation)
    is_one_of_many = digest.is_one_of_many(escalation)
    if plan.left_out is None or (plan.is_breach and plan.concerns):
        name = "sla.breached" if plan.is_breach else "sla.warned"
        record_event(ticket=ticket, name=name, actor=None, at=escalation.fired_at, data=facts)
    for action in plan.actions:
        _do(action, escalation, facts, now, writes=not is_one_of_many)
    people = [*plan.people, *_newly_in_charge(plan)] if is_one_of_many else [*plan.people]
    told = digest.tell(escalation=escalation, people=people, is_one_of_many=is_one_of_many, now=now)
    _remember(escalation, told=told, did=plan.actions, left_out=plan.left_out)
    return _in_words(told, plan)


def _locked(escalation_id: int) -> Escalation | None:
    """The escalation with its ticket and clock as they are now, and stay until we are done: a verb that ends the clock
    comes wholly before or wholly after."""
    escalation = Escalation.objects.filter(pk=escalation_id).first()
    if escalation is None:
        return None
    ticket_id = Clock.objects.values_list("ticket_id", flat=True).get(pk=escalation.clock_id)
    ticket = (
        Ticket.objects.select_for_update(of=("self",))
        .select_related("assignee", "team__lead", "team__manager", "service__owner", "requester")
        .get(pk=ticket_id)
    )
    escalation.clock = Clock.objects.select_for_update(of=("self",)).get(pk=escalation.clock_id)
    escalation.clock.ticket = ticket
    return escalation


def _newly_in_charge(plan: Plan) -> Iterable[User]:
    return (action.team.lead for action in plan.actions if action.team is not None and action.team.lead is not None)


def _do(action: Action, escalation: Escalation, facts: dict[str, Any], now: datetime, *, writes: bool) -> None:
    """`writes`: the new team's lead gets a letter of the hand-over; in a storm he gets a line of the digest."""
    ticket = escalation.clock.ticket
    match action.deed:
        case Deed.RAISED:
            kind_of(ticket).set_priority(
                ticket=ticket, priority=action.priority, actor=None, now=now, reason=f"escalation {facts['percent']} %"
            )
        case Deed.HANDED_OVER if action.team is not None:
            _hand_over(ticket, action.team, now, writes=writes)
        case Deed.WEBHOOK if action.webhook is not None:
            clock = escalation.clock
            webhooks.call(
                webhook=action.webhook,
                key=f"{webhooks.key_prefix(action.webhook)}clock:{clock.pk}:{escalation.generation}:{escalation.step}",
                type="sla.breached" if facts["percent"] >= 100 else "sla.warned",
                data={"ticket": ticket.number, **facts, "link": settings.SITE_URL + ticket.get_absolute_url()},
                at=escalation.fired_at,
                now=now,
            )


def _hand_over(ticket: Ticket, team: Team, now: datetime, *, writes: bool) -> None:
    changes = change_ticket(ticket=ticket, now=now, team=team, assignee=None)
    hand_over_clocks(ticket=ticket, actor=None, now=now)
    record_event(
        ticket=ticket, name="ticket.assigned", actor=None, at=now, data={"changes": changes, "why": "escalation"}
    )
    notify(
        ticket=ticket, notice="assigned", source=f"handover-{ticket.pk}-{ticket.version}",
        people=[team.lead] if writes else [], actor=None, now=now,
    )  # fmt: skip


def _remember(
    escalation: Escalation, *, told: Iterable[User] = (), did: Iterable[Action] = (), left_out: Reason | None = None
) -> None:
    outcome: dict[str, Any] = {
        "told": [{"id": person.pk, "name": person.name} for person in told],
        "did": [_as_json(action) for action in did],
    }
    if left_out is not None:
        outcome["left_out"] = left_out.value
    Escalation.objects.filter(pk=escalation.pk).update(outcome=outcome)


def _as_json(action: Action) -> dict[str, Any]:
    to = action.team or action.webhook
    return {"deed": action.deed.value, "priority": action.priority or None, "to": to.name if to else None}


def _in_words(told: Iterable[User], plan: Plan) -> str:
    if plan.left_out is not None:
        return f"told nobody: {plan.left_out}"
    return f"told {', '.join(person.name for person in told) or 'nobody'}"
