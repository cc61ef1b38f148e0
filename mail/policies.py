"""Who may look after the mail."""

from accounts.models import User
from accounts.permissions import Permission


def can_administer_mail(user: User) -> bool:
    return user.can(Permission.ADMINISTER)
