"""One process of the stack: how it is started, ended, logged and started again."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from itsm.stack.account import Account
from itsm.stack.parent import die_with

LOG_LIMIT = 5 * 1024 * 1024  # bytes; a log over it moves to <name>.log.1, which is overwritten
STEADY = 30.0  # seconds alive after which a process counts as healthy again


@dataclass
class Part:
    """A process and what its servant must know of it.

    `stop_with` asks for a clean end and has `patience` seconds; then comes `insist_with`. `orphan_with` is what the
    kernel sends when the supervisor itself dies. Processes that fork see to it themselves that their children die with
    them: PostgreSQL's do, gunicorn's in web.py, Celery's in itsm/celery.py.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    log: Path
    stop_with: signal.Signals = signal.SIGTERM
    insist_with: signal.Signals = signal.SIGKILL
    orphan_with: signal.Signals = signal.SIGKILL
    patience: float = 10.0
    longest_wait: float = 10.0  # seconds between two starts of a process that keeps ending
    cwd: Path = Path("/")
    pass_fds: tuple[int, ...] = ()
    account: Account = field(default_factory=Account)
    ready: Callable[[], bool] = lambda: True

    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)  # time.monotonic()
    start_at: float = field(default=0.0, init=False)  # earliest next start, time.monotonic()
    n_starts: int = field(default=0, init=False)
    n_quick_ends: int = field(default=0, init=False)

    def start(self) -> None:
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=self.cwd,
                process_group=0, pass_fds=self.pass_fds, preexec_fn=partial(die_with, os.getpid(), self.orphan_with),
                **self.account.drop(),
            )  # fmt: skip
        self.started_at = time.monotonic()
        self.n_starts += 1

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def has_ended(self) -> bool:
        """Ended, and not yet buried."""
        return self.process is not None and self.process.poll() is not None

    @property
    def is_due(self) -> bool:
        return self.process is None and time.monotonic() >= self.start_at

    @property
    def exit_status(self) -> int | None:
        return self.process.poll() if self.process else None

    @property
    def seconds_alive(self) -> float:
        return time.monotonic() - self.started_at

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def bury(self) -> str:
        """After its end: kill what is left of its group, plan the next start, say how it ended."""
        assert self.process is not None  # noqa: S101
        code = self.process.wait()
        self._signal_group(signal.SIGKILL)
        self.process = None
        if self.seconds_alive > STEADY:
            self.n_quick_ends = 0
        self.start_at = time.monotonic() + min(self.longest_wait, 0.25 * (2**self.n_quick_ends - 1))
        self.n_quick_ends += 1
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"

    def kill(self) -> None:
        """No time for goodbyes: the whole group, at once."""
        if self.is_running:
            self._signal_group(signal.SIGKILL)

    def ask_to_stop(self) -> None:
        if self.is_running and self.process:
            self.process.send_signal(self.stop_with)

    def see_off(self, deadline: float) -> None:
        """Wait until `deadline` (time.monotonic()) for the end asked for, then insist, then kill the whole group."""
        if self.process is None:
            return
        for asked, patience in ((None, deadline - time.monotonic()), (self.insist_with, 5.0), (signal.SIGKILL, None)):
            if asked is not None:
                self.process.send_signal(asked)
            try:
                self.process.wait(None if patience is None else max(patience, 0.0))
                break
            except subprocess.TimeoutExpired:
                continue
        self._signal_group(signal.SIGKILL)
        self.process = None

    def cap_log(self) -> None:
        """The children append (O_APPEND), so the file can be copied and cut under their hands."""
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            with contextlib.suppress(OSError):  # no room for a copy: all the more reason to cut
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)

    def _signal_group(self, number: signal.Signals) -> None:
        """The group outlives its leader: its number is not given to another process while a member lives."""
        assert self.process is not None  # noqa: S101
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)
