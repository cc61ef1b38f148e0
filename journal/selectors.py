"""Reads of the outbox for health, metrics and the administrators' page."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from journal.models import Event, Outbox


def oldest_unsent_age(*, now: datetime) -> timedelta | None:
    """How long the oldest deliverable row has been waiting; None when nothing waits."""
    oldest = (
        Outbox.objects.filter(done_at__isnull=True, is_dead=False, available_at__lte=now)
        .order_by("available_at")
        .values_list("available_at", flat=True)
        .first()
    )
    return now - oldest if oldest else None


def n_dead() -> int:
    return Outbox.objects.filter(is_dead=True, done_at__isnull=True).count()


def events_of(*, subject_kind: str, subject_id: int) -> QuerySet[Event]:
    """The facts about one row, oldest first. The caller has passed the subject's own visibility gate."""
    return Event.objects.filter(subject_kind=subject_kind, subject_id=subject_id).select_related("actor").order_by("id")
