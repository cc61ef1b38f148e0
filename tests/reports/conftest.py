from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine

from accounts.models import Membership, Team
from catalog.models import Service
from incidents import services as incidents
from incidents.models import ResolutionCode
from tickets.models import Channel, WaitingReason
from work.services import assign_ticket, reply_to_ticket

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def busy_desk(open_for, alice, lead, bob, charlie, network, vpn, our_organisation, globex, now):
    """A desk with a past: what each ticket is about stands beside it. It is Monday, 23 November 2026, 10:00 UTC."""
    mail = Service.objects.create(key="mail", name="=E-mail & calendar", owner=alice)
    mail.customers.add(globex)
    apps = Team.objects.create(name="Applications", organisation=our_organisation)
    Membership.objects.create(team=apps, user=alice)

    def resolve(incident, at):
        incidents.resolve_incident(
            incident=incident, code=ResolutionCode.FIXED, resolution="Done.", actor=alice, now=at
        )

    def p2(person, at, **fields):  # round the clock: 30 minutes to answer, 8 h to solve
        return open_for(person, at=at, impact=2, urgency=1, **fields)

    desk = SimpleNamespace(mail=mail, apps=apps)
    desk.in_time = p2(bob, now - 5 * DAY)
    reply_to_ticket(
        ticket=desk.in_time.ticket, body="Looking", actor=alice, now=now - 5 * DAY + HOUR / 4, channel=Channel.DESK
    )
    resolve(desk.in_time, now - 5 * DAY + 2 * HOUR)
    desk.late = p2(bob, now - 4 * DAY)  # answered with the resolution: both promises broken
    resolve(desk.late, now - 4 * DAY + 10 * HOUR)
    desk.other_customer = p2(charlie, now - 4 * DAY, service=mail, team=apps)
    resolve(desk.other_customer, now - 4 * DAY + HOUR / 3)
    desk.without_service = p2(charlie, now - 3 * DAY, service=None, team=apps)
    resolve(desk.without_service, now - 3 * DAY + 9 * HOUR)
    desk.period_before = p2(bob, now - 40 * DAY)
    resolve(desk.period_before, now - 40 * DAY + 20 * HOUR)
    desk.reopened = p2(bob, now - 2 * DAY)
    resolve(desk.reopened, now - 2 * DAY + HOUR)
    incidents.reopen_incident(incident=desk.reopened, comment="No", actor=bob, now=now - 2 * DAY + 2 * HOUR)
    desk.breached = p2(bob, now - DAY)
    desk.due_soon = p2(bob, now - 5 * HOUR)  # answer overdue, solution due in 3 h
    assign_ticket(ticket=desk.due_soon.ticket, team=network, assignee=alice, actor=lead, now=now - 4 * HOUR)
    desk.waiting = p2(bob, now - 10 * HOUR)
    incidents.hold_incident(
        incident=desk.waiting, reason=WaitingReason.REQUESTER, comment="Which device?", actor=alice, now=now - 9 * HOUR
    )
    desk.cancelled = p2(bob, now - DAY)
    incidents.cancel_incident(incident=desk.cancelled, reason="Twice", actor=alice, now=now - HOUR)
    desk.raised = open_for(bob, at=now - 2 * DAY)  # a promise that was changed: its first clocks do not count
    incidents.prioritise_incident(incident=desk.raised, impact=1, urgency=1, actor=lead, now=now - DAY)
    desk.old = open_for(charlie, at=now - 50 * DAY, service=mail, team=apps)
    return desk


@pytest.fixture
def frozen(now):
    with time_machine.travel(now, tick=False):
        yield now
