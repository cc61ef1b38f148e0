"""Clocks as a page shows them. A face needs the clock's own columns alone: no query but for a calendar that was never read
before. An account needs the clock's whole story, so it is made only for the clock that somebody opens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

from core.countdown import ClockState
from core.templatetags.portico import short_duration
from slas.calendars import calendar_of
from slas.clock import working_between
from slas.ledger import Segment, SegmentKind
from slas.models import Clock
from slas.selectors import clock_ledger, mood, past_clocks
from tickets.models import Ticket, WaitingReason
from work.wording import in_hours, time_of


@dataclass(frozen=True)
class Face:
    """A clock at one moment. `state` is a ClockState; `left` is wall-clock time to the deadline, negative past it, None
    while paused; `percent` of the goal used, 0 to 100 (an ended one is whole); `used` is working time."""

    clock: Clock
    state: ClockState
    left: timedelta | None
    percent: int
    used: timedelta
    now: datetime

    @property
    def label(self) -> str:
        """What is promised: "Resolution by 14:05", with the time on the wall wherever there is one."""
        metric = self.clock.get_metric_display()
        if self.clock.due_at is None or self.clock.ended_at is not None:
            return metric
        return _("%(metric)s by %(time)s") % {"metric": metric, "time": time_of(self.clock.due_at, beside=self.now)}

    @property
    def promise(self) -> str:
        """By which agreement, and how much: "Gold, 4h"."""
        return f"{self.clock.agreement}, {in_hours(self.clock.goal)}"

    @property
    def words(self) -> str:
        """How it stands: "24m left, at risk"."""
        length = {"length": short_duration(abs(self.left)) if self.left is not None else ""}
        if self.clock.ended_at is not None:
            if self.state == ClockState.BREACHED:
                return _("Missed by %(length)s") % length
            return _("Met in %(length)s") % {"length": in_hours(self.used)}
        match self.state:
            case ClockState.BREACHED:
                return _("Breached %(length)s ago") % length
            case ClockState.PAUSED:
                return _("Paused, %(length)s left") % {"length": in_hours(self.clock.goal - self.used)}
            case ClockState.AT_RISK:
                return _("%(length)s left, at risk") % length
        return _("%(length)s left") % length


def face_of(clock: Clock, *, now: datetime) -> Face:
    """`clock.calendar` must be loaded."""
    used = clock.used
    if clock.anchor_at is not None and now > clock.anchor_at:
        used += working_between(calendar_of(clock), clock.anchor_at, now)
    share = min(used / clock.goal, 1.0)
    left = None if clock.due_at is None else clock.due_at - (clock.ended_at or now)
    state = ClockState[mood(clock, share=share, left=left, now=now).name]
    percent = 100 if clock.ended_at is not None else round(share * 100)
    return Face(clock=clock, state=state, left=left, percent=percent, used=used, now=now)


def faces_of(ticket: Ticket, *, now: datetime) -> list[Face]:
    """The clocks that count, the newest of each metric, the first to breach first, ended ones last. One query."""
    newest: dict[str, Clock] = {}
    for clock in ticket.clocks.counted().select_related("calendar", "agreement").order_by("metric", "-generation"):
        newest.setdefault(clock.metric, clock)
    faces = [face_of(clock, now=now) for clock in newest.values()]
    far = timedelta.max
    return sorted(
        faces,
        key=lambda face: (face.clock.ended_at is not None, far if face.left is None else face.left, face.clock.pk),
    )


class Entry(NamedTuple):
    """One segment of an account: `words` say what it was, `counted` its working time where it counts ("" else)."""

    starts_at: datetime
    ends_at: datetime
    kind: str
    words: str
    counted: str


@dataclass(frozen=True)
class Account:
    """Where every minute of a clock went; times are in words. `past` are promises that were changed since."""

    face: Face
    goal: str
    used: str
    paused: str
    due_at: datetime | None
    entries: list[Entry]
    past: list[str]


def account_of(faces: Sequence[Face], *, clock_id: str, now: datetime) -> Account | None:
    """The account of one of the page's clocks; None where it is none of them."""
    face = next((face for face in faces if str(face.clock.pk) == clock_id), None)
    if face is None:
        return None
    clock = face.clock
    ledger = clock_ledger(clock, now=now)
    past = [
        f"{one.get_priority_display()}, {one.agreement}, {in_hours(one.goal)}"
        for one in past_clocks(ticket=clock.ticket)
        if one.metric == clock.metric
    ]
    return Account(
        face=face, goal=in_hours(clock.goal), used=in_hours(ledger.used),
        paused=in_hours(ledger.paused) if ledger.paused else "", due_at=ledger.due_at,
        entries=[_entry(segment) for segment in ledger.segments], past=past,
    )  # fmt: skip


def _entry(segment: Segment) -> Entry:
    counted = in_hours(segment.worked) if segment.kind == SegmentKind.RUNNING else ""
    return Entry(segment.starts_at, segment.ends_at, segment.kind.value, _what(segment), counted)


def _what(segment: Segment) -> str:
    match segment.kind:
        case SegmentKind.RUNNING:
            return _("Running")
        case SegmentKind.CLOSED:
            return _("Outside working hours")
        case SegmentKind.HOLIDAY:
            return _("Holiday: %(name)s") % {"name": segment.label}
    reason = (
        WaitingReason(segment.label).label if segment.label in WaitingReason.values else _("Resolved, then reopened")
    )
    if not segment.actor:
        return _("Paused: %(reason)s") % {"reason": reason}
    return _("Paused by %(name)s: %(reason)s") % {"name": segment.actor, "reason": reason}
