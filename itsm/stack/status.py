"""Who runs this VAR folder: the lock that only one supervisor can hold, and the state it writes beside it."""

import fcntl
import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from itsm.stack.endpoints import UnusableVar

STOP_PATIENCE = 90.0  # seconds; PostgreSQL alone may take 60 to shut down


class StackRuns(UnusableVar):
    """Another supervisor holds the lock of this folder."""


def lock(var: Path) -> int:
    """Hold var/stack.lock until this process ends, and write our pid into it. The kernel frees it even after kill -9."""
    descriptor = os.open(var / "stack.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.read(descriptor, 20).decode().strip()
        os.close(descriptor)
        raise StackRuns(f"A stack already runs on {var} (process {holder}): stop it or choose another VAR=.") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


def holder(var: Path) -> int | None:
    """The pid of the supervisor that runs `var` now. The number is good exactly as long as the lock is held."""
    try:
        descriptor = os.open(var / "stack.lock", os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.read(descriptor, 20) or 0) or None
    finally:
        os.close(descriptor)
    return None


def write(var: Path, state: dict[str, Any]) -> None:
    """What `read` gives back. A full disk costs the picture, not the stack."""
    draft = var / "stack.json.new"
    with suppress(OSError):
        draft.write_text(json.dumps(state, indent=1))
        draft.rename(var / "stack.json")


def read(var: Path) -> dict[str, Any] | None:
    """{"url", "parts": {name: {"pid" (None = being started), "n_starts"}}}, or None when nothing runs."""
    if holder(var) is None:
        return None
    try:
        state: dict[str, Any] = json.loads((var / "stack.json").read_text())
    except FileNotFoundError:
        return {"url": None, "parts": {}}
    return state


def stop(var: Path) -> bool:
    """Ask the supervisor of `var` to stop everything and wait for it. False = none was running."""
    pid = holder(var)
    if pid is None:
        return False
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_PATIENCE
    while holder(var) == pid:
        if time.monotonic() > deadline:
            raise UnusableVar(f"The stack on {var} did not stop within {STOP_PATIENCE:.0f} seconds.")
        time.sleep(0.1)
    return True
