"""What one step of an escalation ladder is to do for one ticket, decided before anything is done: `work.escalation` carries
it out, and a page may show it as a dry run on any ticket."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from accounts.models import Team, User
from accounts.permissions import Permission
from journal.models import Webhook
from slas.models import Clock
from tickets.models import Priority, PublicEntry, Ticket

BREACH = 100
"""A step at so many percent or more tells of a breach, below it of a deadline ahead."""


class Deed(StrEnum):
    """What a step can do besides telling people."""

    RAISED = "raised"
    HANDED_OVER = "handed_over"
    WEBHOOK = "webhook"


class Reason(StrEnum):
    """Why a step told nobody. After all but the last one it did nothing either."""

    ENDED = "ended"  # the clock has ended meanwhile
    PRIORITY = "priority"  # the step is for other priorities
    ASSIGNED = "assigned"  # the step is for tickets that nobody owns
    ANSWERED = "answered"  # the step is for tickets that we have not answered
    QUIET = "quiet"  # one of us has just written to the requester


@dataclass(frozen=True)
class Action:
    """One deed with what it needs: the new `priority`, the `team` that gets the ticket, the `webhook` that is called."""

    deed: Deed
    priority: int = 0
    team: Team | None = None
    webhook: Webhook | None = None


@dataclass(frozen=True)
class Plan:
    """Who is told, what is done, and why nobody is told. `is_breach`: the step says that the promise was not kept;
    `concerns` is False where the step's conditions leave the ticket out."""

    people: tuple[User, ...] = ()
    actions: tuple[Action, ...] = ()
    left_out: Reason | None = None
    is_breach: bool = False

    @property
    def concerns(self) -> bool:
        return self.left_out in (None, Reason.QUIET, Reason.ENDED)


def is_breach(rung: Mapping[str, Any]) -> bool:
    return bool(rung["percent"] >= BREACH)


def plan_of(clock: Clock, rung: Mapping[str, Any], ticket: Ticket, now: datetime) -> Plan:
    """What `rung` (the JSON of slas.promises.rung) does if it fires on `ticket` at `now`. Reads, writes nothing.

    A clock that has ended tells nobody and does nothing. The quiet rule silences letters and calls, not the change of
    priority or team. `clock` and `ticket` need not be saved.
    """
    breach = is_breach(rung)
    reason = Reason.ENDED if clock.ended_at is not None else _unmet(rung, ticket)
    if reason is not None:
        return Plan(left_out=reason, is_breach=breach)
    actions = tuple(_actions(rung, ticket))
    if _is_quiet(rung, ticket, now):
        silent = tuple(action for action in actions if action.deed is not Deed.WEBHOOK)
        return Plan(actions=silent, left_out=Reason.QUIET, is_breach=breach)
    return Plan(people=tuple(_people(ticket, rung["notify"])), actions=actions, is_breach=breach)


def _unmet(rung: Mapping[str, Any], ticket: Ticket) -> Reason | None:
    """The first condition of the step that the ticket does not meet."""
    if rung.get("priorities") and ticket.priority not in rung["priorities"]:
        return Reason.PRIORITY
    if rung.get("if_unassigned") and ticket.assignee_id is not None:
        return Reason.ASSIGNED
    if rung.get("if_unanswered") and _our_words(ticket).exists():
        return Reason.ANSWERED
    return None


def _is_quiet(rung: Mapping[str, Any], ticket: Ticket, now: datetime) -> bool:
    seconds = rung.get("quiet_for", 0)
    return bool(seconds) and _our_words(ticket).filter(at__gt=now - timedelta(seconds=seconds)).exists()


def _our_words(ticket: Ticket) -> Any:
    return PublicEntry.objects.filter(ticket_id=ticket.pk, is_from_agent=True)


def _people(ticket: Ticket, roles: Iterable[str]) -> Iterable[User]:
    """Assignee, lead, manager, service owner as the step names them, as far as they still work here. Where nobody is
    assigned yet the team's lead stands in; where a step that names somebody finds nobody, whoever manages agreements
    does: an escalation never reaches nobody."""
    team, service = ticket.team, ticket.service
    lead = team.lead if team else None
    by_role = {
        "assignee": _working(ticket.assignee) or lead,
        "lead": lead,
        "manager": team.manager if team else None,
        "owner": service.owner if service else None,
    }
    named = [by_role.get(role) for role in roles]
    people = dict.fromkeys(person for person in map(_working, named) if person is not None)
    if people or not named:
        return people
    return User.objects.active().with_permission(Permission.MANAGE_AGREEMENTS).order_by("pk")


def _working(person: User | None) -> User | None:
    return person if person is not None and person.is_agent else None


def _actions(rung: Mapping[str, Any], ticket: Ticket) -> Iterable[Action]:
    if rung.get("raise") and ticket.priority > Priority.P1:
        yield Action(Deed.RAISED, priority=ticket.priority - 1)
    if rung.get("reassign_to") and rung["reassign_to"] != ticket.team_id:
        team = Team.objects.filter(pk=rung["reassign_to"], is_active=True).select_related("lead").first()
        if team is not None:
            yield Action(Deed.HANDED_OVER, team=team)
    if rung.get("webhook"):
        webhook = Webhook.objects.filter(pk=rung["webhook"], is_active=True).first()
        if webhook is not None:
            yield Action(Deed.WEBHOOK, webhook=webhook)
