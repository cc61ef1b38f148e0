"""The import of a whole log: group by group, batch by batch.

A batch is one transaction. If the database refuses it, its incidents go one by one, and the one that is refused is
rejected with the reason: nothing is ever half-written, and one bad incident does not stop the rest. An incident that is
here already, by the log's own number, stays as it is: the same file twice is the same file once.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from django.db import DataError, IntegrityError, transaction

from accounts.models import Organisation
from incidents.history import write_incidents
from incidents.importing.log import Record, Survey, grouped, read_log, survey_log
from incidents.importing.people import find_cast
from incidents.importing.replay import Matrix, Replayed, replay
from incidents.importing.servicenow import NUMBER, REQUIRED, SOURCE, Oddity, Unreadable, Update, parse_update
from journal.models import Event
from slas.models import Clock
from slas.promises import Promise
from tickets.models import PriorityRule, Ticket
from tickets.services import SUBJECT_KIND

BATCH = 200  # incidents

Reject = Callable[[Record, str], None]
Progress = Callable[[int, int], None]  # records read so far, records in all


@dataclass(frozen=True)
class Plan:
    """What to import and as whose. `promise` None = nothing was promised, so there are no clocks. `rejects` is written
    only when there is something to reject; None = nowhere."""

    path: Path
    survey: Survey
    zone: ZoneInfo
    customer: Organisation
    provider: Organisation
    promise: Promise | None
    rejects: Path | None
    is_dry_run: bool


@dataclass
class Tally:
    """What an import did, or would do. `sla` counts incidents by (the source says in time, ours is in time)."""

    n_lines: int = 0
    n_rejected_lines: int = 0
    n_imported: int = 0
    n_updates: int = 0
    n_events: int = 0
    n_known: int = 0
    n_known_with_more: int = 0
    n_rejected_incidents: int = 0
    clocks: Counter[str] = field(default_factory=Counter)
    sla: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    oddities: Counter[Oddity] = field(default_factory=Counter)

    def add(self, life: Replayed, now: datetime) -> None:
        self.n_imported += 1
        self.n_updates += life.n_updates
        self.n_events += len(life.past.story.events)
        self.oddities.update(life.oddities)
        for past in life.past.clocks:
            is_late = past.clock.has_breached(now)
            if past.clock.state == Clock.State.CANCELLED:
                self.clocks["cancelled"] += 1
                continue
            self.clocks["breached" if is_late else "in time"] += 1
            if life.made_sla is not None:
                self.sla[life.made_sla, not is_late] += 1


@dataclass(frozen=True)
class _Incident:
    """One incident's readable lines, with the records they were."""

    number: str
    updates: list[Update]
    records: list[Record]


def survey(path: Path) -> Survey:
    """A first look at the file. Raises UnreadableLog when it is unusable as a whole: before anything is written."""
    return survey_log(path, number=NUMBER, required=REQUIRED)


def import_log(plan: Plan, *, now: datetime, progress: Progress) -> Tally:
    """Import the file that `survey` looked through."""
    tally = Tally(n_lines=plan.survey.n_records)
    matrix = {(rule.impact, rule.urgency): rule.priority for rule in PriorityRule.objects.all()}
    with _rejects(plan.rejects, tally) as reject:
        groups = grouped(read_log(plan.path, number=NUMBER), is_grouped=plan.survey.is_grouped)
        incidents = _readable(groups, plan, tally, reject, now)
        n_read = 0
        while batch := list(islice(incidents, BATCH)):
            _import_batch(batch, plan, matrix, tally, reject, now)
            n_read += sum(len(incident.records) for incident in batch)
            progress(min(n_read + tally.n_rejected_lines, tally.n_lines), tally.n_lines)
    progress(tally.n_lines, tally.n_lines)
    return tally


def _readable(
    groups: Iterator[list[Record]], plan: Plan, tally: Tally, reject: Reject, now: datetime
) -> Iterator[_Incident]:
    """The groups all of whose lines can be read. With one line missing an incident's story would be a wrong one, so the
    others are rejected with it: repaired, they come in together."""
    for records in groups:
        updates, faults = [], {}
        for record in records:
            try:
                updates.append(_parse(record, plan.zone, now))
            except Unreadable as error:
                faults[record.line] = str(error)
        if not faults:
            yield _Incident(records[0].incident, updates, records)
            continue
        tally.n_rejected_incidents += bool(records[0].incident)
        beside = f"line {min(faults)} of the same incident cannot be read"
        for record in records:
            reject(record, faults.get(record.line, beside))


def _parse(record: Record, zone: ZoneInfo, now: datetime) -> Update:
    if record.fields is None:
        raise Unreadable(record.fault)
    return parse_update(record.line, record.fields, zone=zone, now=now)


def _import_batch(
    batch: Sequence[_Incident], plan: Plan, matrix: Matrix, tally: Tally, reject: Reject, now: datetime
) -> None:
    known = _known([incident.number for incident in batch])
    new = [incident for incident in batch if incident.number not in known]
    tally.n_known += len(known)
    tally.n_known_with_more += sum(len(each.updates) > known.get(each.number, len(each.updates)) for each in batch)
    try:
        with transaction.atomic():
            lives = _replay(new, plan, matrix, now)
            if not plan.is_dry_run:
                write_incidents([life.past for life in lives])
    except (DataError, IntegrityError) as error:
        if len(batch) > 1:
            for incident in new:
                _import_batch([incident], plan, matrix, tally, reject, now)
            return
        tally.n_rejected_incidents += 1
        for record in batch[0].records:
            reject(record, f"the database refused it: {str(error).splitlines()[0]}")
        return
    for life in lives:
        tally.add(life, now)


def _replay(incidents: Sequence[_Incident], plan: Plan, matrix: Matrix, now: datetime) -> list[Replayed]:
    cast = find_cast(
        (update for incident in incidents for update in incident.updates),
        customer=plan.customer, provider=plan.provider, is_dry_run=plan.is_dry_run,
    )  # fmt: skip
    lives = [replay(each.number, each.updates, cast=cast, matrix=matrix, now=now) for each in incidents]
    if plan.promise is not None:
        for life in lives:
            life.past.keep_time(plan.promise)
    return lives


def _known(numbers: Sequence[str]) -> dict[str, int]:
    """{number: updates it was imported with} of those that are here already."""
    imported = Ticket.objects.exclude(external_id="")  # said as the index says it, so that the index answers
    tickets = imported.filter(external_source=SOURCE, external_id__in=numbers)
    found = dict(tickets.values_list("pk", "external_id"))
    told = Event.objects.filter(subject_kind=SUBJECT_KIND, subject_id__in=found, name="incident.imported")
    n_updates = {pk: data["updates"] for pk, data in told.values_list("subject_id", "data")}
    return {number: n_updates.get(pk, 0) for pk, number in found.items()}


@contextmanager
def _rejects(path: Path | None, tally: Tally) -> Iterator[Reject]:
    """Where rejected lines go: a CSV file of line, number, reason and the line itself, made with the first of them."""
    files: list[TextIO] = []

    def reject(record: Record, reason: str) -> None:
        tally.n_rejected_lines += 1
        if path is None:
            return
        if not files:
            files.append(path.open("w", newline="", encoding="utf-8"))
            csv.writer(files[0]).writerow(["line", "number", "reason", "text"])
        csv.writer(files[0]).writerow([record.line, record.incident, reason, record.text])

    try:
        yield reject
    finally:
        for file in files:
            file.close()
