"""Keeping filters."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.models import User
from desk import policies
from desk.models import SavedFilter


@transaction.atomic
def save_filter(*, name: str, query: str, is_shared: bool, actor: User) -> SavedFilter:
    """Keep an address of the queue under a name, after the ones there are; the same name again replaces its address.
    Raises PermissionDenied, ValidationError."""
    if not policies.can_save_filter(actor):
        raise PermissionDenied
    if not name.strip():
        raise ValidationError({"name": _("This cannot be empty.")})
    last = SavedFilter.objects.filter(user=actor).aggregate(last=Max("position"))["last"] or 0
    saved, _created = SavedFilter.objects.update_or_create(
        user=actor,
        name=name.strip(),
        defaults={"query": query, "is_shared": is_shared},
        create_defaults={"query": query, "is_shared": is_shared, "position": last + 1},
    )
    return saved


@transaction.atomic
def remove_filter(*, saved: SavedFilter, actor: User) -> None:
    if not policies.can_remove_filter(actor, saved):
        raise PermissionDenied
    saved.delete()
