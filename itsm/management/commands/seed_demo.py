"""manage.py seed_demo: a believable service desk in an empty database. `make demo` runs it before the first start."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from itsm.demo.logins import NAME, make_logins
from itsm.demo.seed import NotEmpty, seed


class Command(BaseCommand):
    help = (
        "Fills an empty database with a believable service desk. Only with PORTICO_DEMO=1; a second time does nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="play today's open queue once more")

    def handle(self, *args: Any, force: bool, **options: Any) -> None:  # noqa: ARG002
        if not settings.DEMO:
            raise CommandError("PORTICO_DEMO is not set: demo data has a known password and belongs into no real desk.")
        try:
            n_past, n_open = seed(now=timezone.now(), again=force)
        except NotEmpty:
            raise CommandError("This database has people who are not the demo's: it stays as it is.") from None
        self.stdout.write(f"{n_past} incidents of the last 90 days, {n_open} open today.")
        if not (settings.VAR_DIR / NAME).exists():
            make_logins(settings.VAR_DIR)
            self.stdout.write(f"The logins are in {settings.VAR_DIR / NAME}.")
