"""The real supervisor with PostgreSQL and Valkey; web, worker and beat are stand-ins (tests/stack/light.py)."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import kombu
import psycopg2
import pytest
from django.core.cache import cache

from itsm.stack import endpoints, orphans, supervisor, valkey
from itsm.stack.account import Account
from itsm.stack.programs import PROJECT
from itsm.stack.supervisor import Supervisor
from slas.sweep import SWEPT_AT
from tests.stack.conftest import Stack, within

PARTS = ["postgres", "valkey", "web", "worker", "beat"]


@pytest.fixture(scope="module")
def stack(room, make_stack) -> Stack:
    """One stack for the tests that leave it running, in a folder whose name every address must quote."""
    return make_stack(room / "my data 数据 50%+").start()


def login(var: Path, role: str, password: str) -> str:
    place = {"host": str(endpoints.run_dir(var)), "port": 5432, "dbname": "portico"}
    with psycopg2.connect(**place, user=role, password=password) as session, session.cursor() as cursor:
        cursor.execute("SELECT current_user")
        return str(cursor.fetchone()[0])


class TestRunningStack:
    def test_has_five_parts_and_answers(self, stack):
        assert list(stack.pids()) == PARTS
        assert stack.page() == 501  # the stand-in knows no method at all

    def test_tells_what_runs(self, stack):
        told = stack.run("status")
        assert told.returncode == 0
        assert f"http://127.0.0.1:{stack.port}  data in {stack.var}" in told.stdout
        assert all(f"  {name}" in told.stdout for name in PARTS)

    def test_refuses_a_second_supervisor_on_its_folder(self, stack):
        second = stack.run("up")
        assert second.returncode == 1
        assert second.stderr == (
            f"A stack already runs on {stack.var} (process {stack.process.pid}): stop it or choose another VAR=.\n"
        )

    def test_keeps_its_port(self, stack, make_stack, room):
        second = make_stack(room / "second", port=stack.port).run("up")
        assert second.returncode == 1
        assert (
            second.stderr == f"Port {stack.port} cannot be used (Address already in use): choose another with PORT=.\n"
        )

    def test_lets_nobody_in_without_the_password(self, stack):
        secrets = endpoints.load_secrets(stack.var)
        assert login(stack.var, "portico_app", secrets["app_password"]) == "portico_app"
        for role in ("portico_app", "portico_owner", "postgres"):
            with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
                login(stack.var, role, "guess")
        assert valkey.ask(endpoints.run_dir(stack.var), "guess", "PING") != "+PONG"

    def test_has_a_broker_for_celery(self, stack):
        with kombu.Connection(endpoints.load(stack.var).redis_url) as connection:
            queue = connection.SimpleQueue("letters")
            queue.put({"hello": "world"})
            assert queue.get(timeout=2).payload == {"hello": "world"}
            queue.close()

    def test_shows_no_secret_on_a_command_line(self, stack):
        lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in stack.pids().values()]
        assert not [line for line in lines for secret in endpoints.load_secrets(stack.var).values() if secret in line]

    def test_runs_beside_another(self, stack, make_stack, room):
        other = make_stack(room / "other").start()
        assert not set(other.pids().values()) & set(stack.pids().values())
        assert other.run("stop").returncode == 0
        assert other.process.wait(5) == 0
        assert other.run("status").returncode == 3
        assert stack.page() == 501

    @pytest.mark.parametrize("name", PARTS)
    def test_starts_a_killed_part_again(self, stack, name):
        before = stack.pids()[name]
        os.kill(before, signal.SIGKILL)
        assert within(20, lambda: stack.pids().get(name, before) != before)
        password = endpoints.load_secrets(stack.var)["app_password"]

        def answers() -> bool:
            with suppress(psycopg2.OperationalError):
                return login(stack.var, "portico_app", password) == "portico_app" and stack.page() == 501
            return False

        assert within(20, answers)


class TestKilledSupervisor:
    def test_leaves_nothing_running_and_the_data_whole(self, room, make_stack):
        stack = make_stack(room / "killed").start()
        password = endpoints.load_secrets(stack.var)["owner_password"]
        with psycopg2.connect(
            host=endpoints.run_dir(stack.var), user="portico_owner", password=password, dbname="portico"
        ) as session:
            session.cursor().execute("CREATE TABLE kept (word text); INSERT INTO kept VALUES ('safe')")
        session.close()
        children = stack.tokens()
        assert len(children) >= 5
        os.kill(stack.process.pid, signal.SIGKILL)
        assert within(5, lambda: not stack.tokens())  # two seconds on an idle machine: benchmarks/kill_stack.py

        again = make_stack(stack.var).start()
        with (
            psycopg2.connect(
                host=endpoints.run_dir(stack.var), user="portico_owner", password=password, dbname="portico"
            ) as session,
            session.cursor() as cursor,
        ):
            cursor.execute("SELECT word FROM kept")
            assert cursor.fetchall() == [("safe",)]
        session.close()
        assert again.end(signal.SIGINT) == 0
        assert "database system is shut down" in (stack.var / "log" / "postgres.log").read_text().splitlines()[-1]

    def test_strays_are_found_by_token_and_ended(self, tmp_path):
        def sleeper(token: str) -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                [sys.executable, "-c", "import time; time.sleep(60)"], env={orphans.VARIABLE: token}
            )

        ours, stranger = sleeper("a@/here"), sleeper("a@/there")
        assert within(5, lambda: orphans.with_token("a@/here") == [ours.pid])
        assert orphans.end("a@/here", tmp_path) == 1
        assert ours.wait(5) == -signal.SIGKILL
        assert stranger.poll() is None
        stranger.kill()
        stranger.wait()

    def test_a_pid_file_that_names_somebody_else_hurts_nobody(self, tmp_path):
        (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n")
        assert orphans.server_of(tmp_path) is None


class TestPlaces:
    def test_a_path_too_long_for_a_socket_works(self, room, make_stack):
        stack = make_stack(room / ("deep" * 20) / ("er" * 20)).start()
        assert not (stack.var / "run").exists()
        run = endpoints.run_dir(stack.var)
        assert run.stat().st_mode & 0o777 == 0o700
        assert stack.end() == 0
        assert not run.exists()

    @pytest.mark.parametrize(
        ("var", "port", "sentence"),
        [
            ("/proc/nowhere", "0", "PORT=0 is outside 1…65535."),
            ("/proc/nowhere", "many", "PORT='many' is not a whole number."),
            ("/proc/nowhere", "8000", "The data folder /proc/nowhere cannot be used"),
            ("/etc/passwd", "8000", "The data folder /etc/passwd cannot be used"),
        ],
    )
    def test_nonsense_gets_one_clear_sentence(self, make_stack, var, port, sentence):
        refused = make_stack(Path(var), env={"PORT": port}).run("up")
        assert refused.returncode == 1
        assert refused.stderr.startswith(sentence)
        assert refused.stderr.count("\n") == 1


class TestOtherUsers:
    @pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
    def test_an_ordinary_user_runs_all_of_it(self, make_stack):
        user = pwd.getpwnam("nobody")
        nobody = Account(user.pw_uid, user.pw_gid)
        packages = next(path for path in sys.path if path.endswith("site-packages"))
        python = next(
            (path for path in (sys.executable, "/usr/bin/python3.11") if can_run(path, packages, nobody)), None
        )
        if python is None:
            pytest.skip("neither Python nor the work tree is within reach of an ordinary user here")
        home = Path(tempfile.mkdtemp(prefix="stack-"))
        os.chown(home, user.pw_uid, user.pw_gid)
        stack = make_stack(home / "var", account=nobody, python=python, env={"PYTHONPATH": packages}).start()
        assert {os.stat(f"/proc/{pid}").st_uid for pid in stack.pids().values()} == {user.pw_uid}
        assert stack.end() == 0
        shutil.rmtree(home)

    @pytest.mark.skipif(os.getuid() != 0, reason="only root drops rights")
    def test_root_drops_its_rights_for_postgres_alone(self, stack):
        users = {name: os.stat(f"/proc/{pid}").st_uid for name, pid in stack.pids().items()}
        assert users.pop("postgres") != 0
        assert set(users.values()) == {0}
        assert stack.var.parent.stat().st_mode & 0o777 == 0o700  # the server's user cannot walk here, and need not


def can_run(python: str, packages: str, account: Account) -> bool:
    command, env = [python, "-c", "import itsm.stack.command"], {"PYTHONPATH": packages}
    with suppress(OSError):
        return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, **account.drop()).returncode == 0
    return False


class TestWatchdog:
    @pytest.mark.parametrize(
        ("answer", "ends"),
        [
            (lambda: str(int(time.time()) - 61), True),
            (lambda: supervisor.NOTHING, True),
            (lambda: str(int(time.time()) - 5), False),
            (lambda: None, False),
        ],
        ids=["old sweep", "no sweep ever", "fresh sweep", "no broker"],
    )
    def test_starts_a_worker_again_that_does_not_sweep(self, monkeypatch, tmp_path, answer, ends):
        killed = []
        guard = Supervisor(tmp_path, 1, demo=False)
        guard.secrets = endpoints.load_secrets(tmp_path)
        guard.worker = StuckWorker(killed)
        monkeypatch.setattr(valkey, "ask", lambda *_: answer())
        guard._look_closer()
        assert killed == (["worker"] if ends else [])

    def test_reads_the_key_that_the_sweep_writes(self, broker):
        assert cache.make_key(SWEPT_AT) == supervisor.SWEEP_KEY


class StuckWorker:
    is_running = True
    seconds_alive = supervisor.SWEEP_TOO_OLD + 1

    def __init__(self, killed: list[str]) -> None:
        self.killed = killed

    def kill(self) -> None:
        self.killed.append("worker")


class TestListener:
    def test_is_not_refused_while_web_starts(self):
        with supervisor.listen(0) as listener, socket.create_connection(listener.getsockname(), timeout=1) as visitor:
            visitor.sendall(b"GET / HTTP/1.0\r\n\r\n")
