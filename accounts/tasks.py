from celery import shared_task
from django.core.management import call_command


@shared_task(ignore_result=True, expires=3600)
def clear_sessions() -> None:
    """Remove sessions that have ended. Safe to run twice."""
    call_command("clearsessions")
