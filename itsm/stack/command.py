"""`manage.py stack up|status|stop`. Loads no Django settings, so that it starts at once and works where settings do not."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from itsm import env
from itsm.stack import status
from itsm.stack.endpoints import UnusableVar
from itsm.stack.programs import PROJECT
from itsm.stack.supervisor import Supervisor


def main(words: Sequence[str]) -> int:
    """The exit status: 0 = done, 1 = refused (or, of `status`, something is being started), 3 = no stack runs here."""
    parser = argparse.ArgumentParser(prog="manage.py stack", description="The embedded stack of VAR_DIR on PORT.")
    parser.add_argument("verb", choices=["up", "status", "stop"])
    verb = parser.parse_args(words).verb
    try:
        var = env.folder("VAR_DIR", PROJECT / "var")
        if verb == "up":
            Supervisor(var, env.number("PORT", 8000, least=1, most=65535), demo=env.flag("PORTICO_DEMO")).run()
            return 0
        return show(var) if verb == "status" else stop(var)
    except (UnusableVar, ImproperlyConfigured) as refusal:
        print(refusal, file=sys.stderr)
        return 1


def show(var: Path) -> int:
    state = status.read(var)
    if state is None:
        print(f"No stack runs on {var}.")
        return 3
    print(f"{state['url'] or 'starting'}  data in {var}")
    for name, part in state["parts"].items():
        doing = f"runs as process {part['pid']}" if part["pid"] else "is being started"
        print(f"  {name:10} {doing}, start number {part['n_starts']}")
    return 0 if all(part["pid"] for part in state["parts"].values()) else 1


def stop(var: Path) -> int:
    was_running = status.stop(var)
    print("Everything has stopped." if was_running else f"No stack runs on {var}.")
    return 0
