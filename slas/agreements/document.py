"""An agreement's version read whole, as one reads a contract; and what two versions say differently."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple, cast

from django.db.models import Model
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from catalog.models import Service
from slas import durations
from slas.agreements.wording import capital, listed, step_words
from slas.calendars import pure_calendar
from slas.metrics import METRICS_OF
from slas.models import Agreement, BusinessCalendar, EscalationStep, Metric, Target
from tickets.models import Priority, WaitingReason

SAID_FIELDS = (
    "customer", "team", "supplier", "calendar", "start_date", "end_date", "review_date", "signed_by", "signed_for_us_by",
    "signed_date", "pauses_on", "starts_from", "reopens_as", "reply_mode", "attainment_target", "availability_target",
    "workload_limit", "exceptions",
)  # fmt: skip
"""What a version says in a field of its own, in the order of the document."""


@dataclass(frozen=True)
class Cell:
    """One target as it is read: the time, and the time in days of the calendar it is counted in."""

    target: Target
    calendar: BusinessCalendar
    day: timedelta

    @property
    def length(self) -> str:
        return durations.write_length(self.target.duration, day=self.day)

    @property
    def words(self) -> str:
        return durations.both_ways(self.target.duration, day=self.day)

    @property
    def has_own_calendar(self) -> bool:
        return self.target.calendar_id is not None


class Row(NamedTuple):
    metric: str
    label: str
    cells: list[Cell | None]


class Difference(NamedTuple):
    """Something that one version says otherwise: "" where it says nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Document:
    """One version with everything it says. `services` empty = all; `steps` stand in the order of time."""

    agreement: Agreement
    services: Sequence[Service]
    targets: Sequence[Target]
    steps: Sequence[EscalationStep]

    @property
    def metrics(self) -> list[str]:
        """What the kind of agreement can promise."""
        return [str(metric) for metric in METRICS_OF[Agreement.Kind(self.agreement.kind)]]

    def target(self, metric: str, priority: int) -> Target | None:
        return next((row for row in self.targets if (row.metric, row.priority) == (metric, priority)), None)

    def cell(self, target: Target) -> Cell:
        calendar = target.calendar or self.agreement.calendar
        return Cell(target, calendar, durations.day_of(pure_calendar(calendar)))

    def grid(self) -> list[Row]:
        """A row per metric that the kind can promise, a cell per priority."""
        by_place = {(target.metric, target.priority): target for target in self.targets}
        rows = []
        for metric in self.metrics:
            found = [by_place.get((metric, priority)) for priority in Priority]
            cells = [self.cell(target) if target else None for target in found]
            rows.append(Row(metric, str(Metric(metric).label), cells))
        return rows

    def mark(self) -> str:
        """Twelve hexadecimal digits that change with anything the version says: whoever edits names the one he saw."""
        said: list[Any] = [[name, self._raw(name)] for name in ("name", *SAID_FIELDS)]
        said.append(sorted(service.pk for service in self.services))
        said.append([[row.metric, row.priority, row.duration, row.calendar_id] for row in self.targets])
        said.append([[getattr(step, field.attname) for field in step._meta.concrete_fields] for step in self.steps])
        return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()[:12]

    def _raw(self, name: str) -> Any:
        value = getattr(self.agreement, name)
        return value.pk if isinstance(value, Model) else value

    def said(self) -> dict[tuple[Any, ...], tuple[str, str]]:
        """Everything the version says, as text: {what it is about: (its name, what is said)}."""
        return {**dict(self._said_fields()), **dict(self._said_targets()), **dict(self._said_steps())}

    def _said_fields(self) -> Iterator[tuple[tuple[Any, ...], tuple[str, str]]]:
        names = listed(service.name for service in self.services)
        yield ("services",), (pgettext("agreement", "Services"), names or _("All services"))
        for name in SAID_FIELDS:
            yield (name,), (field_label(name), said_of(self.agreement, name))

    def _said_targets(self) -> Iterator[tuple[tuple[Any, ...], tuple[str, str]]]:
        for target in self.targets:
            cell = self.cell(target)
            label = f"{Metric(target.metric).label} · P{target.priority}"
            said = _("%(time)s, %(calendar)s") % {"time": cell.words, "calendar": cell.calendar.name}
            yield ("target", target.metric, target.priority), (label, said)

    def _said_steps(self) -> Iterator[tuple[tuple[Any, ...], tuple[str, str]]]:
        for step in self.steps:
            words = step_words(step, day=self.day)
            yield ("step", words.sentence), (_("Escalation"), words.sentence)

    @property
    def day(self) -> timedelta:
        """The working time of a day of the agreement's own calendar."""
        return durations.day_of(pure_calendar(self.agreement.calendar))


def read_document(agreement: Agreement) -> Document:
    """Five queries at most, fewer where `with_everything` brought the rows."""
    services = sorted(agreement.services.all(), key=lambda service: service.name)
    order = [str(metric) for metric in Metric]
    targets = sorted(agreement.targets.all(), key=lambda row: (order.index(row.metric), row.priority))
    for target in targets:
        target.agreement = agreement
    steps = sorted(agreement.steps.all(), key=lambda step: (step.percent, step.offset, step.pk))
    return Document(agreement, services, targets, steps)


def differences(before: Document, after: Document) -> list[Difference]:
    """What `after` says otherwise than `before`, in the order of the document."""
    old, new = before.said(), after.said()
    found = []
    for key in [*new, *(key for key in old if key not in new)]:
        label, said = new.get(key, (old[key][0] if key in old else "", ""))
        was = old[key][1] if key in old else ""
        if was != said:
            found.append(Difference(label, was, said))
    return found


def field_label(name: str) -> str:
    return capital(str(cast(Any, Agreement._meta.get_field(name)).verbose_name))


def said_of(agreement: Agreement, name: str) -> str:
    """What a field says, in words; "" for nothing."""
    value = getattr(agreement, name)
    if value is None or value == "":
        return ""
    if name == "pauses_on":
        return listed(WaitingReason(reason).label for reason in value)
    if name.endswith("_date"):
        return date_format(value, "DATE_FORMAT")
    if name in ("attainment_target", "availability_target"):
        return f"{value:f} %" if name == "availability_target" else f"{value} %"
    display = getattr(agreement, f"get_{name}_display", None)
    return str(display() if display else value)
