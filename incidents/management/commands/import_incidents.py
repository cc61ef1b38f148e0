"""manage.py import_incidents FILE --format servicenow-log: another desk's history, replayed."""

import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Organisation
from incidents.importing.log import UnreadableLog
from incidents.importing.progress import ProgressBar
from incidents.importing.report import report
from incidents.importing.servicenow import SOURCE
from incidents.importing.services import Plan, import_log, survey
from slas.history import default_agreement
from slas.models import Agreement, Metric
from slas.promises import Promise

CUSTOMER = "Imported customer"
PROVIDER = "Our organisation"


class Command(BaseCommand):
    help = (
        "Replays the incidents of another desk's log with their true times: states, assignments, pauses, clocks. "
        "No mail is sent, no clock is left running. The same file may be imported again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="a CSV file, plain or gzipped")
        parser.add_argument("--format", choices=[SOURCE], required=True, help="how the log is written")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen and write nothing")
        parser.add_argument("--time-zone", default="Europe/Lisbon", help="of the log's dates (default: %(default)s)")
        parser.add_argument("--organisation", default=CUSTOMER, help="the callers' (made if new; default: %(default)s)")
        parser.add_argument("--agreement", help="held against the past (default: the one for everybody)")
        parser.add_argument("--rejects", type=Path, help="where lines go that cannot be imported (default: in VAR_DIR)")

    def handle(self, *args: Any, file: Path, time_zone: str, dry_run: bool, **options: Any) -> None:  # noqa: ARG002
        begun = time.monotonic()
        zone, agreement = self._zone(time_zone), self._agreement(options["agreement"])
        rejects = options["rejects"]
        if rejects is None and not dry_run:
            rejects = settings.VAR_DIR / f"{file.name}.rejects.csv"
        try:
            plan = Plan(
                path=file,
                survey=survey(file),
                zone=zone,
                customer=self._customer(options["organisation"], time_zone, dry_run),
                provider=self._provider(time_zone, dry_run),
                # The log has no words, so it cannot say when somebody was answered: only resolutions are measured.
                promise=Promise.of(agreement, metrics=[Metric.RESOLUTION], warns=False) if agreement else None,
                rejects=rejects,
                is_dry_run=dry_run,
            )
            tally = import_log(plan, now=timezone.now(), progress=ProgressBar(sys.stderr, "lines"))
        except UnreadableLog as error:
            raise CommandError(str(error)) from error
        for line in report(tally, plan, seconds=time.monotonic() - begun):
            self.stdout.write(line)

    @staticmethod
    def _zone(name: str) -> ZoneInfo:
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise CommandError(f"{name!r} is no time zone: use a name like Europe/Lisbon.") from None

    @staticmethod
    def _agreement(name: str | None) -> Agreement | None:
        if name is None:
            return default_agreement()
        agreement = Agreement.objects.filter(name=name).select_related("calendar").first()
        if agreement is None:
            raise CommandError(f"There is no agreement {name!r}.")
        return agreement

    @staticmethod
    def _customer(name: str, time_zone: str, is_dry_run: bool) -> Organisation:
        known = Organisation.objects.filter(name=name).first()
        return known or _organisation(Organisation.Kind.CUSTOMER, name, time_zone, is_dry_run)

    @staticmethod
    def _provider(time_zone: str, is_dry_run: bool) -> Organisation:
        """The organisation of agents and teams: the first internal one."""
        known = Organisation.objects.filter(kind=Organisation.Kind.INTERNAL).order_by("pk").first()
        return known or _organisation(Organisation.Kind.INTERNAL, PROVIDER, time_zone, is_dry_run)


def _organisation(kind: Organisation.Kind, name: str, time_zone: str, is_dry_run: bool) -> Organisation:
    organisation = Organisation(name=name, kind=kind, time_zone=time_zone)
    if not is_dry_run:
        organisation.save()
    return organisation
