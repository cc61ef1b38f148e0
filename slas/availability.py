"""How available a service was against what was promised. Pure: (outages, planned downtime, calendar, period) -> figures.

Only committed time counts: the open hours of the agreement's calendar, without downtime that was planned and agreed. Overlapping
outages count once, and an outage inside planned downtime not at all. Everything is exact to the microsecond, and a
period cut in two gives the same sums. Naive datetimes are a ValueError.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from slas.clock import Calendar, working_between

ZERO = timedelta(0)
MICROSECOND = timedelta(microseconds=1)
PLACES = 1000  # a percentage has three decimals


@dataclass(frozen=True)
class Span:
    """The time [starts_at, ends_at); without an end it goes on."""

    starts_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Availability:
    """What came of one period. `committed` is the whole period's committed time, `elapsed` its part that has passed; `down`
    was lost of it, `planned` had been taken out of it. `target` in percent, None = nothing promised.

    `shares` says how much of `down` each outage adds, in the order they were given: of two that overlap the one that
    began first has the common time.
    """

    committed: timedelta
    elapsed: timedelta
    planned: timedelta
    down: timedelta
    shares: tuple[timedelta, ...]
    target: Decimal | None

    @property
    def achieved(self) -> Decimal | None:
        """In percent, rounded down to three decimals: 99.9999 % is not 100 %. None while no committed time has passed."""
        if not self.elapsed:
            return None
        return Decimal(100 * PLACES * (self.elapsed - self.down) // self.elapsed) / PLACES

    @property
    def allowed(self) -> timedelta | None:
        """The error budget of the whole period: how much downtime the target leaves."""
        if self.target is None:
            return None
        return int(self.committed // MICROSECOND * (1 - Fraction(self.target) / 100)) * MICROSECOND

    @property
    def left(self) -> timedelta | None:
        """What is left of the error budget; negative where the promise is broken."""
        return None if self.allowed is None else self.allowed - self.down

    @property
    def is_broken(self) -> bool:
        """Told by the time, not by the rounded percentage."""
        return self.left is not None and self.left < ZERO


def measure(
    calendar: Calendar,
    *,
    starts_at: datetime,
    ends_at: datetime,
    outages: Sequence[Span] = (),
    planned: Iterable[Span] = (),
    target: Decimal | None = None,
    now: datetime | None = None,
) -> Availability:
    """Account for the period [starts_at, ends_at) as it stands at `now` (None = it is over).

    An outage without an end lasts until now; planned downtime ahead lowers what is committed. ValueError where the
    period ends before it starts.
    """
    first, last = _utc(starts_at), _utc(ends_at)
    if last < first:
        raise ValueError("The period ends before it starts.")
    reached = last if now is None else min(max(_utc(now), first), last)
    downtime = _merged(_clipped(span, first, last) for span in planned)
    shares = _shares(calendar, [_clipped(span, first, reached) for span in outages], downtime)
    taken_out = _worked(calendar, [_clipped(Span(*pair), first, reached) for pair in downtime])
    return Availability(
        committed=working_between(calendar, first, last) - _worked(calendar, downtime),
        elapsed=working_between(calendar, first, reached) - taken_out,
        planned=taken_out,
        down=sum(shares, ZERO),
        shares=shares,
        target=target,
    )


_Pair = tuple[datetime, datetime]


def _shares(calendar: Calendar, outages: list[_Pair], planned: list[_Pair]) -> tuple[timedelta, ...]:
    """What each outage adds to the downtime, in the order given."""
    shares = [ZERO] * len(outages)
    reached: datetime | None = None  # everything before is accounted for
    for place in sorted(range(len(outages)), key=lambda place: (*outages[place], place)):
        start, end = outages[place]
        start = start if reached is None else max(start, reached)
        if start < end:
            shares[place] = _worked(calendar, _without((start, end), planned))
            reached = end
    return tuple(shares)


def _without(pair: _Pair, holes: list[_Pair]) -> list[_Pair]:
    """What is left of a stretch of time outside the holes, which are sorted and disjoint."""
    left, cursor = [], pair[0]
    for start, end in holes:
        if start >= pair[1]:
            break
        if cursor < start:
            left.append((cursor, start))
        cursor = max(cursor, end)
    if cursor < pair[1]:
        left.append((cursor, pair[1]))
    return left


def _merged(pairs: Iterable[_Pair]) -> list[_Pair]:
    """Sorted, with those that overlap or touch made one and empty ones dropped."""
    found: list[_Pair] = []
    for start, end in sorted(pairs):
        if start >= end:
            continue
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def _clipped(span: Span, first: datetime, last: datetime) -> _Pair:
    """The part within [first, last); empty (start = end) where there is none."""
    start = max(_utc(span.starts_at), first)
    end = last if span.ends_at is None else min(_utc(span.ends_at), last)
    return (start, end) if start < end else (first, first)


def _worked(calendar: Calendar, pairs: Iterable[_Pair]) -> timedelta:
    return sum((working_between(calendar, start, end) for start, end in pairs), ZERO)


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"{at!r} has no time zone: availability is only known for aware datetimes.")
    return at.astimezone(UTC)
