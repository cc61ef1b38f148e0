"""The account of one clock: where every minute since its start went, and when it is due. Pure: (events, calendar) -> ledger.

Nothing is shifted: a pause takes out the working time that fell into it and no more. The segments cover the clock's whole
life without gap or overlap, and the working time of the running ones is, to the microsecond, the time used.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import accumulate

from slas.clock import Calendar, NoWorkingTime, add_working, holidays_between, intervals, working_between

ZERO = timedelta(0)


class EventKind(StrEnum):
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"


class State(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class SegmentKind(StrEnum):
    RUNNING = "running"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    PAUSED = "paused"


@dataclass(frozen=True)
class Event:
    """Something that happened to a clock. `reason` and `actor` are shown as they are given."""

    kind: EventKind
    at: datetime
    reason: str = ""
    actor: str = ""


@dataclass(frozen=True)
class Segment:
    """A stretch [starts_at, ends_at) of a clock's life. `label` is the name of the holiday or the reason of the pause.

    `worked` is the working time that fell into it: all of a running segment, nothing of a closed one or a holiday, and of a
    pause the part that was not counted.
    """

    starts_at: datetime
    ends_at: datetime
    kind: SegmentKind
    worked: timedelta
    label: str = ""
    actor: str = ""


@dataclass(frozen=True)
class Ledger:
    """A clock as it stands at `until`: the moment asked for, or its stop. `remaining` is negative beyond the target.

    `due_at` is None while paused, unless it had passed before the pause: a breach stays. A clock stopped in a pause has the
    deadline it would have had by resuming then. It is None, too, where the calendar never has the time that remains.
    """

    segments: tuple[Segment, ...]
    state: State
    until: datetime
    used: timedelta
    remaining: timedelta
    due_at: datetime | None

    @property
    def paused(self) -> timedelta:
        """The working time that pauses took out."""
        return _worked(self.segments, SegmentKind.PAUSED)

    @property
    def has_breached(self) -> bool:
        """Say whether the deadline passed within the clock's life; ending exactly on it is in time."""
        return self.due_at is not None and self.due_at < self.until


@dataclass(frozen=True)
class Step:
    """One step of an escalation ladder: at `percent` of the target, moved by `offset` (negative = earlier).

    The offset is working time, unless the step may page at any hour: then it is time on the wall.
    """

    percent: int = 100
    offset: timedelta = ZERO
    at_any_hour: bool = False


@dataclass(frozen=True)
class _Stretch:
    """A time in which a clock ran, or was paused by `pause`."""

    starts_at: datetime
    ends_at: datetime
    pause: Event | None


def write_ledger(
    *, calendar: Calendar, started_at: datetime, target: timedelta, events: Iterable[Event], now: datetime
) -> Ledger:
    """Account for a clock from its start to its stop, or to `now` if it has not stopped by then.

    Every history has an answer. Events count in the order of their times: those before the start count at the start (a clock
    may begin paused), those after a stop or after `now` do not count. A pause within a pause goes on under the new reason,
    a resume without a pause changes nothing. Naive datetimes are a ValueError.
    """
    stretches, has_stopped = _stretches(started_at, events, now)
    segments: list[Segment] = []
    used, due, is_late = ZERO, None, False
    for stretch in stretches:
        if stretch.pause is not None:
            segments += _paused(calendar, stretch, stretch.pause)
            due = due if is_late else None
            continue
        if not is_late:
            due = _due_or_never(calendar, stretch.starts_at, target, used)
            is_late = due is not None and due < stretch.ends_at
        ran = _ran(calendar, stretch)
        segments += ran
        used += _worked(ran, SegmentKind.RUNNING)
    last = stretches[-1]
    if has_stopped and due is None:
        due = _due_or_never(calendar, last.ends_at, target, used)
    live = State.RUNNING if last.pause is None else State.PAUSED
    return Ledger(
        segments=tuple(segments),
        state=State.STOPPED if has_stopped else live,
        until=last.ends_at,
        used=used,
        remaining=target - used,
        due_at=due,
    )


