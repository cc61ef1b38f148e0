"""Who may do what with promises: agreements, calendars, outages. Nothing else decides."""

from accounts.models import User
from accounts.permissions import Permission


def can_read_promises(user: User) -> bool:
    """Everybody of the desk: who keeps a promise may read it."""
    return user.is_agent


def can_manage_promises(user: User) -> bool:
    """Draft, change and activate agreements and calendars."""
    return user.can(Permission.MANAGE_AGREEMENTS)
