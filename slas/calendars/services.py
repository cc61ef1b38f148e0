"""An edit of a calendar: what it said is kept as a version, what it says is a new one, and the journal tells both."""

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from journal.models import Job
from journal.services import record_event
from slas import policies
from slas.calendars import content_of
from slas.calendars.content import LONGEST_SOURCE, TYPED, Content, check_content, difference, named_days
from slas.models import BusinessCalendar, CalendarVersion, OpeningHours, SpecialDay
from slas.rollout import start_roll_out

SUBJECT_KIND = "calendar"


class StaleCalendar(Exception):
    """Somebody saved the calendar since the editor's page was loaded."""


@transaction.atomic
def save_calendar(
    *,
    calendar: BusinessCalendar | None,
    content: Content,
    actor: User | None,
    now: datetime,
    name: str = "",
    country: str | None = None,
    expected_version: int | None = None,
) -> BusinessCalendar:
    """A new calendar (None), or a new version of one. Clocks that run stay under the version they began with: who wants
    them moved calls `apply_to_open` in the same transaction. Without a change of what it says the version stays.

    Raises ValidationError naming the fields (see slas.calendars.content.check_content; also "name"), and StaleCalendar
    where the calendar is no longer at `expected_version`.
    """
    _refuse_strangers(actor)
    check_content(content)
    row = BusinessCalendar() if calendar is None else _locked(calendar, expected_version)
    before = None if calendar is None else content_of(row)
    row.name = check_name(row, name or row.name)
    row.time_zone = content["timezone"]
    row.country = row.country if country is None else country
    changes = None if before is None else difference(before, content)
    if before is not None and not changes:
        row.save(update_fields=["name", "country"])
        return row
    if before is not None:
        _keep(row, before, None, now)
        row.version += 1
    row.save()
    _write_rows(row, content)
    _keep(row, content, actor, now)
    record_event(
        name="calendar.created" if changes is None else "calendar.changed",
        subject_kind=SUBJECT_KIND, subject_id=row.pk, actor=actor, at=now,
        data={"name": row.name, "version": row.version, "changes": changes.as_json() if changes else None},
    )  # fmt: skip
    return row


@transaction.atomic
def apply_to_open(*, calendar: BusinessCalendar, actor: User, now: datetime) -> Job:
    """Let open tickets follow the calendar as it is now; the job does it."""
    _refuse_strangers(actor)
    job = start_roll_out(calendar=calendar, actor=actor, now=now)
    _record(calendar, "calendar.applied", actor, now, {"version": calendar.version, "job": job.pk})
    return job


def keep_for_new_only(*, calendar: BusinessCalendar, actor: User, now: datetime) -> None:
    """Write down the decision that open tickets stay as they are."""
    _refuse_strangers(actor)
    _record(calendar, "calendar.kept_from_open", actor, now, {"version": calendar.version})


def check_name(row: BusinessCalendar, name: str) -> str:
    """The name without spaces around it; ValidationError({"name": rule}) where `row` cannot have it."""
    name = name.strip()
    if not name or len(name) > 80:
        raise ValidationError({"name": _("A calendar needs a name of at most 80 characters.")})
    if BusinessCalendar.objects.filter(name=name).exclude(pk=row.pk).exists():
        raise ValidationError({"name": _("There is a calendar with this name already.")})
    return name


def _record(calendar: BusinessCalendar, name: str, actor: User, now: datetime, data: dict[str, Any]) -> None:
    record_event(name=name, subject_kind=SUBJECT_KIND, subject_id=calendar.pk, actor=actor, at=now, data=data)


def _refuse_strangers(actor: User | None) -> None:
    """None = the system."""
    if actor is not None and not policies.can_manage_promises(actor):
        raise PermissionDenied


def _locked(calendar: BusinessCalendar, expected_version: int | None) -> BusinessCalendar:
    row = BusinessCalendar.objects.select_for_update().get(pk=calendar.pk)
    if expected_version is not None and row.version != expected_version:
        raise StaleCalendar
    return row


def _keep(row: BusinessCalendar, content: Content, actor: User | None, now: datetime) -> None:
    """Keep what this version says; a version that is kept already stays as it is."""
    CalendarVersion.objects.get_or_create(
        calendar=row, number=row.version, defaults={"content": content, "made_at": now, "made_by": actor}
    )


def _write_rows(row: BusinessCalendar, content: Content) -> None:
    row.opening_hours.all().delete()
    row.special_days.all().delete()
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=row, weekday=int(weekday), interval="-".join(pair))
        for weekday, pairs in content["hours"].items()
        for pair in pairs
    )
    SpecialDay.objects.bulk_create(
        SpecialDay(
            calendar=row, date=day.date, name=day.name, intervals=["-".join(pair) for pair in day.hours],
            source=(day.source or TYPED)[:LONGEST_SOURCE],
        )
        for day in named_days(content)
    )  # fmt: skip
