"""manage.py stack up|status|stop: the embedded PostgreSQL, Valkey, web, worker and beat of one VAR folder."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from itsm import env
from itsm.stack import status
from itsm.stack.endpoints import UnusableVar
from itsm.stack.supervisor import Supervisor


class Command(BaseCommand):
    help = "Runs, shows or stops the embedded stack of VAR_DIR on 127.0.0.1:PORT."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("verb", choices=["up", "status", "stop"])

    def handle(self, *args: Any, verb: str, **options: Any) -> None:  # noqa: ARG002
        try:
            getattr(self, verb)()
        except UnusableVar as error:
            raise CommandError(str(error)) from error

    def up(self) -> None:
        port = env.number("PORT", 8000, least=1, most=65535)
        Supervisor(settings.VAR_DIR, port, demo=settings.DEMO).up()

    def status(self) -> None:
        """Exit status 0 = everything runs, 1 = something is being started again, 3 = no stack runs here."""
        state = status.read(settings.VAR_DIR)
        if state is None:
            self.stdout.write(f"No stack runs on {settings.VAR_DIR}.")
            sys.exit(3)
        self.stdout.write(f"{state['url'] or 'starting'}  data in {settings.VAR_DIR}")
        for name, part in state["parts"].items():
            doing = f"runs as process {part['pid']}" if part["pid"] else "is being started"
            self.stdout.write(f"  {name:10} {doing}, start number {part['n_starts']}")
        if not all(part["pid"] for part in state["parts"].values()):
            sys.exit(1)

    def stop(self) -> None:
        stopped = status.stop(settings.VAR_DIR)
        self.stdout.write("Everything has stopped." if stopped else f"No stack runs on {settings.VAR_DIR}.")
