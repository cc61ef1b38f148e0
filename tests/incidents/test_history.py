"""The past is told as it would have been lived: random stories, once by the live verbs and once after the fact."""

import random
from datetime import timedelta

import pytest

from incidents import services
from incidents.history import PastIncident, write_incidents
from incidents.models import Incident, ResolutionCode
from incidents.states import MACHINE, State
from journal.models import Event, Outbox
from slas.models import Clock, ClockEvent, Metric
from slas.promises import Promise
from tickets.models import Channel, InternalNote, PublicEntry, Ticket, WaitingReason
from tickets.services import matrix_priority
from work.services import assign_ticket, note_on_ticket, reply_to_ticket

LENGTH = 14  # turns of a story


def plot(seed, begin):
    """A story that the machine allows: [(verb, words, when)], ending resolved and closed."""
    chance, state, at, story = random.Random(seed), State.NEW, begin, []
    waits_for_requester = False
    while len(story) < LENGTH:
        at += timedelta(minutes=chance.choice([7, 45, 180, 1000, 4000]))
        verb = chance.choice([*MACHINE.allowed(state), "assign", "prioritise", "answer", "write", "note"])
        if verb in ("close", "cancel"):
            continue
        word = chance.choice([WaitingReason.REQUESTER, WaitingReason.SUPPLIER]) if verb == "hold" else ""
        if verb == "prioritise":
            word = (chance.choice([1, 2, 3]), chance.choice([1, 2, 3]))
        story.append((verb, word, at))
        if verb == "answer" and state == State.NEW:
            state = State.IN_PROGRESS
        if verb == "write" and state == State.ON_HOLD and waits_for_requester:
            state = State.IN_PROGRESS
        if verb in MACHINE.moves:
            state = MACHINE.target(verb, state)
            waits_for_requester = word == WaitingReason.REQUESTER
    if state != State.RESOLVED:
        story.append(("resolve", "", at + timedelta(minutes=30)))
    return [*story, ("close", "", at + timedelta(days=2))]


def live(incident, story, bob, alice, team):
    for verb, word, at in story:
        incident = Incident.objects.with_header().get(pk=incident.pk)
        act = {"actor": alice, "now": at}
        if verb == "hold":
            comment = "Which build is it?" if word == WaitingReason.REQUESTER else ""
            services.hold_incident(incident=incident, reason=word, comment=comment, **act)
        elif verb == "resolve":
            services.resolve_incident(incident=incident, code=ResolutionCode.FIXED, resolution="Restarted.", **act)
        elif verb == "prioritise":
            services.prioritise_incident(incident=incident, impact=word[0], urgency=word[1], **act)
        elif verb == "assign":
            assign_ticket(ticket=incident.ticket, team=team, assignee=alice, **act)
        elif verb == "answer":
            reply_to_ticket(ticket=incident.ticket, body="We look.", channel=Channel.DESK, **act)
        elif verb == "write":
            reply_to_ticket(ticket=incident.ticket, body="Again!", channel=Channel.PORTAL, actor=bob, now=at)
        elif verb == "note":
            note_on_ticket(ticket=incident.ticket, body="Odd.", **act)
        else:
            getattr(services, f"{verb}_incident")(incident=incident, **act)
    return Incident.objects.with_header().get(pk=incident.pk)


def told(past, story, bob, alice, team):
    for verb, word, at in story:
        act = {"actor": alice, "at": at}
        if verb == "hold":
            past.hold(reason=word, comment="Which build is it?" if word == WaitingReason.REQUESTER else "", **act)
        elif verb == "resolve":
            past.resolve(code=ResolutionCode.FIXED, resolution="Restarted.", **act)
        elif verb == "prioritise":
            past.prioritise(
                impact=word[0], urgency=word[1], priority=matrix_priority(impact=word[0], urgency=word[1]), **act
            )
        elif verb == "assign":
            past.assign(team=team, assignee=alice, **act)
        elif verb == "answer":
            past.answer("We look.", at=at, author=alice)
        elif verb == "write":
            past.write("Again!", at=at, author=bob)
        elif verb == "note":
            past.story.note("Odd.", at=at, author=alice)
        else:
            getattr(past, verb)(**act)


