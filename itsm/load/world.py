"""The people, teams, services and promises among whom the load's tickets live."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.models import Membership, Organisation, Role, Team, User
from catalog.models import Service
from slas.models import Agreement, BusinessCalendar, EscalationStep, Metric, OpeningHours, Target
from slas.promises import Promise
from tickets.models import Priority, WaitingReason

N_ORGANISATIONS, N_TEAMS, N_SERVICES, N_AGENTS, N_CUSTOMERS = 200, 60, 240, 2_000, 20_000
DOMAIN = "load.example"
HOUR = timedelta(hours=1)
GOALS = {  # first response, resolution
    Priority.P1: (HOUR / 4, 4 * HOUR),
    Priority.P2: (HOUR / 2, 8 * HOUR),
    Priority.P3: (4 * HOUR, 72 * HOUR),
    Priority.P4: (8 * HOUR, 120 * HOUR),
    Priority.P5: (16 * HOUR, 240 * HOUR),
}
NAMES = [
    "Ana",
    "Ben",
    "Cleo",
    "Dev",
    "Eva",
    "Finn",
    "Gia",
    "Hugo",
    "Ida",
    "Jan",
    "Kim",
    "Lea",
    "Max",
    "Noa",
    "Ole",
    "Pia",
    "Quinn",
    "Rui",
    "Sara",
    "Tom",
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
]


@dataclass(frozen=True)
class World:
    """Keys in the order in which the SQL draws from them: `requesters` with their `organisations`, `agents` sorted by
    team, `services` with the index of their team."""

    requesters: list[int]
    organisations: list[int]
    agents: list[int]
    teams: list[int]
    services: list[int]
    service_teams: list[int]
    promise: Promise

    @property
    def agents_per_team(self) -> int:
        return len(self.agents) // len(self.teams)


def make_world(*, scale: float) -> World:
    """The world of the load, made where it is not there yet. `scale` 1 is for a million tickets."""
    n_teams, n_agents = max(3, round(N_TEAMS * scale)), max(12, round(N_AGENTS * scale))
    n_agents -= n_agents % n_teams
    ours, _made = Organisation.objects.get_or_create(
        name="Load Desk", defaults={"kind": Organisation.Kind.INTERNAL, "time_zone": "UTC"}
    )
    customers = _rows(
        Organisation, max(2, round(N_ORGANISATIONS * scale)), lambda n: {"name": f"Load Customer {n:04d}"},
        kind=Organisation.Kind.CUSTOMER,
    )  # fmt: skip
    teams = _rows(Team, n_teams, lambda n: {"name": f"Load Team {n:03d}"}, organisation=ours)
    agents = _people("agent", n_agents, lambda _n: ours.pk, "agent")
    requesters = _people(
        "customer", max(50, round(N_CUSTOMERS * scale)), lambda n: customers[n % len(customers)].pk, "requester"
    )
    per_team = n_agents // n_teams
    Membership.objects.bulk_create(
        [Membership(team=teams[n // per_team], user=agent) for n, agent in enumerate(agents)], ignore_conflicts=True
    )
    services = _rows(
        Service, max(6, round(N_SERVICES * scale)),
        lambda n: {"key": f"load-{n:03d}", "name": f"Load Service {n:03d}", "support_team": teams[n % n_teams]},
        owner=agents[0],
    )  # fmt: skip
    through = Service.customers.through
    through.objects.bulk_create(
        [
            through(service_id=service.pk, organisation_id=customer.pk)
            for n, service in enumerate(services)
            for customer in customers[n % 7 :: 7]
        ],
        ignore_conflicts=True,
    )
    place = {team.pk: n for n, team in enumerate(teams)}
    return World(
        requesters=[person.pk for person in requesters],
        organisations=[person.organisation_id for person in requesters],
        agents=[person.pk for person in agents],
        teams=[team.pk for team in teams],
        services=[service.pk for service in services],
        service_teams=[place[service.support_team_id] + 1 for service in services if service.support_team_id],
        promise=Promise.of(_agreement()),
    )


def _agreement() -> Agreement:
    """A promise round the clock, so that SQL may do the arithmetic of its deadlines."""
    always, is_new = BusinessCalendar.objects.get_or_create(name="Load: round the clock", defaults={"time_zone": "UTC"})
    if is_new:
        OpeningHours.objects.bulk_create(
            OpeningHours(calendar=always, weekday=day, interval="00:00-24:00") for day in range(7)
        )
    agreement, is_new = Agreement.objects.get_or_create(
        name="Load: standard",
        defaults={"calendar": always, "start_date": date(2000, 1, 1), "pauses_on": [WaitingReason.REQUESTER]},
    )
    if is_new:
        Target.objects.bulk_create(
            Target(agreement=agreement, metric=metric, priority=priority, duration=goal)
            for priority, goals in GOALS.items()
            for metric, goal in zip((Metric.FIRST_RESPONSE, Metric.RESOLUTION), goals, strict=True)
        )
        EscalationStep.objects.bulk_create(
            [
                EscalationStep(agreement=agreement, percent=50),
                EscalationStep(agreement=agreement, percent=75, notifies_lead=True),
                EscalationStep(agreement=agreement, percent=100, notifies_lead=True, notifies_manager=True),
            ]
        )
    return agreement


def _rows(model: Any, n: int, own: Any, **shared: Any) -> list[Any]:
    """`n` rows of a model with a unique name; those that are there stay."""
    model.objects.bulk_create([model(**own(i), **shared) for i in range(n)], ignore_conflicts=True)
    names = [own(i)["name"] for i in range(n)]
    return list(model.objects.filter(name__in=names).order_by("name"))


def _people(kind: str, n: int, organisation: Any, role: str) -> list[User]:
    """People without a usable password: who measures makes their sessions."""
    addresses = [f"{kind}-{i:05d}@{DOMAIN}" for i in range(n)]
    nobodys = make_password(None)
    User.objects.bulk_create(
        [
            User(email=address, name=f"{NAMES[i % len(NAMES)]} {kind.title()} {i:05d}", organisation_id=organisation(i), password=nobodys)
            for i, address in enumerate(addresses)
        ],
        ignore_conflicts=True, batch_size=5_000,
    )  # fmt: skip
    people = list(User.objects.filter(email__in=addresses).order_by("email"))
    through, held = User.roles.through, Role.objects.get(key=role)
    through.objects.bulk_create(
        [through(user_id=person.pk, role_id=held.pk) for person in people], ignore_conflicts=True, batch_size=5_000
    )
    return people


def analyse() -> None:
    """Let the planner know what is there now. Every table the load wrote to."""
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ANALYZE {table}")


TABLES = (
    "tickets_ticket", "incidents_incident", "tickets_publicentry", "tickets_internalnote", "journal_event", "slas_clock",
    "slas_clockevent", "accounts_user", "accounts_organisation", "catalog_service",
)  # fmt: skip
