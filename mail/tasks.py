import logging

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from mail import services

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True, expires=5, time_limit=120)
def dispatch_outbox() -> None:
    """Look now for rows to deliver. Dropped or doubled calls are harmless: a row stays due until it is done. While the
    database is away there is nothing to do; the next tick looks again."""
    try:
        services.empty_outbox(now=timezone.now())
    except (OperationalError, InterfaceError) as error:
        logger.warning("database unavailable, the outbox waits: %s", str(error).strip())
