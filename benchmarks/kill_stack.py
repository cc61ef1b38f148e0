"""Kill every part of a real stack with SIGKILL and show how soon it is back.

    python benchmarks/kill_stack.py [--rounds 3] [--empty]

Makes a stack of its own in a new folder, with the demo data unless --empty, and deletes it. Prints a table of the worst
case of all rounds against its aim (RELIABILITY aims of the project: page 5 s, sweep 8 s, no orphan after 2 s) and exits
with 1 where one is missed. Times are seconds.

A page is back when the sign-in page answers 200 and /healthz finds the database. A sweep is back when the worker has
finished one that began after the kill; its time is kept in whole seconds, so add up to one second.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

from itsm.stack import endpoints, orphans, status, supervisor, valkey  # noqa: E402

FIRST_START, WARM_START, PAGE, SWEEP, ORPHANS = 60.0, 5.0, 5.0, 8.0, 2.0
GIVE_UP = 120.0
PARTS = ("postgres", "valkey", "web", "worker", "beat")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds_until(happened: Callable[[], bool], since: float) -> float:
    """Seconds from `since` (time.monotonic()) until it happened; infinite after GIVE_UP."""
    while not happened():
        if time.monotonic() - since > GIVE_UP:
            return float("inf")
        time.sleep(0.02)
    return time.monotonic() - since


@dataclass
class Stack:
    var: Path
    demo: bool
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Seconds until the first page."""
        env = os.environ | {"VAR_DIR": str(self.var), "PORT": str(self.port), "PORTICO_DEMO": str(int(self.demo))}
        begun = time.monotonic()
        command = [sys.executable, str(PROJECT / "manage.py"), "stack", "up"]
        with (self.var / "up.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=env, cwd=PROJECT, stdout=log, stderr=log)
        return seconds_until(self.is_up, begun)

    def is_up(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            sys.exit("The stack ended by itself:\n" + (self.var / "up.log").read_text())
        return self.answers()

    def answers(self) -> bool:
        return self._get("/healthz") == 200 and self._get("/account/login/") == 200

    def _get(self, path: str) -> int | None:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        with suppress(OSError, HTTPException):
            connection.request("GET", path)
            return connection.getresponse().status
        return None

    def swept_after(self, moment: float) -> bool:
        """`moment` is unix time."""
        password = endpoints.load_secrets(self.var)["valkey_password"]
        answer = valkey.ask(endpoints.run_dir(self.var), password, f"GET {supervisor.SWEEP_KEY}")
        return bool(answer and answer.isdecimal() and int(answer) > moment)

    def pids(self) -> dict[str, int]:
        parts = (status.read(self.var) or {"parts": {}})["parts"]
        return {name: part["pid"] for name, part in parts.items() if part["pid"]}

    def is_without(self, pid: int) -> bool:
        """The process is gone and every part runs: a page that the dying part still served does not count."""
        return pid not in self.processes() and len(self.pids()) == len(PARTS)

    def processes(self) -> list[int]:
        """All of them, by token; PostgreSQL's backends write over their environment and are known by their folder."""
        token = f"{endpoints.load_secrets(self.var)['stack_id'][:16]}@{self.var}"
        found = set(orphans.with_token(token))
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and (entry / "cwd").samefile(self.var / "pg"):
                    found.add(int(entry.name))
        return sorted(found)

    def stop(self) -> float:
        assert self.process is not None
        begun = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        return time.monotonic() - begun


def child_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0])


def kill(*pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@dataclass
class Table:
    rows: dict[str, tuple[float, float]] = field(default_factory=dict)  # what -> (worst, aim)

    def add(self, what: str, seconds: float, aim: float = float("inf")) -> None:
        worst, _ = self.rows.get(what, (0.0, aim))
        self.rows[what] = (max(worst, seconds), aim)
        print(f"  {what}: {seconds:.1f} s", file=sys.stderr, flush=True)

    def show(self) -> bool:
        """Print it; True when every aim is reached."""
        width = max(map(len, self.rows))
        print(f"| {'what':{width}} | worst |  aim |\n|-{'-' * width}-|------:|-----:|")
        for what, (worst, aim) in self.rows.items():
            print(f"| {what:{width}} | {worst:5.1f} | {'' if aim == float('inf') else f'{aim:.0f}':>4} |")
        return all(worst <= aim for worst, aim in self.rows.values())


def measure(stack: Stack, rounds: int) -> Table:
    table = Table()
    table.add("first start ever to the first page", stack.start(), FIRST_START)
    table.add("clean stop", stack.stop())
    for _ in range(rounds):
        table.add("warm start to the first page", stack.start(), WARM_START)
        table.add("warm start to the first sweep", first_sweep(stack))
        table.add("clean stop", stack.stop())
    stack.start()
    first_sweep(stack)
    for _ in range(rounds):
        for name in PARTS:
            kill_and_wait(stack, table, name, stack.pids()[name])
        for name in ("web", "worker"):
            kill_and_wait(stack, table, f"a child of {name}", child_of(stack.pids()[name]))
    for _ in range(rounds):
        victim = stack.process
        assert victim is not None
        begun = time.monotonic()
        kill(victim.pid)
        victim.wait()
        table.add("kill -9 supervisor: nothing left", seconds_until(lambda: not stack.processes(), begun), ORPHANS)
        table.add("kill -9 supervisor: page after a new start", stack.start(), WARM_START)
    for _ in range(rounds):
        assert stack.process is not None
        kill(stack.process.pid, *stack.processes())
        stack.process.wait()
        table.add("kill -9 everything: page after a new start", stack.start())
    stack.stop()
    return table


def first_sweep(stack: Stack) -> float:
    now = time.time()
    return seconds_until(lambda: stack.swept_after(now), time.monotonic())


def kill_and_wait(stack: Stack, table: Table, name: str, pid: int) -> None:
    wall, begun = time.time(), time.monotonic()
    kill(pid)
    table.add(f"kill -9 {name}: page", seconds_until(lambda: stack.is_without(pid) and stack.answers(), begun), PAGE)
    table.add(f"kill -9 {name}: sweep", seconds_until(lambda: stack.swept_after(wall), begun), SWEEP)
    time.sleep(2)  # let everything else come back too


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--empty", action="store_true", help="without the demo data")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    stack = Stack(Path(tempfile.mkdtemp(prefix="kill-stack-")), demo=not options.empty)
    try:
        return 0 if measure(stack, options.rounds).show() else 1
    finally:
        if stack.process is not None and stack.process.poll() is None:
            stack.stop()
        shutil.rmtree(stack.var)


if __name__ == "__main__":
    sys.exit(main())
