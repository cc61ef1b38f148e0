"""Which agreements apply to a ticket, and that a process which remembers them never remembers the past."""

from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from slas.models import Agreement, BusinessCalendar, EscalationStep, Target
from slas.standing import Standing, standing


@pytest.fixture
def agree(office):
    def _agree(name, services=(), **fields):
        start = fields.pop("start_date", date(2026, 1, 1))
        made = Agreement.objects.create(name=name, calendar=office, start_date=start, **fields)
        made.services.set(services)
        return made

    return _agree


def names(incident, **more):
    return [str(row) for row in standing().of(incident.ticket, **more)]


class TestStanding:
    def test_finds_the_most_specific_of_each_kind(
        self, open_for, bob, charlie, acme, vpn, network, our_organisation, agreement, agree, now
    ):
        agree("acme", customer=acme)
        agree("vpn", services=[vpn])
        agree("later", customer=acme, services=[vpn], start_date=date(2026, 12, 1))
        agree("past", customer=acme, services=[vpn], end_date=date(2026, 6, 1))
        agree("draft", customer=acme, services=[vpn], state=Agreement.State.DRAFT)
        agree("team", kind=Agreement.Kind.OLA, team=network)
        agree("team, vpn", kind=Agreement.Kind.OLA, team=network, services=[vpn])
        agree("supplier", kind=Agreement.Kind.UC, supplier=our_organisation)
        assert names(open_for(bob)) == ["acme", "team, vpn", "supplier"]
        assert names(open_for(bob, service=None)) == ["acme", "supplier"]
        assert names(open_for(charlie)) == ["vpn", "team, vpn", "supplier"]
        assert names(open_for(charlie, service=None)) == ["Gold", "supplier"]
        assert names(open_for(charlie, service=None), teams={network.pk, None}) == ["Gold", "team", "supplier"]
        assert names(open_for(bob, at=now + timedelta(days=30))) == ["later", "team, vpn", "supplier"]

    def test_takes_the_version_that_took_over_open_tickets(self, open_for, bob, agreement, agree):
        incident = open_for(bob)
        agreement.state = Agreement.State.SUPERSEDED
        agreement.save()
        successor = agree("Gold", version=2, replaces=agreement, applies_to_open=False, start_date=date(2027, 1, 1))
        assert names(incident) == ["Gold"]
        successor.applies_to_open = True
        successor.save()
        assert names(incident) == ["Gold (v2)"]

    def test_of_two_that_fit_alike_the_newer_applies(self, open_for, bob, acme, agree):
        agree("second", customer=acme, start_date=date(2026, 2, 1))
        agree("first", customer=acme)
        assert names(open_for(bob)) == ["second"]


class TestMemory:
    def test_holds_while_nothing_changes(self, agreement):
        standing()
        with CaptureQueriesContext(connection) as queries:
            assert standing() is standing()
        assert len(queries) == 2  # it looks at the stamp each time, and reads nothing

    @pytest.mark.parametrize(
        "change",
        [
            lambda _row: Target.objects.filter(priority=3).update(duration=timedelta(minutes=7)),
            lambda _row: EscalationStep.objects.all().delete(),
            lambda row: Agreement.objects.filter(pk=row.pk).update(pauses_on=[]),
            lambda row: BusinessCalendar.objects.filter(pk=row.calendar_id).update(version=9),
            lambda row: row.services.clear(),
        ],
        ids=["target", "step", "agreement", "calendar", "services"],
    )
    def test_ends_with_every_change(self, agreement, vpn, change):
        agreement.services.add(vpn)
        before = standing()
        change(agreement)
        assert standing() is not before

    def test_of_what_was_rolled_back_goes_with_it(self, open_for, bob, agreement, acme, agree):
        incident = open_for(bob)
        assert names(incident) == ["Gold"]
        with transaction.atomic():
            agree("acme", customer=acme)
            assert names(incident) == ["acme"]
            transaction.set_rollback(True)
        assert names(incident) == ["Gold"]
        agree("globex", kind=Agreement.Kind.UC, supplier=acme)
        assert names(incident) == ["Gold", "globex"]

    def test_a_reading_of_its_own_is_not_kept(self, agreement):
        assert Standing.read() is not standing()
