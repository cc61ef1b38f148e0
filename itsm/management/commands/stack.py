"""Lists `stack` in `manage.py help`; manage.py itself goes straight to itsm/stack/command.py, without Django."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from itsm.stack import command


class Command(BaseCommand):
    help = "Runs (up), shows (status) or stops (stop) the embedded stack of VAR_DIR on 127.0.0.1:PORT."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["up", "status", "stop"])

    def handle(self, *args: Any, verb: str, **options: Any) -> None:  # noqa: ARG002
        sys.exit(command.main([verb]))