def due_at(calendar: Calendar, anchor_at: datetime, target: timedelta, used: timedelta) -> datetime:
    """Return the deadline of a clock that has `used` up part of its target by `anchor_at` and runs from there.

    Where more than the target is used it lies before the anchor; only the ledger knows about pauses in between.
    NoWorkingTime where the calendar never has the time that remains.
    """
    return add_working(calendar, anchor_at, target - used)


def fire_plan(
    calendar: Calendar, anchor_at: datetime, target: timedelta, used: timedelta, steps: Sequence[Step]
) -> list[datetime]:
    """Return when each step is to fire, for a clock that has `used` up part of its target by `anchor_at` and runs from there.

    No step comes before the anchor, nor before the step above it in the ladder. One that lies behind fires at the anchor,
    or at the next opening if the anchor is outside working hours and the step may not page at any hour.
    """

    def planned(step: Step) -> datetime:
        amount = target * step.percent // 100 - used
        if step.at_any_hour:
            return max(add_working(calendar, anchor_at, amount) + step.offset, anchor_at.astimezone(UTC))
        return add_working(calendar, anchor_at, max(amount + step.offset, ZERO))

    return list(accumulate(map(planned, steps), max))


def _stretches(started_at: datetime, events: Iterable[Event], now: datetime) -> tuple[list[_Stretch], bool]:
    """Return the stretches of a clock's life, in order and never none, and whether a stop ended it."""
    begin, pause = _utc(started_at), None
    stretches = []
    for at, event in sorted(((_utc(event.at), event) for event in events), key=lambda pair: pair[0]):
        if at > _utc(now):
            break
        if event.kind is EventKind.RESUMED and pause is None:
            continue
        at = max(at, begin)
        stretches.append(_Stretch(begin, at, pause))
        if event.kind is EventKind.STOPPED:
            return stretches, True
        begin, pause = at, event if event.kind is EventKind.PAUSED else None
    stretches.append(_Stretch(begin, max(_utc(now), begin), pause))
    return stretches, False


def _paused(calendar: Calendar, stretch: _Stretch, pause: Event) -> list[Segment]:
    if stretch.starts_at == stretch.ends_at:
        return []
    worked = working_between(calendar, stretch.starts_at, stretch.ends_at)
    return [Segment(stretch.starts_at, stretch.ends_at, SegmentKind.PAUSED, worked, pause.reason, pause.actor)]


def _ran(calendar: Calendar, stretch: _Stretch) -> list[Segment]:
    """Return the running segments of the stretch and the closed ones around them."""
    segments = []
    cursor = stretch.starts_at
    for opens_at, closes_at in intervals(calendar, stretch.starts_at, stretch.ends_at):
        segments += _closed(calendar, cursor, opens_at)
        segments.append(Segment(opens_at, closes_at, SegmentKind.RUNNING, closes_at - opens_at))
        cursor = closes_at
    return segments + _closed(calendar, cursor, stretch.ends_at)


def _closed(calendar: Calendar, start: datetime, end: datetime) -> list[Segment]:
    """Return the segments of a time in which the calendar is closed, with each holiday by its name."""
    segments = []
    for starts_at, ends_at, name in holidays_between(calendar, start, end):
        if start < starts_at:
            segments.append(Segment(start, starts_at, SegmentKind.CLOSED, ZERO))
        segments.append(Segment(starts_at, ends_at, SegmentKind.HOLIDAY, ZERO, name))
        start = ends_at
    if start < end:
        segments.append(Segment(start, end, SegmentKind.CLOSED, ZERO))
    return segments


def _worked(segments: Iterable[Segment], kind: SegmentKind) -> timedelta:
    return sum((segment.worked for segment in segments if segment.kind is kind), ZERO)


def _due_or_never(calendar: Calendar, anchor_at: datetime, target: timedelta, used: timedelta) -> datetime | None:
    try:
        return due_at(calendar, anchor_at, target, used)
    except NoWorkingTime:
        return None


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"{at!r} has no time zone: a clock only knows aware datetimes.")
    return at.astimezone(UTC)
