"""Two agreements that would hold for the same tickets at the same time: refused, because nobody could say which applies.

A more specific SLA beside a more general one is no clash: the most specific applies. Contracts with suppliers clash whatever
the supplier, because a ticket does not say for which of them it waits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Service
from slas.agreements.wording import listed
from slas.models import Agreement
from tickets.models import Ticket

NAMED = 10
"""So many tickets are named; the others are counted."""


@dataclass(frozen=True)
class Clash:
    """`other` covers what the draft covers: `services` of both (empty = both cover all), and `n_tickets` open tickets, of
    which the first are named."""

    other: Agreement
    services: Sequence[Service]
    n_tickets: int
    numbers: Sequence[str]

    def __str__(self) -> str:
        about = listed(service.name for service in self.services) or _("all services")
        words = {"agreement": str(self.other), "services": about, "n": self.n_tickets}
        sentence = _("“%(agreement)s” is in force at the same time for the same: %(services)s.") % words
        if self.other.kind == Agreement.Kind.UC:
            sentence += " " + _(
                "A ticket does not say for which supplier it waits, so only one contract can count for a service: leave "
                "the service out of one of them, or let the other end first."
            )
        if not self.n_tickets:
            return sentence + " " + _("No open ticket is under both now.")
        counted = ngettext(
            "%(n)s open ticket would be under both: %(numbers)s", "%(n)s open tickets would be under both: %(numbers)s",
            self.n_tickets,
        )  # fmt: skip
        rest = self.n_tickets - len(self.numbers)
        numbers = ", ".join(self.numbers) + (" " + _("and %(n)s more") % {"n": rest} if rest else "")
        return f"{sentence} {counted % {**words, 'numbers': numbers}}"


class Overlap(ValidationError):
    """A draft cannot be activated beside what is in force."""

    def __init__(self, clashes: Sequence[Clash]) -> None:
        super().__init__({NON_FIELD_ERRORS: [str(clash) for clash in clashes]})
        self.clashes = clashes


def clashes_of(draft: Agreement) -> list[Clash]:
    """What would be in force beside `draft` for the same tickets; never the version that it replaces."""
    mine = {service.pk: service for service in draft.services.all()}
    found = []
    for other in _at_the_same_time(draft):
        theirs = {service.pk: service for service in other.services.all()}
        shared = [mine[pk] for pk in mine if pk in theirs]
        if not shared and (mine or theirs):
            continue
        tickets = _covered(draft, shared)
        numbers = list(tickets.order_by("id").values_list("number", flat=True)[:NAMED])
        found.append(Clash(other, sorted(shared, key=lambda row: row.name), tickets.count(), numbers))
    return found


def _at_the_same_time(draft: Agreement) -> QuerySet[Agreement]:
    """Those of the same kind and party whose days meet the draft's."""
    party = {
        Agreement.Kind.SLA: Q(customer=draft.customer_id),
        Agreement.Kind.OLA: Q(team=draft.team_id),
        Agreement.Kind.UC: Q(),
    }[Agreement.Kind(draft.kind)]
    days = Q(end_date=None) | Q(end_date__gt=draft.start_date)
    if draft.end_date is not None:
        days &= Q(start_date__lt=draft.end_date)
    others = Agreement.objects.exclude(state=Agreement.State.DRAFT).exclude(pk__in=[draft.pk, draft.replaces_id or 0])
    return others.filter(party, days, kind=draft.kind).prefetch_related("services").order_by("name", "version")


def _covered(draft: Agreement, shared: Sequence[Service]) -> QuerySet[Ticket]:
    """The open tickets that are in the scope of both."""
    tickets = Ticket.objects.active()
    if shared:
        tickets = tickets.filter(service__in=shared)
    if draft.kind == Agreement.Kind.OLA:
        return tickets.filter(team=draft.team_id)
    return tickets.filter(organisation=draft.customer_id) if draft.customer_id else tickets
