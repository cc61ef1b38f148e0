"""What the benchmarks of the clocks share: servers of their own in a temporary folder, durable ones (fsync on), and a small desk
with one real incident whose clock is copied as often as wanted."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from itsm.stack import endpoints, programs, valkey  # noqa: E402 (needs the path)
from itsm.stack.part import Part  # noqa: E402
from itsm.stack.postgres import Postgres  # noqa: E402

GOAL = timedelta(days=10)
STEPS = (50, 75, 100)
CHUNK = 100_000


@dataclass
class Servers:
    var: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        secrets, run = endpoints.load_secrets(self.var), endpoints.run_dir(self.var)
        self.cluster = Postgres(self.var, run, secrets)
        self.cluster.initialise()
        known = endpoints.load(self.var)
        self.env = os.environ | {
            "DATABASE_URL": known.database_url, "DATABASE_OWNER_URL": known.owner_url, "REDIS_URL": known.redis_url,
            "SECRET_KEY": known.secret_key, "VAR_DIR": str(self.var), "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        }  # fmt: skip
        self.postgres = self.cluster.part({}, self.log("postgres"))
        self.valkey = valkey.part(self.var, run, {}, self.log("valkey"), secrets["valkey_password"])

    def log(self, name: str) -> Path:
        return self.var / "log" / f"{name}.log"

    def start(self) -> None:
        self.postgres.start()
        self.valkey.start()
        wait_for(lambda: self.postgres.ready() and self.valkey.ready(), 60, "servers")
        migrate = programs.management("migrate", self.env, self.log("migrate"), "migrate", "--database", "owner", "-v0")
        migrate.start()
        if migrate.process is None or migrate.process.wait() != 0:
            raise SystemExit(f"migrate failed: {migrate.last_words()}")

    def restart_postgres(self) -> None:
        """After a SIGKILL: a new server refuses to start until the last old backend is gone."""
        ends = time.monotonic() + 60
        while time.monotonic() < ends:
            self.postgres.start()
            while self.postgres.is_running and not self.postgres.ready():
                time.sleep(0.05)
            if self.postgres.is_running:
                return
            time.sleep(0.2)
        raise SystemExit(f"PostgreSQL did not come back: {self.postgres.last_words()}")


@contextmanager
def servers(var: Path) -> Iterator[Servers]:
    """Running, migrated servers; Django in this process uses them from here on."""
    made = Servers(var)
    try:
        made.start()
        os.environ.update(made.env, DJANGO_SETTINGS_MODULE="itsm.settings")
        import django

        django.setup()
        yield made
    finally:
        end(made.valkey, made.postgres)


def end(*parts: Part) -> None:
    for part in parts:
        if part.process is not None:
            part.kill()
            with suppress(Exception):
                part.process.wait(10)


def wait_for(happened: Any, seconds: float, what: str) -> float:
    """The seconds it took. Exits where it did not happen in time."""
    begun = time.monotonic()
    while not happened():
        if time.monotonic() - begun > seconds:
            raise SystemExit(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.05)
    return time.monotonic() - begun


def make_desk(*, now: datetime) -> Any:
    """An organisation, an agent and a lead, a team, a service, an agreement with three steps and one incident: its
    resolution clock. The other clocks of the incident are ended: copies have one clock each."""
    from accounts.models import Membership, Organisation, Role, Team, User
    from catalog.models import Service
    from incidents.services import open_incident
    from slas.models import Agreement, BusinessCalendar, Clock, EscalationStep, Metric, OpeningHours, Target
    from tickets.models import Channel, WaitingReason

    def person(name: str, organisation: Organisation, role: str) -> User:
        user = User.objects.create_user(f"{name}@example.org", name=name.title(), organisation=organisation)
        user.roles.add(Role.objects.get(key=role))
        return user

    us = Organisation.objects.create(name="Desk", kind=Organisation.Kind.INTERNAL)
    acme = Organisation.objects.create(name="Acme", kind=Organisation.Kind.CUSTOMER)
    alice, lena, bob = person("alice", us, "agent"), person("lena", us, "team_lead"), person("bob", acme, "requester")
    team = Team.objects.create(name="Network", organisation=us, lead=lena, manager=person("mona", us, "manager"))
    Membership.objects.bulk_create([Membership(team=team, user=user) for user in (alice, lena)])
    service = Service.objects.create(key="vpn", name="VPN", owner=alice, support_team=team)
    service.customers.add(acme)
    calendar = BusinessCalendar.objects.create(name="Always", time_zone="UTC")
    OpeningHours.objects.bulk_create(
        OpeningHours(calendar=calendar, weekday=day, interval="00:00-24:00") for day in range(7)
    )
    agreement = Agreement.objects.create(
        name="Gold", calendar=calendar, start_date=date(2020, 1, 1), pauses_on=[WaitingReason.SUPPLIER]
    )
    for priority in range(1, 6):
        Target.objects.create(agreement=agreement, metric=Metric.RESOLUTION, priority=priority, duration=GOAL)
    for percent in STEPS:
        EscalationStep.objects.create(agreement=agreement, percent=percent, notifies_lead=True)
    incident = open_incident(
        requester=bob, actor=bob, now=now, service=service, subject="VPN drops", body="Every hour.", channel=Channel.PORTAL,
        impact=3, urgency=1,
    )  # fmt: skip
    return Clock.objects.get(ticket=incident.ticket)


def copy_clocks(clock: Any, n: int, *, first_fire: str) -> None:
    """`n` copies whose first step fires at the SQL expression `first_fire` (of `n`, the number of the copy), consistent
    in all their columns: half of the ten days is used by then, round the clock."""
    from django.db import connection

    from tests.crowd import multiply

    half, quarter = GOAL / 2, GOAL / 4
    fire = f"({first_fire})"
    columns = {
        "started_at": f"{fire} - {_sql(half)}", "anchor_at": f"{fire} - {_sql(half)}", "due_at": f"{fire} + {_sql(half)}",
        "fire_plan": f"ARRAY[{fire}, {fire} + {_sql(quarter)}, {fire} + {_sql(half)}]", "next_fire_at": fire,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
    for first in range(1, n + 1, CHUNK):
        multiply(clock, min(CHUNK, n + 1 - first), first=first, clock_columns=columns)
        print(f"  {min(first + CHUNK - 1, n):,} clocks", file=sys.stderr, flush=True)
    with connection.cursor() as cursor:
        for table in ("tickets_ticket", "incidents_incident", "slas_clock"):
            cursor.execute(f"ANALYZE {table}")
        cursor.execute("RESET statement_timeout")


def _sql(length: timedelta) -> str:
    return f"interval '{length.total_seconds():.0f} seconds'"
