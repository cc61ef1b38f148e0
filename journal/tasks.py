from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from journal import jobs, outbox, webhooks


@shared_task(ignore_result=True, expires=5)
def run_jobs() -> None:
    """Work on what waits, one job after the other. Dropped or doubled calls are harmless: a job waits until it is taken."""
    while jobs.run_next(now=timezone.now()) is not None:
        pass


@shared_task(ignore_result=True, expires=5, time_limit=180)
def call_webhooks() -> None:
    """Look now for calls to make. Dropped or doubled calls of this are harmless: a row stays due until it is done."""
    webhooks.call_due(now=timezone.now())


@shared_task(ignore_result=True, expires=3600)
def purge_outbox() -> None:
    """Forget what was delivered long ago. Safe to run twice."""
    outbox.purge(before=timezone.now() - timedelta(days=settings.OUTBOX_KEEP_DAYS))
