"""In whose court the ball was, over all tickets resolved in a period."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import Team, User
from reports.filters import TicketFilter, tickets
from reports.periods import Period
from reports.selectors.flow import resolved_in
from slas.court import Court
from slas.whereabouts import courts_of

MOST = 1000
"""More tickets than these, the newest, are not looked through for a page."""
AT_ONCE = 500


@dataclass(frozen=True)
class Courts:
    """`n` tickets were looked at, of `n_all` that were resolved in the period. `lengths` by court, `teams` by the name of
    the team ("" = none); all together they are the lives of these tickets."""

    n: int
    n_all: int
    lengths: dict[Court, timedelta]
    teams: dict[str, timedelta]

    @property
    def life(self) -> timedelta:
        return sum(self.lengths.values(), timedelta(0))


def courts(*, scope: TicketFilter, period: Period, user: User, now: datetime) -> Courts:
    """Two queries, and two for every AT_ONCE tickets."""
    found = tickets(resolved_in(scope, period), user=user, now=now)
    chosen = list(found.order_by("-resolved_at", "-pk")[: MOST + 1])
    n_all = len(chosen) if len(chosen) <= MOST else found.count()
    chosen = chosen[:MOST]
    lengths: dict[Court, timedelta] = dict.fromkeys(Court, timedelta(0))
    held: dict[int | None, timedelta] = {}
    for place in range(0, len(chosen), AT_ONCE):
        for (court, team), length in courts_of(chosen[place : place + AT_ONCE], now=now).items():
            lengths[court] += length
            if court is Court.TEAM:
                held[team] = held.get(team, timedelta(0)) + length
    names = dict(Team.objects.filter(pk__in=[key for key in held if key]).values_list("pk", "name"))
    teams: dict[str, timedelta] = {}
    for key, length in sorted(held.items(), key=lambda pair: -pair[1]):
        name = names.get(key, "") if key else ""
        teams[name] = teams.get(name, timedelta(0)) + length
    return Courts(len(chosen), n_all, lengths, teams)
