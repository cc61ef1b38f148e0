"""Whose court the ball is in: every minute of a ticket belongs to the requester, to one of our teams, to a supplier, to an
approver, or to the hours in which nobody is expected to work. Pure: (places, calendar) -> stretches.

The stretches cover the ticket's life without gap or overlap. It ends when the ticket is over, or goes on until now. The
time between a resolution and a reopening was the requester's: he was asked whether it is solved.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from slas.clock import Calendar, intervals, working_between

ZERO = timedelta(0)


class Court(StrEnum):
    REQUESTER = "requester"
    TEAM = "team"
    SUPPLIER = "supplier"
    APPROVER = "approver"
    CLOSED = "closed"


COURTS_OF_WAITS = {"requester": Court.REQUESTER, "supplier": Court.SUPPLIER, "approval": Court.APPROVER}
"""Whom a waiting reason gives the ball to. Any other wait (for a change, a problem, a date) is a matter of ours."""


Holder = tuple[Court, int | None]  # with the key of our team, where it is one


@dataclass(frozen=True)
class Place:
    """Where a ticket is from `at` on: with the team of this key (None = with no team yet), waiting for something ("" = for
    nothing), or over."""

    at: datetime
    team: int | None = None
    waits_for: str = ""
    is_over: bool = False

    @property
    def court(self) -> Court:
        return Court.REQUESTER if self.is_over else COURTS_OF_WAITS.get(self.waits_for, Court.TEAM)

    @property
    def holder(self) -> Holder:
        """Who has the ball in working hours."""
        return self.court, self.team if self.court is Court.TEAM else None


@dataclass(frozen=True)
class Stretch:
    """The time [starts_at, ends_at) in one court; `team` is the key of ours, where it is one."""

    starts_at: datetime
    ends_at: datetime
    court: Court
    team: int | None = None

    @property
    def length(self) -> timedelta:
        return self.ends_at - self.starts_at


def stretches(calendar: Calendar, places: Sequence[Place], *, until: datetime) -> list[Stretch]:
    """The ticket's life from its first place to its end, or to `until`; neighbours of one court are one stretch. Places
    count in the order of their times, those of `until` or later not at all. Naive datetimes are a ValueError."""
    found: list[Stretch] = []
    for start, end, place in _stays(places, until):
        for piece in _pieces(calendar, start, end, place.holder):
            last = found[-1] if found else None
            if last is not None and (last.court, last.team) == (piece.court, piece.team):
                found[-1] = Stretch(last.starts_at, piece.ends_at, last.court, last.team)
            else:
                found.append(piece)
    return found


def totals(calendar: Calendar, places: Sequence[Place], *, until: datetime) -> dict[Holder, timedelta]:
    """How long each held the ball: the sums of `stretches`, worked out without making them."""
    found: dict[Holder, timedelta] = {}
    for start, end, place in _stays(places, until):
        worked = working_between(calendar, start, end)
        for holder, length in ((place.holder, worked), ((Court.CLOSED, None), end - start - worked)):
            if length:
                found[holder] = found.get(holder, ZERO) + length
    return found


def life_of(places: Sequence[Place], *, until: datetime) -> timedelta:
    """How long the ticket lived: what all courts add up to."""
    return sum((end - start for start, end, _place in _stays(places, until)), ZERO)


def _stays(places: Sequence[Place], until: datetime) -> Iterator[tuple[datetime, datetime, Place]]:
    """From when to when the ticket was at each of its places; not at the last one, if it is over there."""
    last = _utc(until)
    known = sorted(((_utc(place.at), place) for place in places), key=lambda pair: pair[0])
    known = [pair for pair in known if pair[0] < last]
    ends = [at for at, _place in known[1:]]
    if known and not known[-1][1].is_over:
        ends.append(last)
    for (start, place), end in zip(known, ends, strict=False):  # no end for what is over
        if start < end:
            yield start, end, place


def _pieces(calendar: Calendar, start: datetime, end: datetime, holder: Holder) -> Iterable[Stretch]:
    """The time cut at the calendar's openings and closings."""
    cursor = start
    for opens_at, closes_at in intervals(calendar, start, end):
        if cursor < opens_at:
            yield Stretch(cursor, opens_at, Court.CLOSED)
        yield Stretch(opens_at, closes_at, *holder)
        cursor = closes_at
    if cursor < end:
        yield Stretch(cursor, end, Court.CLOSED)


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"{at!r} has no time zone: a court only knows aware datetimes.")
    return at.astimezone(UTC)
