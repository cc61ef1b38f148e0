"""What is behind the percentages (a watermelon is green outside and red inside), read once for the page: thirteen queries,
and two for every 500 tickets of which the courts are told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.models import User
from reports.filters import TicketFilter
from reports.periods import Period
from reports.selectors import attainment, courts, signs, spread
from reports.selectors.attainment import NOTHING, Measured, Tally, total
from reports.selectors.courts import Courts
from reports.selectors.signs import Seen, Sighted
from reports.selectors.spread import Spread
from reports.signs import Sign
from slas.models import Metric

STRIP = (Sign.REOPENED, Sign.UNASKED, Sign.PASSED_ON, Sign.CHASED)


@dataclass(frozen=True)
class Beside:
    """What stands beside the percentages: `late` are open tickets that are late now, `seen` the signs of the period."""

    scope: TicketFilter
    period: Period
    now: datetime
    late: Seen
    seen: Mapping[Sign, Seen]


@dataclass(frozen=True)
class Row:
    """One service or one customer; `wanted` narrows a list to it."""

    name: str
    wanted: TicketFilter
    resolution: Tally
    late: Sighted
    seen: Mapping[Sign, Sighted]

    @property
    def n_red(self) -> int:
        """Tickets that a percentage does not show, to put the reddest first."""
        return self.late.n_tickets + sum(count.n_tickets for count in self.seen.values())


@dataclass(frozen=True)
class Watermelon:
    beside: Beside
    by_part: list[Measured]
    pauses: Mapping[str, Sighted]
    spreads: Sequence[Spread]
    courts: Courts

    def tally(self, metric: str) -> Tally:
        return total(each.tally for each in self.by_part if each.metric == metric)

    def by_service(self, names: Mapping[int, str]) -> list[Row]:
        """The reddest first. `names` by key; 0 is no service."""
        measured = [((each.service or (0, ""))[0], each) for each in self.by_part]
        keys = {service for seen in self._all() for service, _customer in seen.by_place}
        return self._rows(names, measured, keys, Seen.of_service, lambda key: replace(self.beside.scope, service=key))

    def by_customer(self, names: Mapping[int, str]) -> list[Row]:
        measured = [(each.customer[0], each) for each in self.by_part]
        keys = {customer for seen in self._all() for _service, customer in seen.by_place}
        return self._rows(names, measured, keys, Seen.of_customer, lambda key: replace(self.beside.scope, customer=key))

    def _rows(
        self,
        names: Mapping[int, str],
        measured: Sequence[tuple[int, Measured]],
        keys: set[int],
        of: Callable[[Seen, int], Sighted],
        narrowed: Callable[[int], TicketFilter],
    ) -> list[Row]:
        ended: dict[int, Tally] = dict.fromkeys(keys, NOTHING)
        for key, each in measured:
            if each.metric == Metric.RESOLUTION:
                ended[key] = ended.get(key, NOTHING) + each.tally
        rows = [
            Row(
                name=names.get(key, ""),
                wanted=narrowed(key),
                resolution=tally,
                late=of(self.beside.late, key),
                seen={sign: of(seen, key) for sign, seen in self.beside.seen.items()},
            )
            for key, tally in ended.items()
        ]
        return sorted(rows, key=lambda row: (-row.n_red, -row.resolution.n, row.name))

    def _all(self) -> list[Seen]:
        return [self.beside.late, *self.beside.seen.values()]


def read_beside(*, scope: TicketFilter, period: Period, user: User, now: datetime) -> Beside:
    """Six queries."""
    return Beside(
        scope=scope,
        period=period,
        now=now,
        late=signs.n_open_breached(scope=scope, user=user, now=now),
        seen=signs.signs(STRIP, scope=scope, period=period, user=user, now=now),
    )


def read_watermelon(*, scope: TicketFilter, period: Period, user: User, now: datetime) -> Watermelon:
    return Watermelon(
        beside=read_beside(scope=scope, period=period, user=user, now=now),
        by_part=attainment.attainment_by_part(scope=scope, period=period, user=user, now=now),
        pauses=signs.pauses(scope=scope, period=period, user=user, now=now),
        spreads=spread.spreads(scope=scope, period=period, user=user, now=now),
        courts=courts.courts(scope=scope, period=period, user=user, now=now),
    )
