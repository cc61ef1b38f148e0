"""manage.py seed_load --tickets 1000000: a desk of that size, to measure on. Never on one that is in use."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from itsm.load.tickets import Batch, make_batch
from itsm.load.world import analyse, make_world

BATCH = 20_000


class Command(BaseCommand):
    help = (
        "Adds tickets in bulk, with people, conversation, events and clocks, for measuring. Only with PORTICO_DEMO=1."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, default=1_000_000, help="how many (1000000)")

    def handle(self, *args: Any, tickets: int, **options: Any) -> None:  # noqa: ARG002
        if not settings.DEMO:
            raise CommandError("PORTICO_DEMO is not set: a real desk is not filled with made-up tickets.")
        if tickets < 1:
            raise CommandError("--tickets must be at least 1.")
        now = timezone.now()
        world = make_world(scale=min(1.0, tickets / 1_000_000))
        for done in range(0, tickets, BATCH):
            size = min(BATCH, tickets - done)
            make_batch(Batch(size=size, seed=done // BATCH + 1, now=now), world)
            self.stdout.write(f"{done + size} of {tickets} tickets", ending="\r")
            self.stdout.flush()
        analyse()
        self.stdout.write(f"{tickets} tickets in {(timezone.now() - now).total_seconds():.0f} s")
