from celery import shared_task
from django.utils import timezone

from incidents import services


@shared_task(ignore_result=True, expires=600)
def close_resolved() -> None:
    """Close what nobody objected to. Safe to run twice: a move is compare-and-set."""
    services.close_resolved(now=timezone.now())
