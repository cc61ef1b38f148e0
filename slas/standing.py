"""Which agreements apply to a ticket. All of them are read once, with what they promise, as they are or as they would be
once a draft is active; `standing()` keeps what it read until somebody changes an agreement or a calendar."""

from collections.abc import Collection, Iterable
from copy import copy
from typing import Self

from django.db import connection

from slas.models import Agreement
from slas.promises import Promise
from tickets.models import Ticket

KINDS = (Agreement.Kind.SLA, Agreement.Kind.OLA, Agreement.Kind.UC)


class Standing:
    """The agreements that are no drafts, with their targets and steps. Asking it costs no query."""

    def __init__(self, agreements: Iterable[Agreement]) -> None:
        rows = list(agreements)
        self._by_key = {row.pk: row for row in rows}
        self._services = {row.pk: frozenset(service.pk for service in row.services.all()) for row in rows}
        self._agreements = sorted(rows, key=self._specificity)
        self._heirs = {row.replaces_id: row for row in rows if row.replaces_id is not None and row.applies_to_open}
        self._promises = {promise.agreement.pk: promise for promise in Promise.of_each(rows)}

    @classmethod
    def read(cls, *, draft: Agreement | None = None) -> Self:
        """As they are now; with `draft` as they would be with it active and open tickets moved over. Four queries."""
        rows = list(
            Agreement.objects.exclude(state=Agreement.State.DRAFT)
            .select_related("calendar")
            .prefetch_related("services")
            .order_by("id")
        )
        if draft is None:
            return cls(rows)
        activated = copy(draft)
        activated.state, activated.applies_to_open = Agreement.State.ACTIVE, True
        for row in rows:
            if row.pk == draft.replaces_id:
                row.state, row.end_date = Agreement.State.SUPERSEDED, draft.start_date
        return cls([*(row for row in rows if row.pk != draft.pk), activated])

    def of(self, ticket: Ticket, *, teams: Collection[int | None] = ()) -> list[Agreement]:
        """Which agreements in force when the ticket was opened apply to it: the most specific of those with its customer
        (customer and service, customer, service, default), the OLA of the team that has it and of `teams`, which had it
        (their shares of the time follow a change of priority, too), the contract with the service's supplier. Of each the
        newer version that took over open tickets, if there is one."""
        having = {team for team in (ticket.team_id, *teams) if team is not None}
        found = {(row.kind, row.team_id): row for row in self._agreements if self._covers(row, ticket, having)}
        return [
            self._newest(row) for row in sorted(found.values(), key=lambda row: KINDS.index(Agreement.Kind(row.kind)))
        ]

    def promises(self, ticket: Ticket, *, teams: Collection[int | None] = ()) -> list[Promise]:
        """What those agreements promise."""
        return [self._promises[agreement.pk] for agreement in self.of(ticket, teams=teams)]

    def agreement(self, key: int | None) -> Agreement | None:
        """The one a clock runs under; None = a commitment, which has none."""
        return None if key is None else self._by_key[key]

    def _covers(self, row: Agreement, ticket: Ticket, having: Collection[int]) -> bool:
        on, services = ticket.opened_at.date(), self._services[row.pk]
        if not (row.start_date <= on and (row.end_date is None or on < row.end_date)):
            return False
        if services and ticket.service_id not in services:
            return False
        if row.kind == Agreement.Kind.SLA:
            return row.customer_id in (None, ticket.organisation_id)
        return row.kind == Agreement.Kind.UC or row.team_id in having

    def _specificity(self, row: Agreement) -> tuple[object, ...]:
        return row.customer_id is not None, bool(self._services[row.pk]), row.start_date, row.pk

    def _newest(self, row: Agreement) -> Agreement:
        while row.state == Agreement.State.SUPERSEDED and row.pk in self._heirs:
            row = self._heirs[row.pk]
        return row


_kept: tuple[int, Standing] | None = None


def standing() -> Standing:
    """The agreements as this transaction sees them. One small query, while nothing has changed.

    PromiseStamp has another value, never used before, after every statement that changes an agreement, a target, a step or
    a calendar (migration 0003): what was read under one value holds as long as that value is seen."""
    global _kept
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM slas_promisestamp")
        (stamp,) = cursor.fetchone()
    if _kept is None or _kept[0] != stamp:
        _kept = stamp, Standing.read()
    return _kept[1]


def forget() -> None:
    """For tests, whose databases give the same values out anew."""
    global _kept
    _kept = None
