from celery import shared_task
from django.utils import timezone

from slas.forecast import services
from slas.sweep import sweep_due_clocks as sweep


@shared_task(ignore_result=True, expires=5, time_limit=60)
def sweep_due_clocks() -> None:
    """Look now for due clocks. Dropped or doubled calls are harmless: what is due stays due until it has fired."""
    sweep(now=timezone.now())


@shared_task(ignore_result=True, expires=60, time_limit=600)
def refresh_forecast() -> None:
    """Learn anew what running clocks may come to; at once where nothing is known, else at most once an hour. Dropped or
    doubled calls are harmless: the table is only a cache of the history."""
    services.refresh_table(now=timezone.now())


@shared_task(ignore_result=True, expires=3600, time_limit=1800)
def calibrate_forecast() -> None:
    """Measure each night how good the forecast is. A dropped call is a night without a measurement."""
    services.calibrate_forecast(now=timezone.now())
