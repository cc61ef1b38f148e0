"""Verbs that every kind of work shares. One transaction each: policy, write, clocks, event, notices."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Team, User
from accounts.permissions import Permission
from core.machine import IllegalMove
from journal.models import Visibility
from slas import services as slas
from slas.metrics import TurnKind
from slas.models import Clock
from slas.turns import Reader, changes
from tickets import policies
from tickets import services as tickets
from tickets.models import Channel, InternalNote, Link, PublicEntry, Ticket, Watcher
from tickets.notices import notify
from work.kinds import kind_of

TURNS: dict[str, Reader] = {
    "ticket.assigned": changes,
    "ticket.edited": changes,
    "ticket.replied": lambda data: [(TurnKind.ANSWERED if data.get("is_from_agent") else TurnKind.WRITTEN, {})],
}
"""What the facts told here mean to the clocks."""


@transaction.atomic
def reply_to_ticket(
    *,
    ticket: Ticket,
    body: str,
    actor: User,
    now: datetime,
    channel: Channel,
    uploads: Sequence[UploadedFile] = (),
) -> PublicEntry:
    """A public message. The first one by a human agent meets the first-response clock, whatever its channel
    (BEHAVIOUR.md rule 2, ACCEPTANCE.md A5); the requester's ends a wait for him.

    Raises PermissionDenied, IllegalMove on a ticket that has ended, and ValidationError for an empty text or a refused
    file.
    """
    _refuse_ended(ticket, "reply")
    if not policies.can_reply(actor, ticket):
        raise PermissionDenied
    _require_text(body)
    is_from_agent = _speaks_for_the_desk(actor, ticket)
    entry = tickets.add_entry(
        ticket=ticket, body=body, author=actor, channel=channel, is_from_agent=is_from_agent, now=now, uploads=uploads
    )
    kind = kind_of(ticket)
    if is_from_agent:
        slas.answer_clocks(ticket=ticket, actor=actor, now=now)
        kind.on_agent_reply(ticket=ticket, actor=actor, now=now)
        people: list[User | None] = [ticket.requester, *_watchers(ticket)]
    else:
        kind.on_requester_reply(ticket=ticket, actor=actor, now=now)
        slas.await_answer(ticket=ticket, actor=actor, now=now)
        people = [ticket.assignee, ticket.requester, *_watchers(ticket)]
    tickets.record_event(
        ticket=ticket, name="ticket.replied", actor=actor, at=now, visibility=Visibility.PUBLIC,
        data={"entry": entry.pk, "channel": channel, "is_from_agent": is_from_agent},
    )  # fmt: skip
    notify(
        ticket=ticket, notice="reply", source=f"entry-{entry.pk}", people=people, actor=actor, now=now,
        context={"entry": entry.pk},
    )  # fmt: skip
    return entry


@transaction.atomic
def note_on_ticket(
    *, ticket: Ticket, body: str, actor: User, now: datetime, uploads: Sequence[UploadedFile] = ()
) -> InternalNote:
    """An internal note: no clock moves, no customer is told. Raises PermissionDenied, ValidationError."""
    if not policies.can_note(actor, ticket):
        raise PermissionDenied
    _require_text(body)
    note = tickets.add_note(ticket=ticket, body=body, author=actor, now=now, uploads=uploads)
    tickets.record_event(ticket=ticket, name="ticket.noted", actor=actor, at=now, data={"note": note.pk})
    people = [ticket.assignee, *(w for w in _watchers(ticket) if w.can(Permission.VIEW_INTERNAL))]
    notify(
        ticket=ticket, notice="note", source=f"note-{note.pk}", people=people, actor=actor, now=now,
        context={"note": note.pk},
    )  # fmt: skip
    return note


@transaction.atomic
def assign_ticket(
    *,
    ticket: Ticket,
    team: Team | None,
    assignee: User | None,
    actor: User | None,
    now: datetime,
    expected_version: int | None = None,
) -> None:
    """Give the ticket to a team and, within it, to a person. Raises PermissionDenied, ValidationError, StaleTicket."""
    _refuse_ended(ticket, "assign")
    if actor is not None and not policies.can_assign(actor, ticket):
        raise PermissionDenied
    _require_fit(team, assignee)
    changes = tickets.change_ticket(
        ticket=ticket, now=now, expected_version=expected_version, team=team, assignee=assignee
    )
    if not changes:
        return
    event = tickets.record_event(ticket=ticket, name="ticket.assigned", actor=actor, at=now, data={"changes": changes})
    _tell_clocks(ticket, changes, actor, now)
    if "assignee" in changes:
        notify(ticket=ticket, notice="assigned", source=f"event-{event.pk}", people=[assignee], actor=actor, now=now)


@transaction.atomic
def edit_ticket(
    *, ticket: Ticket, actor: User, now: datetime, expected_version: int | None = None, **fields: object
) -> None:
    """Change subject or service. A new service may change the promise. Raises PermissionDenied, StaleTicket."""
    _refuse_ended(ticket, "edit")
    if not policies.can_edit(actor, ticket):
        raise PermissionDenied
    if unknown := set(fields) - {"subject", "service"}:
        raise ValueError(f"not editable here: {', '.join(sorted(unknown))}")
    changes = tickets.change_ticket(ticket=ticket, now=now, expected_version=expected_version, **fields)
    if not changes:
        return
    tickets.record_event(ticket=ticket, name="ticket.edited", actor=actor, at=now, data={"changes": changes})
    if "service" in changes:
        slas.retarget_clocks(ticket=ticket, actor=actor, now=now, why="service")


@transaction.atomic
def promise_date(*, ticket: Ticket, due_at: datetime, words: str = "", actor: User, now: datetime) -> Clock:
    """A person promises the requester that it will be done by `due_at`, perhaps in some `words` of his own. It stands
    beside the timers and none of them moves it (AC-A1d); a promise made before it is taken back. The requester and all
    watchers hear of it. Raises PermissionDenied, IllegalMove where the ticket is not active, ValidationError for a date
    that is past or more than three years ahead."""
    _require_promisable(ticket, actor)
    before = slas.promised_date(ticket=ticket)
    clock = slas.promise_date(ticket=ticket, due_at=due_at, words=words, actor=actor, now=now)
    data = {"due_at": due_at.isoformat(), "words": clock.words, "before": before and before.isoformat()}
    event = tickets.record_event(
        ticket=ticket, name="ticket.promised", actor=actor, at=now, data=data, visibility=Visibility.PUBLIC
    )
    notify(
        ticket=ticket, notice="promised", source=f"event-{event.pk}", people=[ticket.requester, *_watchers(ticket)],
        actor=actor, now=now, context=data,
    )  # fmt: skip
    return clock


@transaction.atomic
def withdraw_date(*, ticket: Ticket, actor: User, now: datetime) -> bool:
    """Take the promised date back; who heard of it hears of this. False where there was none. Raises PermissionDenied,
    IllegalMove where the ticket is not active."""
    _require_promisable(ticket, actor)
    before = slas.promised_date(ticket=ticket)
    if before is None or not slas.withdraw_date(ticket=ticket, actor=actor, now=now):
        return False
    data = {"due_at": before.isoformat()}
    event = tickets.record_event(
        ticket=ticket, name="ticket.promise_withdrawn", actor=actor, at=now, data=data, visibility=Visibility.PUBLIC
    )
    notify(
        ticket=ticket, notice="promise_withdrawn", source=f"event-{event.pk}", actor=actor, now=now, context=data,
        people=[ticket.requester, *_watchers(ticket)],
    )  # fmt: skip
    return True


@transaction.atomic
def watch_ticket(*, ticket: Ticket, user: User, actor: User, now: datetime) -> None:
    """`user` follows the ticket: he may see it and hears of every public message."""
    if not policies.can_watch(actor, ticket) or (user != actor and not policies.can_work(actor, ticket)):
        raise PermissionDenied
    _watcher, created = Watcher.objects.get_or_create(ticket=ticket, user=user)
    if created:
        tickets.record_event(
            ticket=ticket, name="ticket.watched", actor=actor, at=now, data={"user": {"id": user.pk, "name": user.name}}
        )


@transaction.atomic
def unwatch_ticket(*, ticket: Ticket, user: User, actor: User, now: datetime) -> None:
    if user != actor and not policies.can_work(actor, ticket):
        raise PermissionDenied
    removed, _per_model = Watcher.objects.filter(ticket=ticket, user=user).delete()
    if removed:
        tickets.record_event(
            ticket=ticket, name="ticket.unwatched", actor=actor, at=now,
            data={"user": {"id": user.pk, "name": user.name}},
        )  # fmt: skip


@transaction.atomic
def link_tickets(*, source: Ticket, target: Ticket, type: Link.Type, actor: User, now: datetime) -> Link:
    """Both ends tell of the link. Raises PermissionDenied, ValidationError for a link to itself."""
    if not (policies.can_link(actor, source) and policies.can_link(actor, target)):
        raise PermissionDenied
    if source == target:
        raise ValidationError(_("A ticket cannot be linked to itself."))
    link, created = Link.objects.get_or_create(source=source, target=target, type=type)
    if created:
        for ticket, other in ((source, target), (target, source)):
            tickets.record_event(
                ticket=ticket, name="ticket.linked", actor=actor, at=now, data={"other": other.number, "type": type}
            )
    return link


def _refuse_ended(ticket: Ticket, verb: str) -> None:
    """A closed or cancelled ticket is history: whoever asks is told so and what may still be done."""
    if policies.has_ended(ticket):
        kind = kind_of(ticket)
        state = kind.state_of(ticket)
        raise IllegalMove(verb, state, kind.machine.allowed(state))


def _require_promisable(ticket: Ticket, actor: User) -> None:
    if not policies.can_promise(actor, ticket) and not policies.has_ended(ticket):
        raise PermissionDenied
    if not ticket.is_active:
        kind = kind_of(ticket)
        state = kind.state_of(ticket)
        raise IllegalMove("promise", state, kind.machine.allowed(state))


def _tell_clocks(ticket: Ticket, changes: Mapping[str, Any], actor: User | None, now: datetime) -> None:
    if "team" in changes:
        slas.hand_over_clocks(ticket=ticket, actor=actor, now=now)
    if "assignee" in changes and ticket.assignee_id is not None:
        slas.own_clocks(ticket=ticket, actor=actor, now=now)


def _speaks_for_the_desk(actor: User, ticket: Ticket) -> bool:
    """An agent's word on somebody else's ticket; on his own he is the requester."""
    return actor.can(Permission.WORK_TICKETS) and actor != ticket.requester


def _watchers(ticket: Ticket) -> list[User]:
    watchers = ticket.watchers.select_related("user").prefetch_related("user__roles")
    return [watcher.user for watcher in watchers]


def _require_text(body: str) -> None:
    if not body.strip():
        raise ValidationError({"body": _("Please write something first.")})


def _require_fit(team: Team | None, assignee: User | None) -> None:
    if assignee is None:
        return
    if not assignee.is_active or not assignee.can(Permission.WORK_TICKETS):
        raise ValidationError({"assignee": _("%(name)s does not work tickets.") % {"name": assignee.name}})
    if team is not None and not team.memberships.filter(user=assignee).exists():
        message = _("%(name)s is not a member of %(team)s.") % {"name": assignee.name, "team": team.name}
        raise ValidationError({"assignee": message})
