"""The verbs of an incident. One transaction each: policy, move (compare-and-set), clocks, event, notices.

Pages, API and workers call these and nothing else. `actor` None is the system itself. Each move raises IllegalMove
where the machine does not allow it, StaleIncident where somebody was faster, PermissionDenied, and ValidationError
naming the field that is missing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Team, User
from catalog.models import Service
from core.machine import IllegalMove
from incidents import policies
from incidents.models import Incident, ResolutionCode
from incidents.states import MACHINE, PHASES, State
from journal.models import Visibility
from slas import services as slas
from slas.models import Outage
from slas.outages.services import record_outage
from tickets import services as tickets
from tickets.models import Channel, Impact, Kind, Link, Priority, Urgency, WaitingReason
from tickets.notices import notify
from work.services import reply_to_ticket


class StaleIncident(Exception):
    """The incident was moved by somebody else since it was read."""

    def __init__(self, incident: Incident) -> None:
        super().__init__(f"{incident.ticket.number} was moved meanwhile")
        self.incident = incident


@transaction.atomic
def open_incident(
    *,
    subject: str,
    body: str,
    requester: User,
    actor: User,
    now: datetime,
    channel: Channel,
    service: Service | None = None,
    team: Team | None = None,
    impact: int = Impact.LOW,
    urgency: int = Urgency.LOW,
    category: str = "",
    uploads: Sequence[UploadedFile] = (),
) -> Incident:
    """File an incident: header, first public entry, clocks, acknowledgement to the requester.

    Without `team` the service's support team gets it. Raises PermissionDenied when `actor` may not open it for
    `requester`, ValidationError for missing words or refused files.
    """
    if not policies.can_open(actor) or (actor != requester and not policies.can_open_for_others(actor)):
        raise PermissionDenied
    _require({"subject": subject, "body": body})
    ticket = tickets.open_ticket(
        kind=Kind.INCIDENT,
        requester=requester,
        now=now,
        subject=subject.strip()[:200],
        opened_by=actor,
        service=service,
        team=team or (service.support_team if service else None),
        impact=impact,
        urgency=urgency,
        priority=tickets.matrix_priority(impact=impact, urgency=urgency),
        channel=channel,
    )
    incident = Incident.objects.create(ticket=ticket, category=category)
    tickets.add_entry(
        ticket=ticket, body=body, author=requester, channel=channel, is_from_agent=False, now=now, uploads=uploads
    )
    event = tickets.record_event(
        ticket=ticket, name="incident.opened", actor=actor, at=now, visibility=Visibility.PUBLIC,
        data={"priority": ticket.priority, "channel": channel},
    )  # fmt: skip
    slas.start_clocks(ticket=ticket)
    notify(ticket=ticket, notice="opened", source=f"event-{event.pk}", people=[requester], actor=None, now=now)
    return incident


@transaction.atomic
def start_incident(*, incident: Incident, actor: User | None, now: datetime) -> None:
    """Work begins."""
    _allow(policies.can_start, actor, incident)
    _move(incident, "start", actor=actor, now=now, event="incident.started")


@transaction.atomic
def hold_incident(
    *,
    incident: Incident,
    reason: str,
    comment: str = "",
    actor: User | None,
    now: datetime,
    uploads: Sequence[UploadedFile] = (),
) -> None:
    """Wait for somebody or something. Waiting for the requester needs a question he can read (`comment`), which is
    sent to him as a public reply, with its files."""
    _allow(policies.can_hold, actor, incident)
    if reason not in WaitingReason.values:
        raise ValidationError({"reason": _("Please say what this is waiting for.")})
    if reason == WaitingReason.REQUESTER:
        _require({"comment": comment})
    _move(incident, "hold", actor=actor, now=now, event="incident.held", waiting_reason=reason, data={"reason": reason})
    if comment.strip() and actor is not None:
        reply_to_ticket(
            ticket=incident.ticket, body=comment, actor=actor, now=now, channel=Channel.DESK, uploads=uploads
        )
    slas.pause_clocks(ticket=incident.ticket, reason=WaitingReason(reason), actor=actor, now=now)


@transaction.atomic
def resume_incident(*, incident: Incident, actor: User | None, now: datetime) -> None:
    """The wait is over."""
    _allow(policies.can_resume, actor, incident)
    _resume(incident, actor=actor, now=now)


@transaction.atomic
def resume_after_answer(*, incident: Incident, actor: User, now: datetime) -> None:
    """What was asked of the requester has been answered: part of his reply, which was allowed already."""
    _resume(incident, actor=actor, now=now)


@transaction.atomic
def resolve_incident(
    *,
    incident: Incident,
    code: str,
    resolution: str,
    actor: User | None,
    now: datetime,
    uploads: Sequence[UploadedFile] = (),
) -> None:
    """Service is restored: a code and words the requester can read are required, by every door. Files go with the
    words into the conversation."""
    _allow(policies.can_resolve, actor, incident)
    if code not in ResolutionCode.values:
        raise ValidationError({"code": _("Please choose how it was resolved.")})
    _require({"resolution": resolution})
    incident.resolution_code, incident.resolution = code, resolution.strip()
    event = _move(
        incident, "resolve", actor=actor, now=now, event="incident.resolved", public=True,
        own={"resolution_code": code, "resolution": incident.resolution}, resolved_at=now,
        data={"code": code, "resolution": incident.resolution},
    )  # fmt: skip
    slas.resolve_clocks(ticket=incident.ticket, actor=actor, now=now)
    if uploads and actor is not None:
        tickets.add_entry(
            ticket=incident.ticket, body=incident.resolution, author=actor, channel=Channel.DESK, is_from_agent=True,
            now=now, uploads=uploads,
        )  # fmt: skip
    _tell_customer(incident, "resolved", event.pk, actor, now)


@transaction.atomic
def reopen_incident(*, incident: Incident, comment: str = "", actor: User | None, now: datetime) -> Incident:
    """It is not solved. Within the window the same incident goes on and its clock with it; later a new one, linked,
    takes the words. Returns the incident that goes on."""
    _allow(policies.can_reopen, actor, incident)
    was_resolved = incident.ticket.resolved_at is not None
    if actor is not None and was_resolved and not policies.is_within_reopen_window(incident, now):
        _require({"comment": comment})
        return follow_up_incident(incident=incident, body=comment, actor=actor, now=now)
    event = _move(
        incident, "reopen", actor=actor, now=now, event="incident.reopened", public=True,
        own={"reopened_at": now, "reopened_by": actor}, resolved_at=None, n_reopens=incident.ticket.n_reopens + 1,
    )  # fmt: skip
    slas.reopen_clocks(ticket=incident.ticket, actor=actor, now=now)
    if comment.strip() and actor is not None:
        reply_to_ticket(ticket=incident.ticket, body=comment, actor=actor, now=now, channel=Channel.PORTAL)
    ticket = incident.ticket
    notify(
        ticket=ticket, notice="reopened", source=f"event-{event.pk}", actor=actor, now=now,
        people=[ticket.assignee or (ticket.team.lead if ticket.team else None)],
    )  # fmt: skip
    return incident


@transaction.atomic
def follow_up_incident(
    *, incident: Incident, body: str, actor: User, now: datetime, uploads: Sequence[UploadedFile] = ()
) -> Incident:
    """A new incident with the words of a late answer, linked to the old one (BEHAVIOUR.md rule 12). It is the
    requester's where an agent opens it, else of whoever wrote."""
    _allow(policies.can_follow_up, actor, incident)
    old, state = incident.ticket, State(incident.state)
    if old.is_active:
        raise IllegalMove("follow_up", state, MACHINE.allowed(state))
    requester = old.requester if policies.can_open_for_others(actor) else actor
    new = open_incident(
        subject=old.subject, body=body, requester=requester, actor=actor, now=now, uploads=uploads,
        channel=Channel.DESK if requester != actor else Channel.PORTAL, service=old.service, team=old.team,
        impact=old.impact, urgency=old.urgency, category=incident.category,
    )  # fmt: skip
    Link.objects.create(source=new.ticket, target=old, type=Link.Type.FOLLOWS)
    for ticket, other in ((new.ticket, old), (old, new.ticket)):
        tickets.record_event(
            ticket=ticket, name="ticket.linked", actor=actor, at=now,
            data={"other": other.number, "type": Link.Type.FOLLOWS},
        )  # fmt: skip
    return new


