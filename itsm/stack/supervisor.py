"""The order of the start, the watch, the order of the stop.

PostgreSQL and Valkey first, each until it answers a real question; then migrations once, then the demo data; then web,
worker and beat. Whatever ends is started again. DATABASE_URL or REDIS_URL in the environment take that server's place.
"""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from itsm.stack import endpoints, orphans, programs, schema, status, valkey
from itsm.stack.endpoints import UnusableVar
from itsm.stack.part import Part
from itsm.stack.postgres import Postgres

TICK = 0.2  # seconds between two looks at the children
LOOK_CLOSER = 5.0  # seconds between two looks at log sizes and at the sweep's age
START_PATIENCE = 120.0  # seconds until a server must answer; PostgreSQL may have to recover first
SWEEP_KEY = "portico:1:sweep_at"  # Django's spelling of the cache key slas.sweep.SWEPT_AT: unix time of the last sweep
NOTHING = "$-1"  # Valkey's answer for a key that is not there
SWEEP_TOO_OLD = 60.0  # seconds; then the worker is taken for stuck and started again


class Stopped(Exception):
    """Somebody asked us to stop while the stack was still starting."""


def listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port), backlog=256)
    except OSError as error:
        raise UnusableVar(
            f"Port {port} cannot be used ({os.strerror(error.errno or 0)}): choose another with PORT=."
        ) from None


