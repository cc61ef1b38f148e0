"""People and things every test knows: alice (agent), bob (customer of Acme), bea (his organisation's manager), charlie
(customer of Globex, who must never get in)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import Membership, Organisation, Role, Team, User
from catalog.models import Service
from incidents.models import Incident
from incidents.services import open_incident
from slas import calendars, standing
from slas.models import Agreement, BusinessCalendar, EscalationStep, Metric, OpeningHours, Target
from tests.cluster import *  # noqa: F403 (the fixtures of the throw-away database cluster)
from tickets.models import Channel, WaitingReason

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _promises_of_this_test() -> None:
    """A fresh copy of the database gives keys out anew; a process remembers calendars by theirs, and what is promised by
    the value of its stamp."""
    calendars._load.cache_clear()
    standing.forget()


@pytest.fixture(autouse=True)
def _language_of_this_test() -> None:
    """A request leaves its language active in its thread, by Django's design; the next test starts in English."""
    translation.activate("en")


@pytest.fixture
def now() -> datetime:
    """A Monday morning in working hours: 2026-11-23 10:00 UTC."""
    return datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def acme(db) -> Organisation:
    return Organisation.objects.create(name="Acme", kind=Organisation.Kind.CUSTOMER)


@pytest.fixture
def globex(db) -> Organisation:
    return Organisation.objects.create(name="Globex", kind=Organisation.Kind.CUSTOMER)


@pytest.fixture
def our_organisation(db) -> Organisation:
    return Organisation.objects.create(name="Desk & Co", kind=Organisation.Kind.INTERNAL)


def person(name: str, organisation: Organisation, *roles: str, **fields: object) -> User:
    """A person who signs in with `<name>@example.org`; no usable password unless one is set."""
    user = User.objects.create_user(f"{name}@example.org", name=name.title(), organisation=organisation, **fields)
    user.roles.set(Role.objects.filter(key__in=roles))
    return user


@pytest.fixture
def alice(our_organisation) -> User:
    return person("alice", our_organisation, "agent")


@pytest.fixture
def lead(our_organisation) -> User:
    return person("lena", our_organisation, "team_lead")


@pytest.fixture
def manager_user(our_organisation) -> User:
    return person("mona", our_organisation, "manager")


@pytest.fixture
def auditor(our_organisation) -> User:
    return person("arthur", our_organisation, "auditor")


@pytest.fixture
def admin_user(our_organisation) -> User:
    return person("ada", our_organisation, "admin")


@pytest.fixture
def bob(acme) -> User:
    return person("bob", acme, "requester")


@pytest.fixture
def bea(acme) -> User:
    return person("bea", acme, "organisation_manager")


@pytest.fixture
def charlie(globex) -> User:
    return person("charlie", globex, "requester")


@pytest.fixture
def network(our_organisation, alice, lead, manager_user) -> Team:
    team = Team.objects.create(name="Network", organisation=our_organisation, lead=lead, manager=manager_user)
    Membership.objects.bulk_create([Membership(team=team, user=user) for user in (alice, lead)])
    return team


@pytest.fixture
def vpn(network, alice, acme) -> Service:
    service = Service.objects.create(key="vpn", name="VPN & remote access", owner=alice, support_team=network)
    service.customers.add(acme)
    return service


@pytest.fixture
def always(db) -> BusinessCalendar:
    calendar = BusinessCalendar.objects.create(name="Round the clock", time_zone="UTC")
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=calendar, weekday=day, interval="00:00-24:00") for day in range(7)
    )
    return calendar


@pytest.fixture
def office(db) -> BusinessCalendar:
    """Monday to Friday, 09:00 to 17:00 UTC."""
    calendar = BusinessCalendar.objects.create(name="Office hours", time_zone="UTC")
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=calendar, weekday=day, interval="09:00-17:00") for day in range(5)
    )
    return calendar


@pytest.fixture
def agreement(always, office) -> Agreement:
    """For everybody: P1, P2 round the clock, P3 to P5 in office hours; steps at 50, 75, 100 % and 1 h after."""
    agreement = Agreement.objects.create(
        name="Gold", calendar=office, start_date=date(2020, 1, 1), pauses_on=[WaitingReason.REQUESTER]
    )
    goals = {
        1: (HOUR / 4, 4 * HOUR),
        2: (HOUR / 2, 8 * HOUR),
        3: (4 * HOUR, 24 * HOUR),
        4: (8 * HOUR, 40 * HOUR),
        5: (16 * HOUR, 80 * HOUR),
    }
    for priority, (response, resolution) in goals.items():
        calendar = always if priority <= 2 else None
        for metric, duration in ((Metric.FIRST_RESPONSE, response), (Metric.RESOLUTION, resolution)):
            Target.objects.create(
                agreement=agreement, metric=metric, priority=priority, duration=duration, calendar=calendar
            )
    EscalationStep.objects.create(agreement=agreement, percent=50)
    EscalationStep.objects.create(agreement=agreement, percent=75, notifies_lead=True)
    EscalationStep.objects.create(agreement=agreement, percent=100, notifies_lead=True, notifies_manager=True)
    EscalationStep.objects.create(
        agreement=agreement, percent=100, offset=HOUR, notifies_manager=True, raises_priority=True
    )
    return agreement


@pytest.fixture
def open_for(agreement, vpn, now) -> Callable[..., Incident]:
    """Open an incident for somebody: open_for(bob, subject="…", impact=3, urgency=2, at=now)."""

    def _open(requester: User, *, at: datetime = now, **fields: object) -> Incident:
        words = {"subject": "VPN drops every hour", "body": "It drops **every** hour.", "channel": Channel.PORTAL}
        return open_incident(requester=requester, actor=requester, now=at, **{"service": vpn, **words, **fields})

    return _open


@pytest.fixture
def incident(open_for, bob) -> Incident:
    """Opened by bob on a Monday at 10:00: impact low, urgency high = P3, 4 h to answer, 24 h to solve, office hours."""
    return open_for(bob, impact=3, urgency=1)


@pytest.fixture
def client_of(db) -> Callable[[User], Client]:
    def _client(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return _client
