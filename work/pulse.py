"""Has anything changed? Read from the cache alone, so that open pages may ask often (tickets.services beats it)."""

from django.core.cache import cache

from tickets.services import pulse_key


def mark_of(ticket_id: int | None) -> str:
    """The mark of a ticket (None = of all tickets): it differs after every fact. "" where nothing is known, because
    nothing happened lately or the cache was lost: then there is nothing to compare."""
    return str(cache.get(pulse_key(ticket_id)) or "")
