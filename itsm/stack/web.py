"""gunicorn's configuration in the embedded stack, read by its names (`--config python:itsm.stack.web`)."""

from importlib import import_module
from typing import Any

from django.conf import settings

from itsm.stack.parent import die_with

worker_class = "gthread"
workers = 2
threads = 8
preload_app = True  # one import for all workers: half the processor time of a start
graceful_timeout = 8  # seconds for requests under way when asked to stop
control_socket_disable = True  # its default path is one for all instances of a user


def when_ready(server: Any) -> None:  # noqa: ARG001
    """Import what the first page of each worker would import by itself."""
    import_module(settings.ROOT_URLCONF)


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001
    die_with(server.pid)
