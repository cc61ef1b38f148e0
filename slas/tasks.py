from celery import shared_task
from django.utils import timezone

from slas.sweep import sweep_due_clocks as sweep


@shared_task(ignore_result=True, expires=5, time_limit=60)
def sweep_due_clocks() -> None:
    """Look now for due clocks. Dropped or doubled calls are harmless: what is due stays due until it has fired."""
    sweep(now=timezone.now())
