"""Portico's own processes: web, worker, beat, and management commands that run once before them."""

import sys
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import socket

from itsm.stack.part import Part

PROJECT = Path(__file__).resolve().parents[2]
QUEUES = "timers,mail,default,reports"


def web(env: Mapping[str, str], log: Path, listener: socket) -> Part:
    """gunicorn on a socket that stays the supervisor's: while web starts again, a visitor waits and is not refused."""
    host, port = listener.getsockname()
    listen = f"fd://{listener.fileno()}"
    return Part(
        name="web",
        command=_module("gunicorn", "itsm.wsgi", "--config", "python:itsm.stack.web", "--bind", listen),
        env=env,
        log=log,
        cwd=PROJECT,
        pass_fds=(listener.fileno(),),
        ready=lambda: _serves(host, port),
    )


def worker(env: Mapping[str, str], log: Path) -> Part:
    flags = ["-Q", QUEUES, "--concurrency", "2", "--without-gossip", "--without-mingle"]
    command = _module("celery", "-A", "itsm", "worker", *flags)
    return Part(name="worker", command=command, env=env, log=log, cwd=PROJECT)


def beat(env: Mapping[str, str], log: Path) -> Part:
    """The schedule is in code and the leader's lock in PostgreSQL: nothing of it is on disk."""
    command = _module("celery", "-A", "itsm", "beat", "-S", "itsm.schedule:LeaderScheduler", "--pidfile=")
    return Part(name="beat", command=command, env=env, log=log, cwd=PROJECT)


def management(name: str, env: Mapping[str, str], log: Path, *words: str) -> Part:
    return Part(name=name, command=[sys.executable, str(PROJECT / "manage.py"), *words], env=env, log=log, cwd=PROJECT)


def _module(name: str, *words: str) -> list[str]:
    return [sys.executable, "-m", name, *words]


def _serves(host: str, port: int) -> bool:
    """Any answer at all: whether the parts behind it are well is /healthz's own affair."""
    connection = HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True
