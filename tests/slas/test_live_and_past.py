"""One engine: a life that the desk's verbs led live, told again as turns, gives the same clocks (slas.history)."""

import contextlib
import random
from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.models import Membership, Organisation, Team
from core.machine import IllegalMove
from incidents import services as incidents
from incidents.models import Incident, ResolutionCode
from slas.engine import Turn
from slas.history import past_clocks
from slas.metrics import TurnKind
from slas.models import Agreement, Clock, ClockEvent, Metric, Target
from slas.promises import Promise
from tickets.models import Channel, Priority, WaitingReason
from work.services import assign_ticket, note_on_ticket, reply_to_ticket

HOUR = timedelta(hours=1)
REASONS = (WaitingReason.REQUESTER, WaitingReason.SUPPLIER, WaitingReason.SCHEDULED)
MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def with_targets(agreement, **goals):
    """`goals` in hours by metric; the higher the priority the shorter."""
    Target.objects.bulk_create(
        Target(agreement=agreement, metric=metric, priority=priority, duration=hours * HOUR * priority)
        for metric, hours in goals.items()
        for priority in Priority.values
        if not (metric == Metric.OWN and priority == Priority.P5)  # a metric that not every priority promises
    )
    return agreement


@pytest.fixture
def world(our_organisation, network, vpn, office, always, alice):
    """Two teams with an OLA each, a supplier with a contract, an agreement with every metric."""
    servers = Team.objects.create(name="Servers", organisation=our_organisation)
    Membership.objects.create(team=servers, user=alice)
    begins = {"start_date": date(2020, 1, 1)}
    gold = Agreement.objects.create(name="Gold", calendar=office, pauses_on=REASONS[::2], **begins)
    with_targets(gold, first_response=1, resolution=6, own=1, next_reply=1, update=2)
    Target.objects.filter(agreement=gold, priority__lte=2).update(calendar=always)
    for team in (network, servers):
        kind = {"kind": Agreement.Kind.OLA, "name": f"OLA {team.name}", "pauses_on": REASONS[:1]}
        with_targets(Agreement.objects.create(team=team, calendar=office, **kind, **begins), team=2)
    fibre = Organisation.objects.create(name="Fibre Ltd", kind=Organisation.Kind.SUPPLIER)
    contract = Agreement.objects.create(kind=Agreement.Kind.UC, name="Fibre", supplier=fibre, calendar=always, **begins)
    contract.services.add(vpn)
    with_targets(contract, supplier=3)
    return {"gold": gold, "teams": [network, servers]}