@transaction.atomic
def close_incident(*, incident: Incident, actor: User | None, now: datetime) -> None:
    """The customer confirmed, or nobody objected in time."""
    _allow(policies.can_close, actor, incident)
    event = _move(
        incident, "close", actor=actor, now=now, event="incident.closed", public=True, closed_at=now,
        data={"by": "system" if actor is None else "person"},
    )  # fmt: skip
    if actor is None:
        _tell_customer(incident, "closed", event.pk, actor, now)


@transaction.atomic
def cancel_incident(*, incident: Incident, reason: str, actor: User | None, now: datetime) -> None:
    """It needs no work after all; its clocks end without a result."""
    _allow(policies.can_cancel, actor, incident)
    _require({"reason": reason})
    event = _move(
        incident, "cancel", actor=actor, now=now, event="incident.cancelled", public=True, closed_at=now,
        data={"reason": reason.strip()},
    )  # fmt: skip
    slas.cancel_clocks(ticket=incident.ticket, actor=actor, now=now)
    _tell_customer(incident, "cancelled", event.pk, actor, now)


@transaction.atomic
def prioritise_incident(
    *, incident: Incident, impact: int, urgency: int, actor: User, now: datetime, expected_version: int | None = None
) -> None:
    """Impact and urgency as judged; the priority follows from the table and the clocks from the priority."""
    _allow(policies.can_prioritise, actor, incident)
    priority = tickets.matrix_priority(impact=impact, urgency=urgency)
    _change_priority(
        incident, actor=actor, now=now, reason="", expected_version=expected_version,
        impact=impact, urgency=urgency, priority=priority,
    )  # fmt: skip


