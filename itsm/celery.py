"""The Celery application: queues `timers`, `mail`, `default`, `reports`. The broker only says "look now"."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_process_init

from itsm.stack.parent import die_with

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itsm.settings")

app = Celery("portico")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_djangos_logging(**kwargs: Any) -> None:
    """Without this receiver Celery replaces the JSON handlers of itsm/logs.py."""


@worker_process_init.connect
def _die_with_the_worker(**kwargs: Any) -> None:  # noqa: ARG001
    """A killed worker must not leave its pool behind: it would run tasks that nobody hears of."""
    die_with(os.getppid())
