"""Who may do what in the desk besides working tickets."""

from accounts.models import User
from accounts.permissions import Permission
from desk.models import SavedFilter


def can_administer_webhooks(user: User) -> bool:
    """What leaves the house by itself is the system's administrators' affair."""
    return user.can(Permission.ADMINISTER)


def can_save_filter(user: User) -> bool:
    """Everybody who sees the queue, auditors too: it is a bookmark."""
    return user.is_agent


def can_remove_filter(user: User, saved: SavedFilter) -> bool:
    return saved.user_id == user.pk
