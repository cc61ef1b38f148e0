"""What a killed run left behind. Identity is the token in the environment, never a bare pid: pids come back."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

VARIABLE = "ITSM_STACK"
PROC = Path("/proc")


def with_token(token: str) -> list[int]:
    """Every process but this one whose environment holds ITSM_STACK=token (as far as this user may look)."""
    wanted = f"{VARIABLE}={token}".encode()
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                variables = (entry / "environ").read_bytes().split(b"\0")
            except OSError:  # ended meanwhile, or another user's
                continue
            if wanted in variables:
                found.append(int(entry.name))
    return found


def server_of(data: Path) -> int | None:
    """The PostgreSQL server that works in `data`: the pid it wrote there, if that process stands in this very folder."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        return pid if (PROC / str(pid) / "cwd").samefile(data) else None
    except (OSError, ValueError):
        return None


def end(token: str, data: Path) -> int:
    """End them all and return how many there were. PostgreSQL is asked for a fast shutdown and has ten seconds."""

    def others() -> list[int]:
        return [pid for pid in with_token(token) if pid != server]

    server = server_of(data)
    n_found = len(others()) + (server is not None)
    _signal(others(), signal.SIGKILL)
    if server is not None:
        _signal([server], signal.SIGINT)
        if not _within(10.0, lambda: server_of(data) is None):
            _signal([server], signal.SIGQUIT)
    _within(5.0, lambda: not with_token(token))
    return n_found


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _within(seconds: float, happened: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
