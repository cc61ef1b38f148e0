"""Where every minute of a clock went, as people read it: on a page, in the ticket's side, on paper, in the portal.

The desk reads names and reasons as they are; a customer reads the same account without them (`for_desk`). What is counted
is shown to the second, rounded so that the lines always add up to the number the clock shows (ACCEPTANCE.md A4).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from slas import clock as arithmetic
from slas.calendars import calendar_of
from slas.engine import RESOLVED
from slas.forecast.selectors import chances
from slas.ledger import Segment, SegmentKind
from slas.metrics import HANDED_OVER, WITH_US
from slas.models import Clock, ClockQuerySet
from slas.selectors import clock_ledger, past_clocks
from tickets.models import Ticket, WaitingReason
from work.selectors.clocks import Face, face_of, for_faces, name_of
from work.selectors.steps import Step, next_step, steps_of
from work.wording import exactly, in_hours

FOLDED = 6
"""A longer run of open and closed hours without a pause between them is one line that opens."""
MIDWEEK = date(2026, 11, 23)  # a Monday, to name the days of the week by


class Fact(NamedTuple):
    """One line above the account; `url` leads to what it names ("" = nowhere)."""

    label: str
    words: str
    url: str = ""


@dataclass(frozen=True)
class Entry:
    """A stretch [starts_at, ends_at) of the clock's life. `counted` is working time in whole seconds, None where none
    counts. A folded one has its `parts`, whose sum it is."""

    starts_at: datetime
    ends_at: datetime
    kind: str
    words: str
    counted: timedelta | None = None
    parts: tuple["Entry", ...] = ()

    @property
    def counted_words(self) -> str:
        return "" if self.counted is None else exactly(self.counted)


@dataclass(frozen=True)
class Account:
    """`total` is the sum of what the entries count, and what the clock shows as used. `next_step` is "" where nothing is
    to come; `steps` are the whole ladder, for the desk alone; `past` are the promises this one took the place of."""

    face: Face
    title: str
    facts: list[Fact]
    entries: list[Entry]
    total: timedelta
    remaining: str
    next_step: str
    steps: list[Step]
    past: list[str]

    @property
    def total_words(self) -> str:
        return exactly(self.total)

    @property
    def leaves(self) -> Iterator[Entry]:
        """Every segment, whatever is folded."""
        for entry in self.entries:
            yield from entry.parts or (entry,)


def for_account(clocks: ClockQuerySet) -> ClockQuerySet:
    """With everything `account_of` reads but the promises before."""
    return for_faces(clocks).select_related("ticket__organisation").prefetch_related("events__actor")


def account_of_ticket(ticket: Ticket, *, clock_id: str, now: datetime) -> Account | None:
    """The account of one of the ticket's clocks; None where it is none of them. No query for an empty id."""
    if not clock_id.isdecimal() or len(clock_id) > 18:
        return None
    clock = for_account(ticket.clocks.all()).filter(pk=int(clock_id)).first()
    return None if clock is None else account_of(clock, now=now, for_desk=True)


def account_of(clock: Clock, *, now: datetime, for_desk: bool) -> Account:
    """The whole account of a clock that was read with `for_account`; further queries for the promises before and the
    steps."""
    ledger = clock_ledger(clock, now=now)
    lines = list(_lines(ledger.segments, for_desk=for_desk))
    zone = ZoneInfo(calendar_of(clock).timezone)
    before = past_clocks(clock=clock)
    steps = steps_of(clock, now) if for_desk else []
    return Account(
        face=face_of(clock, now=now),
        title=name_of(clock) if for_desk else str(clock.get_metric_display()),
        facts=[
            *_promise_facts(clock, for_desk=for_desk),
            *_time_facts(clock),
            *(_forecast_facts(clock, now) if for_desk else ()),
        ],
        entries=_folded(lines, zone),
        total=sum((line.counted for line in lines if line.counted is not None), timedelta(0)),
        remaining=_remaining(ledger.remaining),
        next_step=_next(steps),
        steps=steps,
        past=[_past(one, for_desk=for_desk) for one in before],
    )


