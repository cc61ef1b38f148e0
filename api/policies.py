"""Who may do what with a token. Nothing else decides."""

from accounts.models import User
from accounts.permissions import Permission
from api.models import ApiToken


def can_create(user: User) -> bool:
    """Everybody may let a program act for him: it can never do more than he can."""
    return user.is_active


def can_revoke(user: User, token: ApiToken) -> bool:
    return token.owner_id == user.pk or user.can(Permission.ADMINISTER)
