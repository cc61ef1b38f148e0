"""A PostgreSQL and a Valkey for one test session, as `python -m tests.guardian DIR`.

Says "ready" when both answer, lives until its standard input closes (the session ended, or was killed), then ends both
and deletes DIR. The servers die with this process, should somebody kill it.
"""

import os
import shutil
import sys
import time
from pathlib import Path

from itsm.stack import endpoints, valkey
from itsm.stack.postgres import Postgres


def main(var: Path) -> None:
    secrets, run, log = endpoints.load_secrets(var), endpoints.run_dir(var), var / "log"
    parts = []
    if not os.environ.get("DATABASE_URL"):
        cluster = Postgres(var, run, secrets, throw_away=True)
        cluster.initialise()
        parts.append(cluster.part({}, log / "postgres.log"))
    if not os.environ.get("REDIS_URL"):
        parts.append(valkey.part(var, run, {}, log / "valkey.log", secrets["valkey_password"]))
    try:
        for part in parts:
            part.start()
        while not all(part.ready() for part in parts):
            if ended := [part for part in parts if part.has_ended]:
                sys.exit(f"{ended[0].name} did not start: {ended[0].last_words()}")
            time.sleep(0.02)
        print("ready", flush=True)  # noqa: T201
        sys.stdin.read()
    finally:
        for part in parts:
            part.kill()
            part.see_off(time.monotonic() + 5)
        shutil.rmtree(var)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