# --- what is promised ----------------------------------------------------------------------------------------------


def _promise_facts(clock: Clock, *, for_desk: bool) -> Iterator[Fact]:
    agreement = clock.agreement
    if agreement is None:
        if for_desk:
            yield Fact(_("Promised by"), str(clock.promised_by))
        if clock.words:
            yield Fact(_("In these words"), clock.words)
        yield Fact(_("Hours"), _("Round the clock"))
        return
    version = _("version %(n)s") % {"n": agreement.version}
    if for_desk:
        yield Fact(_("Agreement"), f"{agreement.name}, {version}", _address("slas:agreement", agreement.pk))
        yield Fact(_("Target"), f"{clock.get_priority_display()}, {in_hours(clock.goal)}")
    else:
        is_theirs = agreement.customer_id == clock.ticket.organisation_id
        name = agreement.name if is_theirs else _("Our service level for everybody")
        yield Fact(_("Agreement"), f"{name}, {version}")
        yield Fact(_("Target"), in_hours(clock.goal))
    yield _calendar_fact(clock, for_desk=for_desk)


def _calendar_fact(clock: Clock, *, for_desk: bool) -> Fact:
    calendar = calendar_of(clock)
    hours = f"{hours_words(calendar)} ({calendar.timezone})"
    if not for_desk or clock.calendar is None:
        return Fact(_("Hours"), hours)
    version = _("version %(n)s") % {"n": clock.calendar_version}
    return Fact(_("Calendar"), f"{clock.calendar}, {version}: {hours}", _address("slas:calendar", clock.calendar.pk))


def hours_words(calendar: arithmetic.Calendar) -> str:
    """The opening hours of a plain week: "Mon–Fri 09:00–17:00, Sat 10:00–14:00"."""
    days = [tuple(tuple(pair) for pair in calendar.hours.get(day, ())) for day in range(7)]
    if all(day == (("00:00", "24:00"),) for day in days):
        return _("Round the clock")
    parts, at = [], 0
    for hours, same in groupby(days):
        n = len(list(same))
        if hours:
            names = [date_format(MIDWEEK + timedelta(days=day), "D") for day in (at, at + n - 1)]
            spans = ", ".join(f"{opens}–{closes}" for opens, closes in hours)
            parts.append(f"{names[0] if n == 1 else '–'.join(names)} {spans}")
        at += n
    return pgettext("between the parts of a sentence", "; ").join(parts)


def _time_facts(clock: Clock) -> Iterator[Fact]:
    yield Fact(_("Began"), _moment(clock.started_at))
    yield Fact(_("Due"), _moment(clock.due_at) if clock.due_at else _("once it runs again"))
    if clock.ended_at is not None:
        is_cancelled = clock.state == Clock.State.CANCELLED
        yield Fact(_("Given up") if is_cancelled else _("Ended"), _moment(clock.ended_at))


def _forecast_facts(clock: Clock, now: datetime) -> Iterator[Fact]:
    """The chance to be met, while it runs and enough is known of clocks like it."""
    if chance := chances([clock], now=now).get(clock.pk):
        words = _("%(percent)s %%: %(words)s (%(sample)s)") % {
            "percent": chance.percent, "words": chance.words, "sample": chance.sample,
        }  # fmt: skip
        yield Fact(_("Chance to be met"), words, reverse("slas:forecast"))


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")


def _remaining(remaining: timedelta) -> str:
    if remaining < timedelta(0):
        return _("over by %(length)s") % {"length": exactly(remaining)}
    return exactly(remaining)


def _past(clock: Clock, *, for_desk: bool) -> str:
    if clock.agreement is None:
        return _moment(clock.due_at or clock.started_at + clock.goal)
    if not for_desk:
        return in_hours(clock.goal)
    return f"{clock.get_priority_display()}, {clock.agreement}, {in_hours(clock.goal)}"


