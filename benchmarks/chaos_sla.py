"""Clocks under fire: nothing is lost, nothing happens twice, nothing follows an end.

    python benchmarks/chaos_sla.py [--clocks 100000] [--due 5000] [--seconds 60] [--seed N]

A durable PostgreSQL and a Valkey in a temporary folder, two Celery workers and two beats as the stack runs them, and a process
that pauses, resumes and resolves incidents through the desk's own services. The steps of `--due` clocks come due within
`--seconds`, while workers are killed with SIGKILL at random, the leading beat once and PostgreSQL twice. When everything is
carried out, the database is held against the rules; prints the counts and exits with 1 where one does not hold.

tests/slas/test_sweep_under_fire.py is the short form.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

from own_stack import ROOT, Servers, copy_clocks, end, make_desk, servers, wait_for

from itsm.stack import programs
from itsm.stack.part import Part

LEAD_IN = 5.0  # seconds to the first due step, once a worker sweeps
START = 300.0
KILL_EVERY = (4.0, 10.0)
PATIENCE = 40.0
"""A worker is killed only after something has happened since the kill before, or so many seconds later: on a slow machine
nobody would ever get to work otherwise."""
DRAIN = 1800.0
SLACK = timedelta(seconds=5)
"""Two processes read their clocks before they ask for the same lock: so much their order is open."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clocks", type=int, default=100_000)
    parser.add_argument("--due", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--mutate", metavar="N_DUE", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.mutate:
        mutate(options.mutate, options.clocks)
        return 0
    random.seed(options.seed)
    with tempfile.TemporaryDirectory(prefix="chaos-sla-") as folder, servers(Path(folder)) as own:
        return 0 if run(own, options) else 1


def run(own: Servers, options: argparse.Namespace) -> bool:
    from slas.sweep import seconds_since_sweep

    clock = make_desk(now=datetime.now(UTC))
    begins = datetime.now(UTC) + timedelta(days=1)
    step = options.seconds / options.due
    copy_clocks(clock, options.clocks, first_fire=f"timestamptz '{begins.isoformat()}' + n * interval '{step} seconds'")
    clear_first(clock)
    parts = {f"worker {n}": programs.worker(own.env, own.log(f"worker{n}")) for n in (1, 2)}
    parts |= {f"beat {n}": programs.beat(own.env, own.log(f"beat{n}")) for n in (1, 2)}
    for part in parts.values():
        part.start()
    mutator = start_mutator(own, options)
    kills: Counter[str] = Counter()
    try:
        wait_for(lambda: seconds_since_sweep() is not None, START, "the first sweep")
        begins = move_due(options.due)
        storm(own, parts, begins + timedelta(seconds=options.seconds), options.seconds, kills)
    except BaseException:
        end(*parts.values())
        raise
    finally:
        mutator.kill()
        mutator.wait()
    try:
        drained = drain()
        return report(options, kills, begins + timedelta(seconds=options.seconds), drained, own)
    finally:
        end(*parts.values())


def clear_first(clock: Any) -> None:
    """The copied one is no part of the crowd; what opening it posted is not what we count."""
    from journal.models import Outbox
    from slas.models import Clock

    Clock.objects.filter(pk=clock.pk).update(next_fire_at=None)
    Outbox.objects.all().delete()


def move_due(n_due: int) -> datetime:
    """Shift the first `n_due` clocks so that they come due from LEAD_IN seconds ahead; the rest is days away."""
    from django.db import connection

    begins = datetime.now(UTC) + timedelta(seconds=LEAD_IN)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE slas_clock AS c SET next_fire_at = c.next_fire_at - by, started_at = started_at - by,
                      anchor_at = anchor_at - by, due_at = due_at - by,
                      fire_plan = ARRAY(SELECT at - by FROM unnest(fire_plan) WITH ORDINALITY AS plan(at, ord) ORDER BY ord)
               FROM tickets_ticket AS t,
                    (SELECT min(next_fire_at) - %s::timestamptz AS by FROM slas_clock WHERE next_fire_at IS NOT NULL) AS shift
               WHERE t.id = c.ticket_id AND t.number LIKE 'CROWD-%%' AND split_part(t.number, '-', 2)::int <= %s""",
            [begins, n_due],
        )
    return begins


def start_mutator(own: Servers, options: argparse.Namespace) -> subprocess.Popen[bytes]:
    command = [sys.executable, __file__, "--mutate", str(options.due), "--clocks", str(options.clocks)]
    with own.log("mutator").open("ab") as log:
        return subprocess.Popen(command, env=own.env, cwd=ROOT, stdout=log, stderr=log)


def storm(own: Servers, parts: dict[str, Part], until: datetime, seconds: float, kills: Counter[str]) -> None:
    """Kill and start again until the last step is due."""
    begins = until - timedelta(seconds=seconds)
    plan: list[tuple[datetime, Callable[[], None]]] = [
        (begins + timedelta(seconds=seconds * share), lambda: kill_postgres(own, kills)) for share in (0.25, 0.65)
    ]
    plan.append((begins + timedelta(seconds=seconds * 0.45), lambda: kill_part("beat 1", parts, kills)))
    plan.sort(key=lambda entry: entry[0])
    next_kill, seen = begins, 0
    while (now := datetime.now(UTC)) < until:
        if plan and now >= plan[0][0]:
            plan.pop(0)[1]()
        if now >= next_kill and (n_done() > seen or now > next_kill + timedelta(seconds=PATIENCE)):
            seen = n_done()
            kill_part(random.choice(["worker 1", "worker 2"]), parts, kills)
            next_kill = now + timedelta(seconds=random.uniform(*KILL_EVERY))
        revive(parts)
        time.sleep(0.1)
    revive(parts)


def n_done() -> int:
    """Grows with every step that is recorded or carried out."""
    from django.db import connection

    from journal.models import Outbox
    from slas.models import Escalation

    try:
        return Escalation.objects.count() + Outbox.objects.filter(topic="clock.step", done_at__isnull=False).count()
    except Exception:  # the server is being killed at this very moment
        connection.close()
        return 0


def kill_part(name: str, parts: dict[str, Part], kills: Counter[str]) -> None:
    part = parts[name]
    if part.process is not None and part.is_running:
        part.kill()
        part.process.wait()
        kills[name.split()[0]] += 1
        part.start()


def kill_postgres(own: Servers, kills: Counter[str]) -> None:
    """The server and every backend, as a power cut would."""
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").samefile(own.cluster.data):
                os.kill(int(entry.name), signal.SIGKILL)
    if own.postgres.process is not None:
        own.postgres.process.wait()
    kills["PostgreSQL"] += 1
    own.restart_postgres()


def revive(parts: dict[str, Part]) -> None:
    """A process that gave up by itself comes back, as under the supervisor."""
    for part in parts.values():
        if part.has_ended:
            part.start()


def drain() -> float:
    """Seconds until everything that was due has been carried out and told."""
    from django.db import close_old_connections

    def is_done() -> bool:
        close_old_connections()
        return n_open() == 0

    return wait_for(is_done, DRAIN, "draining")


def n_open() -> int:
    from journal.models import Outbox
    from slas.models import Clock

    now = datetime.now(UTC)
    due = Clock.objects.running().filter(next_fire_at__lte=now).count()
    return due + Outbox.objects.filter(done_at=None, is_dead=False).count()


def report(options: argparse.Namespace, kills: Counter[str], until: datetime, drained: float, own: Servers) -> bool:
    rules, facts = verdict(options.due, until, own)
    print(f"{options.clocks:,} clocks, {options.due:,} due within {options.seconds:.0f} s; "
          f"killed: {', '.join(f'{what} {n}x' for what, n in sorted(kills.items()))}; drained {drained:.1f} s later\n")  # fmt: skip
    for what, n in facts.items():
        print(f"| {what:58} | {n:>7,} |")
    print()
    for rule, n in rules.items():
        print(f"| {rule:58} | {n:>7,} | {'ok' if n == 0 else 'BROKEN'} |")
    return not any(rules.values())


def verdict(n_due: int, until: datetime, own: Servers) -> tuple[dict[str, int], dict[str, int]]:
    """({rule: number of times it was broken}, {what: count})"""
    from django.db.models import Count, F, Q

    from journal.models import Event, Outbox
    from slas.models import Clock, Escalation, EscalationNotice
    from slas.sweep import TOPIC as STEPS
    from tests.crowd import crowd

    now = datetime.now(UTC)
    numbers = [f"CROWD-{n}" for n in range(1, n_due + 1)]
    due = crowd().filter(ticket__number__in=numbers).annotate(n_fired=Count("escalations"))
    fired = due.filter(n_fired__gt=0)
    ended_first = due.filter(n_fired=0, ended_at__isnull=False)
    paused = due.filter(n_fired=0, state=Clock.State.PAUSED)
    moved = due.filter(n_fired=0, state=Clock.State.RUNNING, next_fire_at__gt=now)
    sent = Escalation.objects.filter(is_collapsed=False)
    steps = Outbox.objects.filter(topic=STEPS)
    warned = Event.objects.filter(name__in=["sla.warned", "sla.breached"])
    twice = warned.values("subject_id", "data__percent").annotate(n=Count("pk")).filter(n__gt=1)
    told = sent.exclude(outcome__told=[]).exclude(outcome={})
    carried_out = {row.payload["escalation"]: row.done_at for row in steps}
    after_end = [
        escalation
        for escalation in told.filter(clock__ended_at__isnull=False).select_related("clock")
        if escalation.clock.ended_at < carried_out[escalation.pk] - SLACK
    ]
    own_letters = Counter(
        Outbox.objects.filter(topic="mail", payload__notice__in=["warning", "breach"]).values_list(
            "payload__person", flat=True
        )
    )
    digests = set(
        Outbox.objects.filter(topic="mail", payload__notice="digest").values_list("payload__digest", flat=True)
    )
    notices = EscalationNotice.objects.count()
    in_digests = EscalationNotice.objects.filter(digest__in=digests).count()
    files, ids = wire(own.var / "mail")
    mails = Outbox.objects.filter(topic="mail", done_at__isnull=False).exclude(answer__startswith="not sent").count()
    n_known = fired.count() + ended_first.count() + paused.count() + moved.count()
    rules = {
        "due clocks whose fate is not known": n_due - n_known,
        "running clocks whose step is due and did not fire": Clock.objects.running()
        .filter(next_fire_at__lte=now)
        .count(),
        "clocks that moved on without a record": crowd().annotate(n=Count("escalations")).exclude(step=F("n")).count(),
        "steps recorded without a row to carry them out": sent.count() - steps.count(),
        "steps never carried out": steps.filter(Q(done_at=None) | Q(is_dead=True)).count(),
        "steps in effect twice": twice.count(),
        "steps carried out without their event": told.count() - warned.count(),
        "people told after the clock's end": len(after_end),
        "notices without a letter, or in two": notices - in_digests - sum(own_letters.values()),
        "letters that never left": mails - len(ids),
    }
    facts = {
        "due clocks that fired": fired.count(),
        "  of them while things were being killed": sent.filter(fired_at__lte=until).count(),
        "  resolved before their step came": ended_first.count(),
        "  paused over their step": paused.count(),
        "  paused and resumed: their step comes later": moved.count(),
        "steps recorded": Escalation.objects.count(),
        "  collapsed (found together with a later one)": Escalation.objects.filter(is_collapsed=True).count(),
        "  found after an end: nobody told": sent.filter(outcome__left_out="ended").count(),
        "incidents resolved meanwhile": Event.objects.filter(name="incident.resolved").count(),
        "pauses and resumptions": Event.objects.filter(name__in=["incident.held", "incident.resumed"]).count(),
        "errors of the database that people would have seen": own.log("mutator").read_text().count("Error"),
        "  of them deadlocks": own.log("mutator").read_text().count("deadlock"),
        "people to tell (notices)": notices,
        "  in letters of their own": sum(own_letters.values()),
        f"  in {len(digests)} digests": in_digests,
        "letters on the wire": files,
        "  of them repeats with the same Message-ID": files - len(ids),
        "tries of steps beyond the first": sum(max(0, n - 1) for n in steps.values_list("n_attempts", flat=True)),
    }
    return rules, facts


def wire(folder: Path) -> tuple[int, set[str]]:
    """The letters that were written to files, and their Message-IDs."""
    files = sorted(folder.glob("*.eml"))
    return len(files), {str(message_from_bytes(path.read_bytes())["Message-ID"]).strip() for path in files}


def mutate(n_due: int, n_clocks: int) -> None:
    """Pause, resume and resolve at random for ever, mostly what is about to come due; survives a database that dies."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "itsm.settings")
    django.setup()
    from django.db import DatabaseError, connection
    from django.db import InterfaceError as Interface

    from accounts.models import User
    from core.machine import IllegalMove
    from incidents.models import Incident
    from incidents.services import StaleIncident, hold_incident, resolve_incident, resume_incident
    from incidents.states import State
    from tickets.models import WaitingReason
    from tickets.services import StaleTicket

    while True:
        time.sleep(random.uniform(0.02, 0.1))
        n = random.randint(1, n_due) if random.random() < 0.8 else random.randint(1, n_clocks)
        try:
            alice = User.objects.get(email="alice@example.org")
            incident = Incident.objects.with_header().get(ticket__number=f"CROWD-{n}")
            now = datetime.now(UTC)
            if incident.state == State.ON_HOLD:
                resume_incident(incident=incident, actor=alice, now=now)
            elif random.random() < 0.5:
                hold_incident(incident=incident, reason=WaitingReason.SUPPLIER, actor=alice, now=now)
            else:
                resolve_incident(incident=incident, code="fixed", resolution="Done.", actor=alice, now=now)
        except (IllegalMove, StaleIncident, StaleTicket):
            continue
        except (DatabaseError, Interface) as error:
            print(type(error).__name__, error, flush=True)
            with suppress(Exception):
                connection.close()


if __name__ == "__main__":
    sys.exit(main())