class Supervisor:
    """One stack: one VAR folder, one port of 127.0.0.1."""

    def __init__(self, var: Path, port: int, *, demo: bool) -> None:
        self.var, self.port, self.demo = var, port, demo
        self.url = f"http://127.0.0.1:{port}"
        self.logins = var / "demo-logins.txt"  # seed_demo writes it last
        self.servers: list[Part] = []
        self.clients: list[Part] = []
        self.worker: Part | None = None
        self.is_stopping = False

    def run(self) -> None:
        """Run until a signal asks to stop. The lock frees itself with this process, whatever ends it."""
        self.secrets = endpoints.load_secrets(self.var)
        status.lock(self.var)
        with listen(self.port) as listener:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                if signal.getsignal(number) != signal.SIG_IGN or number != signal.SIGHUP:  # nohup means it
                    signal.signal(number, self._ask_to_stop)
            say(f"Portico starts on the data in {self.var}")
            try:
                self._start(listener)
                self._watch()
            except Stopped:
                pass
            finally:
                self._stop()
        say("Everything has stopped.")

    def _start(self, listener: socket.socket) -> None:
        identity = {orphans.VARIABLE: f"{self.secrets['stack_id'][:16]}@{self.var}"}
        if n_orphans := orphans.end(identity[orphans.VARIABLE], self.var / "pg"):
            say(f"  ended what an earlier run left behind: {n_orphans}")
        run = endpoints.run_dir(self.var)
        cluster = None
        if not os.environ.get("DATABASE_URL"):
            cluster = Postgres(self.var, run, self.secrets)
            if cluster.initialise():
                say("  made a new database cluster")
            self._start_server(cluster.part(identity, self._log("postgres")))
        if not os.environ.get("REDIS_URL"):
            password = self.secrets["valkey_password"]
            self._start_server(valkey.part(self.var, run, identity, self._log("valkey"), password))

        env = {"SITE_URL": self.url} | os.environ | identity | {"VAR_DIR": str(self.var), "PYTHONUNBUFFERED": "1"}
        self._migrate(cluster, env)
        if self.demo and not self.logins.exists():
            self._run_once("seed_demo", env, "seed_demo")
        web = programs.web(env, self._log("web"), listener)
        self.worker = programs.worker(env, self._log("worker"))
        self.clients = [web, self.worker, programs.beat(env, self._log("beat"))]
        with timed("web"):
            web.start()
            self._wait_for(web)
        say(f"Portico is ready: {self.url}/")
        if self.demo and self.logins.exists():
            say(self.logins.read_text().rstrip())
        say("Ctrl-C stops it.")

    def _migrate(self, cluster: Postgres | None, env: dict[str, str]) -> None:
        """Skipped when neither the code nor our own database changed since the last time: it costs seconds."""
        if cluster is None or not schema.is_current(self.var, schema.fingerprint(cluster.login)):
            self._run_once("migrate", env, "migrate", "--database", "owner", "--no-input")
        if cluster is not None:
            schema.remember(self.var, schema.fingerprint(cluster.login))

    def _start_server(self, part: Part) -> None:
        """PostgreSQL refuses to start while the kernel still buries a killed predecessor: it has a few tries."""
        self.servers.append(part)
        with timed(part.name):
            part.start()
            self._wait_for(part, n_tries=6)

    def _run_once(self, name: str, env: dict[str, str], *words: str) -> None:
        part = programs.management(name, env, self._log(name), *words)
        self.clients = [part]
        with timed(name):
            part.start()
            while part.is_running:
                self._breathe()
            if part.exit_status != 0:
                raise UnusableVar(f"{name} failed: {part.last_words()} (more in {part.log})")

    def _wait_for(self, part: Part, *, n_tries: int = 1) -> None:
        while not part.ready():
            if part.seconds_alive > START_PATIENCE or (part.has_ended and part.n_starts >= n_tries):
                raise UnusableVar(f"{part.name} did not start: {part.last_words()} (more in {part.log})")
            if part.has_ended:
                part.bury()
            if part.is_due:
                part.start()
            self._breathe()

    def _breathe(self) -> None:
        if self.is_stopping:
            raise Stopped
        time.sleep(0.05)

    def _watch(self) -> None:
        look_closer_at = 0.0
        while not self.is_stopping:
            for part in [*self.servers, *self.clients]:
                if part.has_ended:
                    say(f"{time.strftime('%H:%M:%S')} {part.name} {part.bury()}; it starts again")
                    self._write_status()
                if part.is_due:
                    part.start()
                    self._write_status()
            if time.monotonic() >= look_closer_at:
                look_closer_at = time.monotonic() + LOOK_CLOSER
                self._look_closer()
            time.sleep(TICK)

    def _look_closer(self) -> None:
        for part in [*self.servers, *self.clients]:
            part.cap_log()
        worker = self.worker
        if worker and worker.is_running and worker.seconds_alive > SWEEP_TOO_OLD and self._sweep_age() > SWEEP_TOO_OLD:
            say(f"{time.strftime('%H:%M:%S')} no sweep of the clocks for {SWEEP_TOO_OLD:.0f} s")
            worker.kill()

    def _sweep_age(self) -> float:
        """Seconds; 0 where nobody can tell: a new worker would not help a dead broker."""
        run, password = endpoints.run_dir(self.var), self.secrets["valkey_password"]
        swept_at = valkey.ask(run, password, f"GET {SWEEP_KEY}")
        if swept_at == NOTHING:
            return float("inf")
        return time.time() - int(swept_at) if swept_at and swept_at.isdecimal() else 0.0

    def _stop(self) -> None:
        """Clients first and side by side, then the broker, then the database."""
        for group in (self.clients, *([server] for server in reversed(self.servers))):
            for part in group:
                part.ask_to_stop()
            asked_at = time.monotonic()
            for part in group:
                part.see_off(asked_at + part.patience)
        with suppress(OSError):
            endpoints.run_dir(self.var).rmdir()  # the folder of the sockets may be under /tmp

    def _write_status(self) -> None:
        parts = {part.name: {"pid": part.pid, "n_starts": part.n_starts} for part in [*self.servers, *self.clients]}
        status.write(self.var, {"url": self.url, "parts": parts})

    def _log(self, name: str) -> Path:
        return self.var / "log" / f"{name}.log"

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if not self.is_stopping:
            say("\nStopping …")
        self.is_stopping = True


def say(line: str) -> None:
    with suppress(OSError):  # the terminal may be gone; the stack is still to be ended in order
        print(line, flush=True)


@contextmanager
def timed(what: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    say(f"  {what:10} ready after {time.monotonic() - begun:.1f} s")
