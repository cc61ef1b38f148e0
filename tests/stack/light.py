"""`manage.py stack` with stand-ins that start in a moment for web, worker, beat and management commands.

Supervisor, PostgreSQL and Valkey are the real ones. Run as `python -m tests.stack.light up|status|stop`.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from socket import socket

from itsm.stack import command, programs
from itsm.stack.part import Part

WEB = """
import http.server, socket, sys
server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler, bind_and_activate=False)
server.socket = socket.socket(fileno=int(sys.argv[1]))
server.serve_forever()
"""
SLEEP = "import time; time.sleep(600)"


def web(env: Mapping[str, str], log: Path, listener: socket) -> Part:
    real = programs_web(env, log, listener)
    real.command = [sys.executable, "-c", WEB, str(listener.fileno())]
    return real


def sleeper(name: str, env: Mapping[str, str], log: Path, *words: str) -> Part:
    return Part(name=name, command=[sys.executable, "-c", SLEEP], env=env, log=log)


def nothing(name: str, env: Mapping[str, str], log: Path, *words: str) -> Part:
    return Part(name=name, command=[sys.executable, "-c", ""], env=env, log=log)


programs_web = programs.web
programs.web = web
programs.worker = lambda env, log: sleeper("worker", env, log)
programs.beat = lambda env, log: sleeper("beat", env, log)
programs.management = nothing

if __name__ == "__main__":
    sys.exit(command.main(sys.argv[1:]))
