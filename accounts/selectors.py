"""Reads of people for the administrators' pages."""

from django.db.models import Q

from accounts.models import User
from core.keyset import Page, page_of

PAGE_SIZE = 50


def people_page(*, query: str = "", is_active: bool = True, older: str = "", newer: str = "") -> Page[User]:
    """People by name, found by a part of name, e-mail or organisation. Three queries."""
    people = User.objects.active() if is_active else User.objects.get_queryset().filter(is_active=False)
    if query:
        people = people.filter(
            Q(name__icontains=query) | Q(email__icontains=query) | Q(organisation__name__icontains=query)
        )
    rows = people.select_related("organisation").prefetch_related("roles", "teams")
    return page_of(rows, field="name", descending=False, size=PAGE_SIZE, older=older, newer=newer)
