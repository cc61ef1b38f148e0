"""A stack in a process of its own, as a person at a terminal has it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from itsm.stack import endpoints, orphans, status
from itsm.stack.account import Account
from itsm.stack.programs import PROJECT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def within(seconds: float, happened: Callable[[], Any]) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happened():
            return True
        time.sleep(0.02)
    return False


@dataclass
class Stack:
    """tests/stack/light.py on one VAR folder, run by `account`."""

    var: Path
    port: int = field(default_factory=free_port)
    account: Account = field(default_factory=Account)
    python: str = sys.executable
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def run(self, verb: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(verb), env=self._env(), cwd=PROJECT, text=True, capture_output=True, timeout=60
        )

    def start(self) -> "Stack":
        self.process = subprocess.Popen(
            self._command("up"),
            env=self._env(),
            cwd=PROJECT,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **self.account.drop(),
        )
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith("Ctrl-C"):
                assert within(20, lambda: len(self.pids()) == 5), self.pids()
                return self
        raise AssertionError("".join(said))

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        status_code = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status_code

    def pids(self) -> dict[str, int]:
        parts = (status.read(self.var) or {"parts": {}})["parts"]
        return {name: part["pid"] for name, part in parts.items() if part["pid"]}

    def page(self) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", "/")
        return connection.getresponse().status

    def tokens(self) -> list[int]:
        return orphans.with_token(f"{endpoints.load_secrets(self.var)['stack_id'][:16]}@{self.var}")

    def _command(self, verb: str) -> list[str]:
        return [self.python, "-m", "tests.stack.light", verb]

    def _env(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        return kept | {"VAR_DIR": str(self.var), "PORT": str(self.port), "PYTHONDONTWRITEBYTECODE": "1"} | self.env


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    """A folder with a short path, so that the sockets are inside VAR."""
    folder = Path(tempfile.mkdtemp(prefix="stack-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def make_stack() -> Iterator[Callable[..., Stack]]:
    made: list[Stack] = []

    def _make(var: Path, **how: Any) -> Stack:
        made.append(Stack(var, **how))
        return made[-1]

    yield _make
    for stack in made:
        if stack.process is not None and stack.process.poll() is None:
            with suppress(ProcessLookupError):
                stack.end()
