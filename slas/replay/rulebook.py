"""Which agreement a ticket of the past would have been under."""

from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Exists, OuterRef, Q

from slas.models import Agreement, BusinessCalendar, Clock
from slas.promises import Promise


def trial_of(params: dict[str, Any]) -> Agreement:
    """The agreement to be tried, changed in memory as the params want it. Not to be saved."""
    agreement = Agreement.objects.select_related("calendar").prefetch_related("services").get(pk=params["agreement"])
    if params.get("calendar") is not None:
        agreement.calendar = BusinessCalendar.objects.get(pk=params["calendar"])
    if params.get("pauses_on") is not None:
        agreement.pauses_on = list(params["pauses_on"])
    return agreement


class Rulebook:
    """Which agreement of the kind of `trial` a ticket would have been under, had `trial` always been in force instead of
    the other versions of its document. Read once, asked for any number of tickets."""

    def __init__(self, trial: Agreement) -> None:
        self.trial = trial
        others = (
            Agreement.objects.filter(kind=trial.kind, team=trial.team)
            .exclude(state=Agreement.State.DRAFT)
            .exclude(name=trial.name)
            .select_related("calendar")
            .prefetch_related("services")
        )
        self._agreements = [trial, *others]
        self._services = {each.pk: {service.pk for service in each.services.all()} for each in self._agreements}
        self._promises: dict[int, Promise] = {}

    @cached_property
    def versions(self) -> set[int]:
        """The keys of all versions of the document."""
        return set(Agreement.objects.filter(name=self.trial.name).values_list("pk", flat=True))

    def promises(self, organisation: int, service: int | None, on: date) -> list[Promise]:
        agreement = self.agreement_for(organisation, service, on)
        if agreement is None:
            return []
        if agreement.pk not in self._promises:
            self._promises[agreement.pk] = Promise.of(agreement, warns=False)
        return [self._promises[agreement.pk]]

    def agreement_for(self, organisation: int, service: int | None, on: date) -> Agreement | None:
        """As slas.standing finds it."""
        candidates = [each for each in self._agreements if self._covers(each, organisation, service, on)]
        if not candidates:
            return None
        return max(candidates, key=self._rank)

    def concerns(self) -> Q:
        """The tickets that the document may say anything about: a first choice, to be read no more than needed."""
        trial = self.trial
        recorded = Clock.objects.filter(ticket=OuterRef("pk"), agreement__in=self.versions)
        in_scope = Q(organisation=trial.customer_id) if trial.customer_id else Q()
        if services := self._services[trial.pk]:
            in_scope &= Q(service__in=services)
        return in_scope | Q(Exists(recorded)) if in_scope else Q()

    def _covers(self, agreement: Agreement, organisation: int, service: int | None, on: date) -> bool:
        if agreement is not self.trial and not (
            agreement.start_date <= on and (agreement.end_date is None or on < agreement.end_date)
        ):
            return False
        services = self._services[agreement.pk]
        return agreement.customer_id in (None, organisation) and (not services or service in services)

    def _rank(self, agreement: Agreement) -> tuple[bool, bool, date, int]:
        """The most specific: customer and service, customer, service, default."""
        has_customer, names_it = agreement.customer_id is not None, bool(self._services[agreement.pk])
        return has_customer, names_it, agreement.start_date, agreement.pk