class Life:
    """Leads one incident by the desk's verbs, and keeps what happened as turns."""

    def __init__(self, chance, world, incident, alice, bob):
        self.chance, self.world, self.incident = chance, world, incident
        self.alice, self.bob = alice, bob
        self.now, self.turns = incident.ticket.opened_at, []

    def happened(self, kind, **fields):
        self.turns.append(Turn(kind, at=self.now, **fields))

    def go_on(self):
        self.now += timedelta(minutes=self.chance.choice([1, 7, 45, 90, 300, 1500]), seconds=self.chance.randrange(60))
        self.incident = Incident.objects.with_header().get(pk=self.incident.pk)
        verb = self.chance.choice([
            self.reply, self.reply, self.write, self.hold, self.resume, self.resolve, self.reopen, self.take,
            self.hand_over, self.prioritise, self.note,
        ])  # fmt: skip
        with contextlib.suppress(IllegalMove):  # the process may not allow it from here: then nothing happened
            verb()

    def reply(self):
        self._say(self.alice)
        self.happened(TurnKind.ANSWERED)

    def write(self):
        waited = self.incident.ticket.waiting_reason == WaitingReason.REQUESTER
        self._say(self.bob)
        if waited:
            self.happened(TurnKind.RESUMED)
        self.happened(TurnKind.WRITTEN)

    def _say(self, who):
        reply_to_ticket(ticket=self.incident.ticket, body="Words.", actor=who, now=self.now, channel=Channel.MAIL)

    def note(self):
        note_on_ticket(ticket=self.incident.ticket, body="Hm.", actor=self.alice, now=self.now)

    def hold(self):
        reason = self.chance.choice(REASONS)
        comment = "Which one?" if reason == WaitingReason.REQUESTER else ""
        incidents.hold_incident(
            incident=self.incident, reason=reason, comment=comment, actor=self.alice, now=self.now
        )  # fmt: skip
        if comment:
            self.happened(TurnKind.ANSWERED)
        self.happened(TurnKind.PAUSED, reason=reason)

    def resume(self):
        incidents.resume_incident(incident=self.incident, actor=self.alice, now=self.now)
        self.happened(TurnKind.RESUMED)

    def resolve(self):
        incidents.resolve_incident(
            incident=self.incident, code=ResolutionCode.FIXED, resolution="Done.", actor=self.alice, now=self.now
        )
        self.happened(TurnKind.RESOLVED)

    def reopen(self):
        if incidents.reopen_incident(incident=self.incident, actor=None, now=self.now):
            self.happened(TurnKind.REOPENED)

    def take(self):
        before = self.incident.ticket.assignee
        after = None if before else self.alice
        assign_ticket(
            ticket=self.incident.ticket, team=self.incident.ticket.team, assignee=after, actor=self.alice, now=self.now
        )
        if after:
            self.happened(TurnKind.TAKEN)

    def hand_over(self):
        ticket = self.incident.ticket
        other = next(team for team in self.world["teams"] if team.pk != ticket.team_id)
        assign_ticket(ticket=ticket, team=other, assignee=ticket.assignee, actor=self.alice, now=self.now)
        self.happened(TurnKind.HANDED_OVER, team=other.pk)

    def prioritise(self):
        incidents.prioritise_incident(
            incident=self.incident, impact=self.chance.randint(1, 3), urgency=self.chance.randint(1, 3),
            actor=self.alice, now=self.now,
        )  # fmt: skip
        self.happened(TurnKind.CHANGED, priority=self.incident.ticket.priority)


def told(clock, events):
    """A clock and its story, without keys. A pause at the moment of a stop or of another pause says nothing."""
    columns = ("metric", "team_id", "state", "priority", "goal", "used", "started_at", "due_at", "ended_at")
    story = [(event.kind, event.at, event.reason) for event in sorted(events, key=lambda event: event.at)]
    return [getattr(clock, name) for name in columns], story


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.matrix) for seed in range(12, 80))]
)
def test_a_life_told_again_gives_the_clocks_it_had(world, open_incident, alice, bob, seed):
    chance = random.Random(seed)
    Agreement.objects.filter(pk=world["gold"].pk).update(
        reopens_as=chance.choice(Agreement.ReopensAs.values),
        starts_from=chance.choice(Agreement.StartsFrom.values),
        reply_mode=chance.choice(Agreement.ReplyMode.values),
    )
    incident = open_incident(impact=chance.randint(1, 3), urgency=chance.randint(1, 3))
    first_priority, first_team = incident.ticket.priority, incident.ticket.team_id
    life = Life(chance, world, incident, alice, bob)
    for _step in range(25):
        life.go_on()
    ends_at = life.now + HOUR
    life.now = ends_at
    incident = Incident.objects.with_header().get(pk=incident.pk)
    if incident.ticket.is_active:
        incidents.cancel_incident(incident=incident, reason="Enough.", actor=alice, now=ends_at)

    again = past_clocks(
        ticket=incident.ticket,
        promises=[Promise.of(agreement) for agreement in Agreement.objects.select_related("calendar")],
        priority=first_priority, team=first_team, turns=life.turns, known_until=ends_at,
    )  # fmt: skip
    live = Clock.objects.filter(ticket=incident.ticket).order_by("metric", "generation")
    happened = [told(clock, ClockEvent.objects.filter(clock=clock)) for clock in live]
    retold = sorted(again, key=lambda past: (past.clock.metric, past.clock.generation))
    assert [told(past.clock, past.events) for past in retold] == happened
    assert len(happened) >= 5  # each life has at least what its opening began


@pytest.fixture
def open_incident(vpn, bob):
    def _open(*, impact, urgency):
        return incidents.open_incident(
            subject="VPN", body="It drops.", requester=bob, actor=bob, now=MONDAY, channel=Channel.PORTAL, service=vpn,
            impact=impact, urgency=urgency,
        )  # fmt: skip

    return _open
