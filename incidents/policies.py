"""Who may do what with an incident. Nothing else decides. The machine says whether it is possible now."""

from datetime import datetime, timedelta

from django.conf import settings

from accounts.models import User
from accounts.permissions import Permission
from incidents.models import Incident
from slas import policies as promises
from tickets import policies as tickets


def _works(user: User, incident: Incident) -> bool:
    return tickets.can_work(user, incident.ticket)


def _is_customer_of(user: User, incident: Incident) -> bool:
    """The requester himself, or a manager of his organisation."""
    ticket = incident.ticket
    return user.pk == ticket.requester_id or (
        user.can(Permission.VIEW_ORGANISATION_TICKETS) and user.organisation_id == ticket.organisation_id
    )


def can_open(user: User) -> bool:
    """Everybody but pure readers."""
    return user.can(Permission.WORK_TICKETS) or not user.can(Permission.ENTER_DESK)


def can_open_for_others(user: User) -> bool:
    return user.can(Permission.WORK_TICKETS)


can_start = _works
can_hold = _works
can_resume = _works
can_resolve = _works


def can_reopen(user: User, incident: Incident) -> bool:
    return _works(user, incident) or _is_customer_of(user, incident)


def can_close(user: User, incident: Incident) -> bool:
    """The customer confirms; an agent may close for him."""
    return _works(user, incident) or _is_customer_of(user, incident)


def can_follow_up(user: User, incident: Incident) -> bool:
    """Whoever might have reopened it."""
    return can_open(user) and can_reopen(user, incident)


def can_cancel(user: User, incident: Incident) -> bool:
    return _works(user, incident) or user.pk == incident.ticket.requester_id


def can_prioritise(user: User, incident: Incident) -> bool:
    return tickets.can_edit(user, incident.ticket)


def can_categorise(user: User, incident: Incident) -> bool:
    return tickets.can_edit(user, incident.ticket)


def can_mark_outage(user: User, incident: Incident) -> bool:
    """Also afterwards, when the incident has ended: how long it was is often known only then."""
    return _works(user, incident) and promises.can_record_outages(user)


def can_override_priority(user: User, incident: Incident) -> bool:
    return tickets.can_edit(user, incident.ticket) and user.can(Permission.OVERRIDE_PRIORITY)


def is_within_reopen_window(incident: Incident, now: datetime) -> bool:
    """A resolution can be taken back for REOPEN_WINDOW_DAYS; later the answer opens a new, linked incident."""
    resolved_at = incident.ticket.resolved_at
    return resolved_at is not None and now - resolved_at <= timedelta(days=settings.REOPEN_WINDOW_DAYS)
