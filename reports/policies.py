"""Who may see dashboards and reports."""

from accounts.models import User
from accounts.permissions import Permission


def can_view_reports(user: User) -> bool:
    return user.can(Permission.VIEW_REPORTS)
