"""Which agreements apply to a ticket, for many tickets: all agreements are read once, as they are or as they would be once
a draft is active. The rules are those of slas.promises.promises_for, held in memory (tests/slas/test_rollout.py compares)."""

from collections.abc import Iterable
from copy import copy
from typing import Self

from slas.models import Agreement
from slas.promises import Promise
from tickets.models import Ticket


class Standing:
    """The agreements that are no drafts. `of(ticket)` costs no query but the first reading of each promise."""

    def __init__(self, agreements: Iterable[Agreement]) -> None:
        self._agreements = list(agreements)
        self._services = {row.pk: frozenset(service.pk for service in row.services.all()) for row in self._agreements}
        self._heirs = {
            row.replaces_id: row for row in self._agreements if row.replaces_id is not None and row.applies_to_open
        }
        self._promises: dict[int, Promise] = {}

    @classmethod
    def read(cls, *, draft: Agreement | None = None) -> Self:
        """As they are now; with `draft` as they would be with it active and open tickets moved over. Two queries."""
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

    def of(self, ticket: Ticket) -> list[Agreement]:
        """The SLA, the team's OLA and the supplier's contract that apply to the ticket, as far as there are such."""
        found = [self._sla(ticket), *self._underneath(ticket)]
        return [self._newest(agreement) for agreement in found if agreement is not None]

    def promises(self, ticket: Ticket) -> list[Promise]:
        return [self._promise(agreement) for agreement in self.of(ticket)]

    def _promise(self, agreement: Agreement) -> Promise:
        if agreement.pk not in self._promises:
            self._promises[agreement.pk] = Promise.of(agreement)
        return self._promises[agreement.pk]

    def _sla(self, ticket: Ticket) -> Agreement | None:
        fitting = [
            row
            for row in self._in_force(ticket)
            if row.kind == Agreement.Kind.SLA and row.customer_id in (None, ticket.organisation_id)
        ]
        return max(fitting, key=self._specificity, default=None)

    def _underneath(self, ticket: Ticket) -> list[Agreement]:
        fitting = [
            row
            for row in self._in_force(ticket)
            if row.kind == Agreement.Kind.UC or (row.kind == Agreement.Kind.OLA and row.team_id == ticket.team_id)
        ]
        fitting.sort(key=lambda row: (bool(self._services[row.pk]), row.start_date, row.pk))
        return list({row.kind: row for row in fitting}.values())

    def _in_force(self, ticket: Ticket) -> Iterable[Agreement]:
        on = ticket.opened_at.date()
        return (
            row
            for row in self._agreements
            if row.start_date <= on
            and (row.end_date is None or row.end_date > on)
            and (not self._services[row.pk] or ticket.service_id in self._services[row.pk])
        )

    def _specificity(self, row: Agreement) -> tuple[object, ...]:
        return 2 * (row.customer_id is not None) + bool(self._services[row.pk]), row.start_date, row.pk

    def _newest(self, row: Agreement) -> Agreement:
        while row.state == Agreement.State.SUPERSEDED and row.pk in self._heirs:
            row = self._heirs[row.pk]
        return row