@transaction.atomic
def categorise_incident(
    *, incident: Incident, category: str, actor: User, now: datetime, expected_version: int | None = None
) -> None:
    """What it is about, in the desk's own words."""
    _allow(policies.can_categorise, actor, incident)
    before, after = incident.category, category.strip()
    if before == after:
        return
    tickets.change_ticket(ticket=incident.ticket, now=now, expected_version=expected_version)
    Incident.objects.filter(pk=incident.pk).update(category=after)
    incident.category = after
    tickets.record_event(
        ticket=incident.ticket, name="incident.categorised", actor=actor, at=now,
        data={"changes": {"category": [before, after]}},
    )  # fmt: skip


@transaction.atomic
def override_priority(
    *,
    incident: Incident,
    priority: int,
    reason: str,
    actor: User | None,
    now: datetime,
    expected_version: int | None = None,
) -> None:
    """A priority against the table: needs the right and a reason, which stays on the incident."""
    _allow(policies.can_override_priority, actor, incident)
    if priority not in Priority.values:
        raise ValidationError({"priority": _("There is no such priority.")})
    _require({"reason": reason})
    _change_priority(
        incident, actor=actor, now=now, reason=reason.strip()[:200], expected_version=expected_version,
        priority=priority,
    )  # fmt: skip


@transaction.atomic
def mark_outage(
    *,
    incident: Incident,
    starts_at: datetime,
    ends_at: datetime | None,
    cause: str = "",
    actor: User,
    now: datetime,
) -> Outage:
    """The incident's service was down, or without `ends_at` still is: it counts against its availability."""
    _allow(policies.can_mark_outage, actor, incident)
    ticket = incident.ticket
    if ticket.service is None:
        raise ValidationError({"starts_at": _("Please say first which service this is about.")})
    outage = record_outage(
        service=ticket.service, starts_at=starts_at, ends_at=ends_at, cause=cause or ticket.subject, ticket=ticket,
        actor=actor, now=now,
    )  # fmt: skip
    tickets.record_event(
        ticket=ticket, name="incident.outage_marked", actor=actor, at=now,
        data={
            "outage": outage.pk, "service": tickets.as_journalled(ticket.service),
            "starts_at": tickets.as_journalled(starts_at), "ends_at": tickets.as_journalled(ends_at),
        },
    )  # fmt: skip
    return outage


