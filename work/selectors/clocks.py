"""Clocks as a page shows them. A face needs the clock's own columns alone: no query but for a calendar that was never read
before. Where the time of one went is told by work/selectors/ledger.py."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.models import Organisation, Team
from core.countdown import ClockState
from core.templatetags.portico import short_duration
from slas.calendars import calendar_of
from slas.clock import working_between
from slas.models import Clock, ClockQuerySet, Metric
from slas.selectors import mood, newest_clocks
from tickets.models import Ticket
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
        metric = name_of(self.clock)
        if self.clock.due_at is None or self.clock.ended_at is not None:
            return metric
        return _("%(metric)s by %(time)s") % {"metric": metric, "time": time_of(self.clock.due_at, beside=self.now)}

    @property
    def promise(self) -> str:
        """By which agreement, and how much: "Gold, 4h"; a commitment names who made it."""
        if self.clock.agreement is None:
            return _("promised by %(name)s") % {"name": self.clock.promised_by}
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
    """Of a clock that was read with `for_faces`."""
    used = clock.used
    if clock.anchor_at is not None and now > clock.anchor_at:
        used += working_between(calendar_of(clock), clock.anchor_at, now)
    share = min(used / clock.goal, 1.0)
    left = None if clock.due_at is None else clock.due_at - (clock.ended_at or now)
    state = ClockState[mood(clock, share=share, left=left, now=now).name]
    percent = 100 if clock.ended_at is not None else round(share * 100)
    return Face(clock=clock, state=state, left=left, percent=percent, used=used, now=now)


def faces_of(ticket: Ticket, *, now: datetime) -> list[Face]:
    """The clocks that count, the newest of each metric and team, the first to breach first, ended ones last. One query."""
    faces = [face_of(clock, now=now) for clock in newest_clocks(for_faces(ticket.clocks.counted()))]
    far = timedelta.max
    return sorted(
        faces,
        key=lambda face: (face.clock.ended_at is not None, far if face.left is None else face.left, face.clock.pk),
    )


def for_faces(clocks: ClockQuerySet) -> ClockQuerySet:
    """With everything a face reads."""
    return clocks.select_related("calendar", "agreement__supplier", "team", "promised_by")


def name_of(clock: Clock) -> str:
    """What is measured, in words of the desk: "Resolution", "Network's share", "Fibre Ltd's share"."""
    party: Team | Organisation | None = None
    if clock.metric == Metric.TEAM:
        party = clock.team
    elif clock.metric == Metric.SUPPLIER and clock.agreement is not None:
        party = clock.agreement.supplier
    return _("Share of %(name)s") % {"name": party} if party else str(clock.get_metric_display())