def _address(name: str, pk: int) -> str:
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return ""


def _next(steps: Sequence[Step]) -> str:
    """What happens next, should nothing happen before: "24 Nov 2026, 14:00, 50 % of the time: tells the assignee"."""
    step = next_step(steps)
    if step is None:
        return ""
    words = f"{step.what}: {step.will}" if step.will else step.what
    return f"{_moment(step.planned_at)}, {words}" if step.planned_at else words


# --- where the time went -------------------------------------------------------------------------------------------


def _lines(segments: Iterable[Segment], *, for_desk: bool) -> Iterator[Entry]:
    """One entry a segment. Each counts the whole seconds by which the running sum rises: the lines add up exactly."""
    used = timedelta(0)
    for segment in segments:
        counted = None
        if segment.kind == SegmentKind.RUNNING:
            counted = _whole(used + segment.worked) - _whole(used)
            used += segment.worked
        yield Entry(
            segment.starts_at, segment.ends_at, segment.kind.value, _what(segment, for_desk=for_desk), counted
        )  # fmt: skip


def _whole(length: timedelta) -> timedelta:
    return timedelta(seconds=round(length.total_seconds()))


def _folded(lines: Sequence[Entry], zone: ZoneInfo) -> list[Entry]:
    """The lines, with each long run between two pauses as one that opens."""
    found: list[Entry] = []
    for is_pause, run in groupby(lines, key=lambda line: line.kind == SegmentKind.PAUSED):
        stretch = tuple(run)
        found += stretch if is_pause or len(stretch) <= FOLDED else [_fold(stretch, zone)]
    return found


def _fold(stretch: tuple[Entry, ...], zone: ZoneInfo) -> Entry:
    worked = [line for line in stretch if line.counted is not None]
    n = len({line.starts_at.astimezone(zone).date() for line in worked})
    words = ngettext("%(n)s working day", "%(n)s working days", n) % {"n": n}
    holidays = list(dict.fromkeys(line.words for line in stretch if line.kind == SegmentKind.HOLIDAY))
    return Entry(
        stretch[0].starts_at, stretch[-1].ends_at, "folded",
        pgettext("between the parts of a sentence", "; ").join([words, *holidays]),
        sum((line.counted for line in worked if line.counted is not None), timedelta(0)), stretch,
    )  # fmt: skip


def _what(segment: Segment, *, for_desk: bool) -> str:
    match segment.kind:
        case SegmentKind.RUNNING:
            return _("Running")
        case SegmentKind.CLOSED:
            return _("Outside working hours")
        case SegmentKind.HOLIDAY:
            return _("Holiday: %(name)s") % {"name": segment.label}
    if not for_desk:
        return _("Paused: %(reason)s") % {"reason": _said_to_customers(segment.label)}
    reason = reason_words(segment.label)
    if not segment.actor:
        return _("Paused: %(reason)s") % {"reason": reason}
    return _("Paused by %(name)s: %(reason)s") % {"name": segment.actor, "reason": reason}


def reason_words(reason: str) -> str:
    """Why a clock does not count, in words of the desk."""
    own = {
        HANDED_OVER: _("Another team has it"),
        WITH_US: _("Not with the supplier"),
        RESOLVED: _("Resolved, then reopened"),
    }
    if reason in own:
        return own[reason]
    return str(WaitingReason(reason).label) if reason in WaitingReason.values else reason


def _said_to_customers(reason: str) -> str:
    words: dict[str, str] = {
        WaitingReason.REQUESTER: _("an answer of yours was needed"),
        WaitingReason.SUPPLIER: _("a supplier was needed"),
        WaitingReason.APPROVAL: _("an approval was needed"),
        WaitingReason.CHANGE: _("a planned change was needed"),
        WaitingReason.PROBLEM: _("its cause was being looked for"),
        WaitingReason.SCHEDULED: _("it was put off to an agreed time"),
        RESOLVED: _("it was solved, then reopened"),
    }
    return words.get(reason, _("it could not go on"))