def close_resolved(*, now: datetime) -> int:
    """Close what was resolved AUTO_CLOSE_DAYS ago and not objected to (0 = never); never a P1. The number closed.

    One bad row does not stop the rest: each is its own transaction.
    """
    if not settings.AUTO_CLOSE_DAYS:
        return 0
    due = Incident.objects.filter(
        state=State.RESOLVED,
        ticket__resolved_at__lte=now - timedelta(days=settings.AUTO_CLOSE_DAYS),
        ticket__priority__gt=Priority.P1,
    ).with_header()
    n_closed = 0
    for incident in due.iterator(chunk_size=200):
        try:
            close_incident(incident=incident, actor=None, now=now)
        except StaleIncident:
            continue  # reopened or closed by somebody this very moment
        n_closed += 1
    return n_closed


# --- how a move is made ------------------------------------------------------------------------------------------


def _allow(policy: Any, actor: User | None, incident: Incident) -> None:
    if actor is not None and not policy(actor, incident):
        raise PermissionDenied


def _require(texts: dict[str, str]) -> None:
    missing = {name: _("This cannot be empty.") for name, value in texts.items() if not value.strip()}
    if missing:
        raise ValidationError(missing)


def _move(
    incident: Incident,
    verb: str,
    *,
    actor: User | None,
    now: datetime,
    event: str,
    public: bool = False,
    own: dict[str, Any] | None = None,
    data: dict[str, Any] | None = None,
    waiting_reason: str = "",
    **header: Any,
) -> Any:
    """Compare-and-set along the machine: `own` fields on the incident, `header` fields on the ticket, one event."""
    before = State(incident.state)
    after = MACHINE.target(verb, before)
    tickets.lock_ticket(ticket=incident.ticket)
    if Incident.objects.filter(pk=incident.pk, state=before).update(state=after, **(own or {})) != 1:
        raise StaleIncident(Incident.objects.with_header().get(pk=incident.pk))
    tickets.change_ticket(ticket=incident.ticket, now=now, phase=PHASES[after], waiting_reason=waiting_reason, **header)
    incident.state = after
    return tickets.record_event(
        ticket=incident.ticket, name=event, actor=actor, at=now,
        data={"from": before, "to": after, **(data or {})},
        visibility=Visibility.PUBLIC if public else Visibility.INTERNAL,
    )  # fmt: skip


def _resume(incident: Incident, *, actor: User | None, now: datetime) -> None:
    _move(incident, "resume", actor=actor, now=now, event="incident.resumed")
    slas.resume_clocks(ticket=incident.ticket, actor=actor, now=now)


def _change_priority(
    incident: Incident, *, actor: User | None, now: datetime, reason: str, expected_version: int | None, **header: int
) -> None:
    ticket = incident.ticket
    changes = tickets.change_ticket(ticket=ticket, now=now, expected_version=expected_version, **header)
    Incident.objects.filter(pk=incident.pk).update(priority_reason=reason)
    incident.priority_reason = reason
    if not changes:
        return
    tickets.record_event(
        ticket=ticket, name="incident.prioritised", actor=actor, at=now, data={"changes": changes, "reason": reason}
    )
    if "priority" in changes:
        slas.retarget_clocks(ticket=ticket, actor=actor, now=now, why="priority")


def _tell_customer(incident: Incident, notice: str, event_id: int, actor: User | None, now: datetime) -> None:
    ticket = incident.ticket
    watchers = [watcher.user for watcher in ticket.watchers.select_related("user")]
    notify(
        ticket=ticket, notice=notice, source=f"event-{event_id}", people=[ticket.requester, *watchers],
        actor=actor, now=now,
    )  # fmt: skip
