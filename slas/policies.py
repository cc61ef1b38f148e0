"""Who may do what with promises: agreements, calendars, outages. Nothing else decides."""

from accounts.models import User
from accounts.permissions import Permission
from journal.models import Job


def can_read_promises(user: User) -> bool:
    """Everybody of the desk: who keeps a promise may read it."""
    return user.is_agent


def can_manage_promises(user: User) -> bool:
    """Draft, change and activate agreements and calendars."""
    return user.can(Permission.MANAGE_AGREEMENTS)


def can_cancel_job(user: User, job: Job) -> bool:
    """Whoever asked for it, or who manages promises."""
    return user.pk == job.owner_id or can_manage_promises(user)


def can_replay(user: User) -> bool:
    """Set the machines to work on the past, for whoever may make promises of what they find."""
    return can_manage_promises(user)


def can_calibrate(user: User) -> bool:
    """Have the forecast tried on the desk's own history."""
    return can_manage_promises(user)


def can_record_outages(user: User) -> bool:
    """Who works the tickets knows when a service was down."""
    return user.can(Permission.WORK_TICKETS) or can_manage_promises(user)


def can_change_outages(user: User) -> bool:
    """What was entered counts against a promise: only who answers for it puts it right."""
    return can_manage_promises(user)
