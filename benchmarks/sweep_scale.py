"""The sweep beside a million running clocks: what it costs, how late it is, and what a clock's own verbs cost.

    python benchmarks/sweep_scale.py [--clocks 1000000] [--burst 10000] [--seconds 60] [--rate 10]

A durable PostgreSQL (fsync on) in a temporary folder, the clocks copied from one that the desk's services made. Measured:

* an empty sweep, by PostgreSQL's own EXPLAIN ANALYZE of the sweep's statement (aim 1 ms);
* --burst clocks due in one minute, fired by one worker (aim 5 s for 10,000), and how long carrying them out takes;
* --rate clocks due each second for --seconds seconds, while one process sweeps and one dispatches once a second as the beat
  has them do: how late a step is recorded and how late it is carried out (aim p99 2 s);
* starting, pausing and resuming the clocks of a ticket through slas.services (aim 5 ms each);
* the memory of the sweeping process over all of it (aim: flat, at most 5 % more).

Prints a table and exits with 1 where an aim is missed. Run it on a quiet machine.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from own_stack import ROOT, Servers, copy_clocks, make_desk, servers, wait_for

SOURCES = 200  # incidents opened, paused and resumed
EXPLAINED = 50
LEAD_IN = 8.0
WARM_UP = 5.0  # seconds of the steady state that are not counted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clocks", type=int, default=1_000_000)
    parser.add_argument("--burst", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=10)
    parser.add_argument("--tick", choices=["sweep", "dispatch"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tick:
        tick(options.tick)
        return 0
    if options.clocks < options.burst + options.seconds * options.rate:
        parser.error("too few clocks for the burst and the steady state")
    with tempfile.TemporaryDirectory(prefix="sweep-scale-") as folder, servers(Path(folder)) as own:
        return 0 if run(own, options) else 1


class Table:
    def __init__(self) -> None:
        self.is_met = True

    def row(self, what: str, value: float, unit: str, aim: float | None = None) -> None:
        """One line at once, so that a long run shows how far it is."""
        verdict = "" if aim is None else f"aim {aim:g} {unit}: {'met' if value <= aim else 'MISSED'}"
        self.is_met = self.is_met and (aim is None or value <= aim)
        print(f"| {what:62} | {value:12,.3f} {unit:4} | {verdict:24} |", flush=True)


def run(own: Servers, options: argparse.Namespace) -> bool:
    from journal.models import Outbox

    clock = make_desk(now=datetime.now(UTC))
    far = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    spread = timedelta(days=4).total_seconds() / options.clocks
    copy_clocks(clock, options.clocks, first_fire=f"timestamptz '{far}' + n * interval '{spread:.6f} seconds'")
    Outbox.objects.all().delete()
    with_vacuum(own)
    table = Table()
    print(f"{options.clocks:,} running clocks\n", flush=True)
    measure_empty(table)
    measure_burst(table, options.burst)
    measure_verbs(table)
    measure_steady(own, table, options)
    return table.is_met


def with_vacuum(own: Servers) -> None:
    """What autovacuum would have done by the time so many tickets had come in one by one."""
    import psycopg2

    login = own.cluster.login | {"user": "postgres", "password": own.cluster.secrets["superuser_password"]}
    session = psycopg2.connect(**login)
    session.autocommit = True
    with session.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    session.close()


def measure_empty(table: Table) -> None:
    from django.db import connection

    from slas import sweep

    values = {"now": datetime.now(UTC), "limit": sweep.BATCH, "only": None, "topic": sweep.TOPIC}
    planned, executed, round_trips = [], [], []
    for _n in range(EXPLAINED):
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN (ANALYZE, SUMMARY, FORMAT JSON) " + sweep._FIRE, values)
            found = cursor.fetchone()[0][0]
        planned.append(found["Planning Time"])
        executed.append(found["Execution Time"])
        begun = time.perf_counter()
        assert sweep.sweep_due_clocks(now=values["now"]) == 0
        round_trips.append((time.perf_counter() - begun) * 1000)
    table.row("an empty sweep in the database, median", statistics.median(executed), "ms", 1)
    table.row("  the worst of them", max(executed), "ms")
    table.row("  its planning, median", statistics.median(planned), "ms")
    table.row("  the whole call with transaction and Python, median", statistics.median(round_trips), "ms")


def measure_burst(table: Table, n: int) -> None:
    from journal import outbox
    from journal.models import Outbox
    from slas.models import Escalation
    from slas.sweep import TOPIC, sweep_due_clocks

    bring_forward(1, n, datetime.now(UTC) - timedelta(seconds=60), 60 / n)
    begun = time.perf_counter()
    fired = sweep_due_clocks(now=datetime.now(UTC))
    took = time.perf_counter() - begun
    assert fired == n == Escalation.objects.count() == Outbox.objects.filter(topic=TOPIC).count()
    table.row(f"{n:,} due in one minute, fired by one worker", took, "s", 5 * n / 10_000)
    table.row("  clocks a second", fired / took, "")
    begun = time.perf_counter()
    while outbox.dispatch(now=datetime.now(UTC), only=[TOPIC]):
        pass
    table.row("  and carried out by one worker", time.perf_counter() - begun, "s")
    Outbox.objects.all().delete()


def bring_forward(first: int, last: int, begins: datetime, step: float) -> None:
    """Shift the clocks of the copies first to last so that their next steps come due one after the other."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE slas_clock AS c SET next_fire_at = at, started_at = at - interval '5 days',
                      anchor_at = at - interval '5 days', due_at = at + interval '5 days',
                      fire_plan = ARRAY[at, at + interval '2.5 days', at + interval '5 days']
               FROM (SELECT t.id, %s::timestamptz + (split_part(t.number, '-', 2)::int - %s) * %s * interval '1 second' AS at
                     FROM tickets_ticket AS t
                     WHERE t.number = ANY (ARRAY(SELECT 'CROWD-' || n FROM generate_series(%s, %s) AS n))) AS moved
               WHERE c.ticket_id = moved.id""",
            [begins, first, step, first, last],
        )


def measure_verbs(table: Table) -> None:
    """start_clocks within open_incident, then pause_clocks and resume_clocks of the same tickets, each timed alone."""
    from django.db import transaction

    from accounts.models import User
    from catalog.models import Service
    from incidents.services import open_incident
    from slas import services
    from tickets.models import Channel, Ticket, WaitingReason

    took: dict[str, list[float]] = {"start": [], "pause": [], "resume": []}

    def timed(name: str, verb: Callable[..., Any]) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            begun = time.perf_counter()
            result = verb(**arguments)
            took[name].append((time.perf_counter() - begun) * 1000)
            return result

        return call

    bob, alice = User.objects.get(email="bob@example.org"), User.objects.get(email="alice@example.org")
    service, real = Service.objects.get(), services.start_clocks
    services.start_clocks = timed("start", real)
    try:
        words = {"subject": "VPN", "body": "Down.", "channel": Channel.PORTAL, "impact": 3, "urgency": 1}
        opened = [
            open_incident(requester=bob, actor=bob, now=datetime.now(UTC), service=service, **words).ticket
            for _n in range(SOURCES)
        ]
    finally:
        services.start_clocks = real
    pause, resume = timed("pause", services.pause_clocks), timed("resume", services.resume_clocks)
    for ticket in opened:
        ticket = Ticket.objects.get(pk=ticket.pk)
        with transaction.atomic():
            ticket.waiting_reason = WaitingReason.SUPPLIER
            pause(ticket=ticket, reason=WaitingReason.SUPPLIER, actor=alice, now=datetime.now(UTC))
        with transaction.atomic():
            ticket.waiting_reason = ""
            resume(ticket=ticket, actor=alice, now=datetime.now(UTC))
    for name, times in took.items():
        assert len(times) == SOURCES
        table.row(f"{name} the clock of a ticket, median of {SOURCES}", statistics.median(times), "ms", 5)
        table.row("  p99", statistics.quantiles(times, n=100)[98], "ms")


def measure_steady(own: Servers, table: Table, options: argparse.Namespace) -> None:
    from journal.models import Outbox
    from slas.models import Escalation

    n = options.seconds * options.rate
    first = options.burst + 1
    before = Escalation.objects.count()
    processes = {name: start_tick(own, name) for name in ("sweep", "dispatch")}
    try:
        begins = datetime.now(UTC) + timedelta(seconds=LEAD_IN)
        bring_forward(first, first + n - 1, begins, 1 / options.rate)
        wait_for(lambda: Escalation.objects.count() - before >= n, LEAD_IN + options.seconds + 60, "firing")
        wait_for(lambda: not Outbox.objects.filter(topic="clock.step", done_at=None).exists(), 120, "carrying out")
    finally:
        for process in processes.values():
            process.terminate()
        outputs = {name: process.communicate()[0] for name, process in processes.items()}
    counted_from = begins + timedelta(seconds=WARM_UP)
    committed, memory = read_ticks(outputs["sweep"])
    found = list(Escalation.objects.filter(planned_at__gte=counted_from, fired_at__gte=begins))
    recorded = [(committed[escalation.fired_at] - escalation.planned_at).total_seconds() for escalation in found]
    done = {row.payload["escalation"]: row.done_at for row in Outbox.objects.filter(topic="clock.step")}
    carried_out = [(done[escalation.pk] - escalation.planned_at).total_seconds() for escalation in found]
    for what, late, aim in (("recorded", recorded, 2.0), ("carried out", carried_out, 2.0)):
        table.row(f"lateness until {what}, {options.rate}/s, p99 of {len(late):,}", quantile(late, 0.99), "s", aim)
        table.row("  median", statistics.median(late), "s")
        table.row("  worst", max(late), "s")
    table.row("memory of the sweeping process after its first sweeps", memory[0] / 1024, "MiB")
    table.row("  in the end, as a share of it", memory[-1] / memory[0], "", 1.05)


def start_tick(own: Servers, name: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, __file__, "--tick", name], env=own.env, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def tick(what: str) -> None:
    """Once a second what the worker does on the beat's tick; the sweep says when it had committed and its memory."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itsm.settings")
    django.setup()
    from journal import outbox
    from slas.sweep import TOPIC, sweep_due_clocks

    print("ready", flush=True)
    n_sweeps = 0
    with suppress(KeyboardInterrupt):
        while True:
            begun = time.monotonic()
            now = datetime.now(UTC)
            if what == "dispatch":
                while outbox.dispatch(now=now, only=[TOPIC]):
                    pass
            elif sweep_due_clocks(now=now) or n_sweeps % 10 == 0:
                print(now.isoformat(), datetime.now(UTC).isoformat(), resident(), flush=True)
            n_sweeps += 1
            time.sleep(max(0.0, begun + 1 - time.monotonic()))


def resident() -> int:
    """KiB of memory that this process really has."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise SystemExit("no VmRSS: this is no Linux")


def read_ticks(text: str) -> tuple[dict[datetime, datetime], list[int]]:
    """({the sweep's now: when it had committed}, KiB after each). The first sweep imports and caches; it is left out."""
    lines = [line.split() for line in text.splitlines() if line.count(" ") == 2]
    committed = {datetime.fromisoformat(now): datetime.fromisoformat(then) for now, then, _memory in lines}
    return committed, [int(memory) for _now, _then, memory in lines][1:]


def quantile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    sys.exit(main())
