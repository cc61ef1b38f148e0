from celery import shared_task
from django.utils import timezone

from api import services


@shared_task(ignore_result=True, expires=3600)
def purge_calls() -> None:
    """Forget old answers to repeated calls. Safe to run twice."""
    services.purge_calls(now=timezone.now())
