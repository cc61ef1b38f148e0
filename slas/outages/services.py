"""What is done to outages. One transaction each: policy, write, event. Raise PermissionDenied, and ValidationError naming
the field that makes no sense."""

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from catalog.models import Service
from journal.services import record_event
from slas import policies
from slas.models import Outage
from tickets.models import Ticket
from tickets.services import as_journalled

SUBJECT_KIND = "outage"
LONGEST_PLANNED = timedelta(days=31)
OLDEST = timedelta(days=3660)


@transaction.atomic
def record_outage(
    *,
    service: Service,
    starts_at: datetime,
    ends_at: datetime | None,
    cause: str = "",
    ticket: Ticket | None = None,
    actor: User,
    now: datetime,
) -> Outage:
    """The service was down, or without `ends_at` still is. `ticket` is the incident that tells of it."""
    if not policies.can_record_outages(actor):
        raise PermissionDenied
    _require_past(starts_at, ends_at, now)
    return _create(
        "outage.recorded", service=service, starts_at=starts_at, ends_at=ends_at, cause=cause, ticket=ticket,
        is_planned=False, actor=actor, now=now,
    )  # fmt: skip


@transaction.atomic
def plan_downtime(
    *, service: Service, starts_at: datetime, ends_at: datetime, cause: str = "", actor: User, now: datetime
) -> Outage:
    """Agree beforehand that the service will be down: such time does not count against it. What has begun already is an
    outage, and nobody can plan it afterwards."""
    if not policies.can_record_outages(actor):
        raise PermissionDenied
    if starts_at <= now:
        raise ValidationError(
            {"starts_at": _("Downtime is planned before it begins. What has begun already is recorded as an outage.")}
        )
    _require_length(starts_at, ends_at, is_planned=True)
    return _create(
        "outage.planned", service=service, starts_at=starts_at, ends_at=ends_at, cause=cause, ticket=None,
        is_planned=True, actor=actor, now=now,
    )  # fmt: skip


@transaction.atomic
def end_outage(*, outage: Outage, ends_at: datetime, actor: User, now: datetime) -> None:
    """The service is back since `ends_at`."""
    if not policies.can_record_outages(actor):
        raise PermissionDenied
    locked = Outage.objects.select_for_update().get(pk=outage.pk)
    if locked.ends_at is not None:
        raise ValidationError(_("Somebody else has ended this already."))
    _require_past(locked.starts_at, ends_at, now)
    _write(locked, "outage.ended", actor=actor, now=now, ends_at=ends_at)
    outage.refresh_from_db()


@transaction.atomic
def change_outage(
    *,
    outage: Outage,
    service: Service,
    starts_at: datetime,
    ends_at: datetime | None,
    cause: str,
    actor: User,
    now: datetime,
) -> None:
    """Put right what was entered wrongly. An outage never becomes planned: it was not."""
    if not policies.can_change_outages(actor):
        raise PermissionDenied
    locked = Outage.objects.select_for_update(of=("self",)).select_related("service").get(pk=outage.pk)
    if locked.is_planned:
        _require_length(starts_at, ends_at, is_planned=True)
    else:
        _require_past(starts_at, ends_at, now)
    _write(
        locked, "outage.changed", actor=actor, now=now,
        service=service, starts_at=starts_at, ends_at=ends_at, cause=cause.strip(),
    )  # fmt: skip
    outage.refresh_from_db()


@transaction.atomic
def withdraw_outage(*, outage: Outage, actor: User, now: datetime) -> None:
    """It was never so: the row goes, what it said stays in the journal."""
    if not policies.can_change_outages(actor):
        raise PermissionDenied
    locked = Outage.objects.select_for_update(of=("self",)).select_related("service").get(pk=outage.pk)
    _tell(locked, "outage.withdrawn", actor=actor, now=now, data=_facts(locked))
    locked.delete()


def _create(name: str, *, actor: User, now: datetime, cause: str, **fields: Any) -> Outage:
    outage = Outage.objects.create(entered_by=actor, cause=cause.strip(), **fields)
    _tell(outage, name, actor=actor, now=now, data=_facts(outage))
    return outage


def _write(outage: Outage, name: str, *, actor: User, now: datetime, **fields: Any) -> None:
    """Where nothing changes nothing is written."""
    changes = {
        field: [as_journalled(getattr(outage, field)), as_journalled(value)]
        for field, value in fields.items()
        if getattr(outage, field) != value
    }
    if not changes:
        return
    for field, value in fields.items():
        setattr(outage, field, value)
    outage.save(update_fields=[*fields])
    _tell(outage, name, actor=actor, now=now, data={"changes": changes})


def _facts(outage: Outage) -> dict[str, Any]:
    fields = {"service": outage.service, "starts_at": outage.starts_at, "ends_at": outage.ends_at}
    found = {name: as_journalled(value) for name, value in fields.items()}
    return {**found, "cause": outage.cause, "ticket": outage.ticket.number if outage.ticket else ""}


def _tell(outage: Outage, name: str, *, actor: User, now: datetime, data: dict[str, Any]) -> None:
    record_event(name=name, subject_kind=SUBJECT_KIND, subject_id=outage.pk, actor=actor, at=now, data=data)


def _require_past(starts_at: datetime, ends_at: datetime | None, now: datetime) -> None:
    if starts_at > now:
        raise ValidationError({"starts_at": _("This lies ahead. What is going to happen is planned downtime.")})
    if starts_at < now - OLDEST:
        raise ValidationError({"starts_at": _("This is more than ten years ago.")})
    if ends_at is None:
        return
    if ends_at > now:
        raise ValidationError({"ends_at": _("This lies ahead. Leave it empty while the service is down.")})
    _require_length(starts_at, ends_at, is_planned=False)


def _require_length(starts_at: datetime, ends_at: datetime | None, *, is_planned: bool) -> None:
    if ends_at is None:
        raise ValidationError({"ends_at": _("Planned downtime has an end.")})
    if ends_at <= starts_at:
        raise ValidationError({"ends_at": _("It ends before it begins.")})
    if is_planned and ends_at - starts_at > LONGEST_PLANNED:
        raise ValidationError(
            {"ends_at": _("Planned downtime is at most %(n)d days long.") % {"n": LONGEST_PLANNED.days}}
        )
