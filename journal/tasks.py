from celery import shared_task
from django.utils import timezone

from journal import jobs


@shared_task(ignore_result=True, expires=5)
def run_jobs() -> None:
    """Work on what waits, one job after the other. Dropped or doubled calls are harmless: a job waits until it is taken."""
    while jobs.run_next(now=timezone.now()) is not None:
        pass
