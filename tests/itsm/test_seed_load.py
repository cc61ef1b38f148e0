"""The load's tickets are as the verbs would have left them: SQL made them, the engine agrees."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from django.core.management import CommandError, call_command
from django.db.models import F, Q

from incidents.states import PHASES, State
from itsm.load.tickets import Batch, make_batch
from itsm.load.world import make_world
from slas.engine import settle
from slas.models import Clock
from slas.sweep import sweep_due_clocks
from tickets.models import Phase, PublicEntry, Ticket

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
N = 600


@pytest.fixture
def load(db):
    make_batch(Batch(size=N, seed=7, now=NOW), make_world(scale=0.001))


def test_its_clocks_are_settled(load):
    kept = ("used", "due_at", "state", "anchor_at", "ended_at", "next_fire_at")
    clocks = Clock.objects.select_related("calendar").prefetch_related("events")
    assert clocks.count() == 2 * N
    for clock in clocks:
        before = {name: getattr(clock, name) for name in kept}
        settle(clock, clock.events.all(), ends_as=Clock.State(clock.state))
        after = {name: getattr(clock, name) for name in kept}
        if clock.state != Clock.State.RUNNING:
            before.pop("used"), after.pop("used")
            assert clock.used == (clock.ended_at or clock.events.get().at) - clock.started_at
        assert after == before, clock.metric


def test_its_headers_agree_with_their_incidents_and_clocks(load):
    tickets = Ticket.objects.select_related("incident")
    assert {ticket.phase for ticket in tickets} == set(Phase)
    for ticket in tickets:
        assert PHASES[State(ticket.incident.state)] == ticket.phase
        due = ticket.clocks.running().order_by("due_at").values_list("due_at", flat=True).first()
        assert ticket.next_due_at == due
        assert ticket.opened_at <= NOW
    assert not Clock.objects.live().exclude(ticket__phase__in=[Phase.NEW, Phase.OPEN, Phase.WAITING]).exists()


def test_it_is_skewed_like_a_real_desk(load):
    n_open = Ticket.objects.active().count()
    assert 0.05 * N < n_open < 0.15 * N
    of_services = Counter(Ticket.objects.values_list("service", flat=True)).most_common()
    assert of_services[0][1] > 2 * of_services[-1][1]
    assert 3 * N < PublicEntry.objects.count() < 5 * N
    assert not Ticket.objects.filter(~Q(assignee__teams=F("team")), assignee__isnull=False).exists()


def test_the_sweep_finds_nothing_left_over_from_the_past(load):
    assert sweep_due_clocks(now=NOW) == 0


def test_no_real_desk_is_filled(db, settings):
    settings.DEMO = False
    with pytest.raises(CommandError, match="PORTICO_DEMO"):
        call_command("seed_load", tickets=10)
    assert not Ticket.objects.exists()
