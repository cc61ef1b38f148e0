"""Held against the agreements in force, the replay finds what the demo's months recorded."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from itsm.demo.seed import seed
from slas.models import Agreement, Clock
from slas.replay.rulebook import Rulebook
from tests.slas.covering import agreement_for
from tests.slas.test_replay import replayed
from tickets.models import Ticket

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.usefixtures("demo")]

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def _seeded(django_db_setup, django_db_blocker):
    """Seeded once for this module, inside a transaction that its end takes back."""
    with django_db_blocker.unblock(), transaction.atomic():
        seed(now=NOW)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(_seeded, db):
    return None


class TestTheMethod:
    def test_agrees_with_the_demos_months(self):
        for agreement in Agreement.objects.filter(kind=Agreement.Kind.SLA):
            findings = replayed(agreement, until=NOW)
            n_recorded = Ticket.objects.filter(clocks__agreement=agreement).exclude(
                clocks__state=Clock.State.CANCELLED
            ).distinct().count()  # fmt: skip
            assert findings.changed == []
            assert findings.n_tickets == n_recorded > 50

    def test_finds_the_agreement_as_the_live_desk_does(self):
        books = [Rulebook(agreement) for agreement in Agreement.objects.filter(kind=Agreement.Kind.SLA)]
        for ticket in Ticket.objects.order_by("?")[:60]:
            wanted = agreement_for(ticket)
            for book in books:
                found = book.agreement_for(ticket.organisation_id, ticket.service_id, ticket.opened_at.date())
                assert found == wanted
