"""Who may do what with people. Nothing else decides. Everybody sets his own preferences."""

from accounts.models import User
from accounts.permissions import Permission


def can_manage_people(user: User) -> bool:
    """List, invite and change people, their roles and teams."""
    return user.can(Permission.ADMINISTER)


def can_deactivate(user: User, person: User) -> bool:
    """Not oneself: the last administrator cannot lock the house from inside."""
    return can_manage_people(user) and user.pk != person.pk
