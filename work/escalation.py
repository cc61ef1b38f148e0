"""What an escalation does, once per step: tells people, raises the priority, moves the ticket to another team.

The sweep posted one outbox row per step; its handler runs in one transaction with the row's completion, so inside the
database the effect is exactly once.
"""

from datetime import datetime

from accounts.models import Team, User
from accounts.permissions import Permission
from journal.models import Outbox
from slas.models import Escalation
from slas.services import hand_over_clocks
from tickets.models import Priority, Ticket
from tickets.notices import notify
from tickets.services import change_ticket, record_event
from work.kinds import kind_of


def carry_out(row: Outbox, now: datetime) -> str:
    """Handler of the topic "clock.step". Payload: {"escalation": id}. A ticket whose clock has ended since is left in
    peace, and the row says so."""
    escalation = (
        Escalation.objects.select_related("clock__ticket__assignee", "clock__ticket__team", "clock__ticket__requester")
        .filter(pk=row.payload["escalation"])
        .first()
    )
    if escalation is None:
        return "the escalation is gone"
    clock, ticket = escalation.clock, escalation.clock.ticket
    if clock.ended_at is not None and clock.ended_at <= escalation.planned_at:
        return "the clock had ended before"
    step = clock.ladder[escalation.step]
    is_breach = step["percent"] >= 100
    context = {
        "metric": clock.metric,
        "percent": step["percent"],
        "due_at": clock.due_at.isoformat() if clock.due_at else None,
        "late_by": max(0, round((escalation.fired_at - escalation.planned_at).total_seconds())),
    }
    event = record_event(
        ticket=ticket,
        name="sla.breached" if is_breach else "sla.warned",
        actor=None,
        at=escalation.fired_at,
        data=context,
    )
    people = _people(ticket, step["notify"])
    notify(
        ticket=ticket, notice="breach" if is_breach else "warning", source=f"event-{event.pk}", people=people,
        actor=None, now=now, context=context,
    )  # fmt: skip
    if step.get("raise") and ticket.priority > Priority.P1:
        kind_of(ticket).set_priority(
            ticket=ticket, priority=ticket.priority - 1, actor=None, now=now, reason=f"escalation {step['percent']} %"
        )
    if step.get("reassign_to") and step["reassign_to"] != ticket.team_id:
        _hand_over(ticket, Team.objects.get(pk=step["reassign_to"]), now)
    return f"told {', '.join(person.name for person in people) or 'nobody'}"


def _people(ticket: Ticket, roles: list[str]) -> list[User]:
    """Assignee, lead, manager as the step names them. Where nobody is assigned yet the team's lead stands in, and
    where there is no team at all every manager: an escalation never reaches nobody."""
    team = ticket.team
    by_role = {
        "assignee": ticket.assignee or (team.lead if team else None),
        "lead": team.lead if team else None,
        "manager": team.manager if team else None,
    }
    people = [person for role in roles if (person := by_role[role]) is not None]
    if people or not roles:
        return list(dict.fromkeys(people))
    return list(User.objects.active().with_permission(Permission.MANAGE_AGREEMENTS))


def _hand_over(ticket: Ticket, team: Team, now: datetime) -> None:
    changes = change_ticket(ticket=ticket, now=now, team=team, assignee=None)
    hand_over_clocks(ticket=ticket, actor=None, now=now)
    record_event(
        ticket=ticket, name="ticket.assigned", actor=None, at=now, data={"changes": changes, "why": "escalation"}
    )
    notify(
        ticket=ticket,
        notice="assigned",
        source=f"handover-{ticket.pk}-{ticket.version}",
        people=[team.lead],
        actor=None,
        now=now,
    )