def seen(ticket):
    """All that can be seen of a ticket, without keys and numbers. The version counts a change that changes nothing only
    when it is lived, and the past has no record that a change of priority made a clock late: nobody was told."""
    events = Event.objects.filter(subject_kind="ticket", subject_id=ticket.pk).exclude(name="sla.target_changed")
    hidden = {"id", "ticket_id", "number", "version"}

    def plain(row):
        return {name: value for name, value in row.items() if name not in hidden}

    clock_events = ClockEvent.objects.filter(clock__ticket=ticket).order_by(
        "clock__metric", "clock__generation", "at", "id"
    )
    unwarned = {"ladder", "fire_plan", "step"}
    return {
        "ticket": plain(Ticket.objects.filter(pk=ticket.pk).values().get()),
        "incident": plain(Incident.objects.filter(pk=ticket.pk).values().get()),
        "events": [
            (e.name, e.at, e.actor_id, e.visibility, {k: v for k, v in e.data.items() if k not in ("entry", "note", "version")})
            for e in events.order_by("at", "id")
        ],
        "entries": [plain(row) for row in PublicEntry.objects.filter(ticket=ticket).order_by("at", "id").values()],
        "notes": [plain(row) for row in InternalNote.objects.filter(ticket=ticket).order_by("at", "id").values()],
        "clocks": [
            {name: value for name, value in plain(row).items() if name not in unwarned}
            for row in Clock.objects.filter(ticket=ticket).order_by("metric", "generation").values()
        ],
        "clock events": [
            (e.clock.metric, e.clock.generation, e.kind, e.at, e.reason, e.actor_id)
            for e in clock_events.select_related("clock")
        ],
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_the_past_is_told_as_it_would_have_been_lived(seed, open_for, agreement, vpn, network, bob, alice, now):
    story = plot(seed, now)
    incident = open_for(bob, impact=3, urgency=2)
    opened = Ticket.objects.get(pk=incident.pk)
    lived = live(incident, story, bob, alice, network)

    ticket = Ticket(
        subject=opened.subject, requester=bob, opened_by=bob, organisation=bob.organisation, service=vpn, team=network,
        impact=3, urgency=2, priority=opened.priority, channel=Channel.PORTAL, opened_at=now,
    )  # fmt: skip
    past = PastIncident(ticket)
    past.story.describe("It drops **every** hour.", author=bob)
    told(past, story, bob, alice, network)
    past.keep_time(Promise.of(agreement, metrics=list(Metric), warns=False))
    n_posted = Outbox.objects.count()
    write_incidents([past])

    assert seen(past.ticket) == seen(lived.ticket)
    assert Outbox.objects.count() == n_posted


def test_the_past_was_warned_when_its_clocks_reached_their_steps(agreement, vpn, network, bob, alice, now):
    """P3: 24 h of office hours from Monday 10:00, unanswered until Friday; the steps of the agreement's ladder."""
    ticket = Ticket(
        subject="VPN", requester=bob, opened_by=bob, organisation=bob.organisation, service=vpn, team=network,
        impact=3, urgency=1, priority=3, channel=Channel.PORTAL, opened_at=now,
    )  # fmt: skip
    past = PastIncident(ticket)
    past.resolve(code=ResolutionCode.FIXED, resolution="Restarted.", at=now + timedelta(days=3, hours=1), actor=alice)
    past.keep_time(Promise.of(agreement, metrics=[Metric.RESOLUTION], warns=True))
    write_incidents([past])
    clock = Clock.objects.get()
    # 12 h used on Tuesday 14:00, 18 h on Wednesday 12:00, 24 h on Thursday 10:00, one more hour on Thursday 11:00.
    reached = [now + timedelta(hours=hours) for hours in (28, 50, 72, 73)]
    assert [escalation.fired_at for escalation in clock.escalations.order_by("step")] == reached
    warnings = Event.objects.filter(name__startswith="sla.").order_by("at")
    assert [(event.name, event.at) for event in warnings] == [
        ("sla.warned", reached[0]), ("sla.warned", reached[1]), ("sla.breached", reached[2]), ("sla.breached", reached[3]),
    ]  # fmt: skip
    assert clock.has_breached(now + timedelta(days=30))
    assert not Outbox.objects.exists()
