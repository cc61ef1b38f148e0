"""How fast and in how much memory a ServiceNow log comes in, and whether what came in is what the log says.

    python benchmarks/import_speed.py incident_event_log.csv.gz

Imports into a fresh demo desk on its own durable PostgreSQL in a temporary folder: a dry run, the import, the same file
again, and a file of twice the length. Fails (exit 1) below 150 incidents/s, when memory grows with the file, or when a fact
does not hold.
"""

import gzip
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from itsm.stack import endpoints, valkey  # noqa: E402 (needs the path)
from itsm.stack.postgres import Postgres  # noqa: E402

WANTED = 150  # incidents/s
ALLOWED_GROWTH = 1.1  # of peak memory, when the file is twice as long

OURS = "FROM tickets_ticket t WHERE t.external_source = 'servicenow-log' AND t.external_id NOT LIKE 'AGAIN%'"
FACTS = {  # what the log says, measured without Portico: value as PostgreSQL gives it, query
    "incidents": ("12461", f"SELECT count(*) {OURS}"),
    "updates": ("72040", "SELECT sum((data->>'updates')::int) FROM journal_event e JOIN tickets_ticket t ON t.id = e.subject_id AND t.external_id NOT LIKE 'AGAIN%' WHERE e.name = 'incident.imported'"),
    "closed in the end": ("12461", f"SELECT count(*) {OURS} AND t.phase = 'closed'"),
    "opened from, to": ("2016-02-29 01:16 2016-05-13 10:48", f"SELECT to_char(min(t.opened_at), 'YYYY-MM-DD HH24:MI') || ' ' || to_char(max(t.opened_at), 'YYYY-MM-DD HH24:MI') {OURS}"),
    "impact/urgency with more than one priority": ("0", f"SELECT count(*) FROM (SELECT 1 {OURS} GROUP BY t.impact, t.urgency HAVING count(DISTINCT t.priority) > 1) x"),
    "priorities of the log": ("11>1 12>2 21>2 22>3 23>4 31>3 32>4 33>4", f"SELECT string_agg(DISTINCT t.impact || '' || t.urgency || '>' || t.priority, ' ') {OURS}"),
    "closed 5 days after they were resolved": ("82.9 %", f"SELECT round(100.0 * avg((t.closed_at - t.resolved_at BETWEEN interval '4.9 days' AND interval '5.2 days')::int), 1) || ' %' {OURS}"),
    "made_sla false in the end": ("4921", "SELECT count(*) FROM journal_event e JOIN tickets_ticket t ON t.id = e.subject_id AND t.external_id NOT LIKE 'AGAIN%' WHERE e.name = 'incident.imported' AND e.data->>'made_sla' = 'false'"),
    "reopened incidents": ("133", f"SELECT count(*) {OURS} AND t.n_reopens > 0"),
    "reopened from closed": ("5", "SELECT count(*) FROM journal_event e JOIN tickets_ticket t ON t.id = e.subject_id AND t.external_id NOT LIKE 'AGAIN%' WHERE e.name = 'incident.reopened' AND e.data->>'from' = 'closed'"),
    "live clocks of imported incidents": ("0", f"SELECT count(*) {OURS} AND EXISTS (SELECT 1 FROM slas_clock c WHERE c.ticket_id = t.id AND c.state IN ('running', 'paused'))"),
    "mails to imported people": ("0", "SELECT count(*) FROM journal_outbox o JOIN accounts_user u ON u.id = (o.payload->>'person')::bigint AND u.email LIKE '%.invalid'"),
    "outbox rows of imported incidents": ("0", "SELECT count(*) FROM journal_outbox o JOIN tickets_ticket t ON t.id = (o.payload->>'ticket')::bigint AND t.external_source <> ''"),
}  # fmt: skip


def main(log: Path) -> int:
    with tempfile.TemporaryDirectory(prefix="portico-import-") as folder, servers(Path(folder)) as environment:
        manage(environment, "migrate", "--database", "owner", "-v0")
        manage(environment, "seed_demo")
        twice = write_twice(log, Path(folder) / "twice.csv.gz")
        options = ["--format", "servicenow-log"]
        print(f"{'':24}{'seconds':>9}{'incidents/s':>13}{'peak MB':>9}")
        measured("dry run", environment, log, *options, "--dry-run")
        rate, small = measured("import", environment, log, *options)
        measured("the same file again", environment, log, *options)
        _rate, large = measured("a file twice as long", environment, twice, *options)
        wrong = look_at_facts(environment)
    print(f"\n{rate:.0f} incidents/s (wanted: {WANTED}); memory {large / small:.2f} times (allowed: {ALLOWED_GROWTH})")
    return int(rate < WANTED or large / small > ALLOWED_GROWTH or wrong)


@contextmanager
def servers(var: Path) -> Iterator[dict[str, str]]:
    """A durable PostgreSQL and a Valkey of their own; the environment by which Portico finds them."""
    secrets, run = endpoints.load_secrets(var), endpoints.run_dir(var)
    cluster = Postgres(var, run, secrets)
    cluster.initialise()
    parts = [
        cluster.part({}, var / "log" / "postgres.log"),
        valkey.part(var, run, {}, var / "log" / "valkey.log", secrets["valkey_password"]),
    ]
    try:
        for part in parts:
            part.start()
            while not part.ready():
                time.sleep(0.05)
        yield os.environ | {"VAR_DIR": str(var), "PORTICO_DEMO": "1"}
    finally:
        for part in parts:
            part.kill()
            part.see_off(time.monotonic() + 5)


def manage(environment: dict[str, str], *words: str) -> tuple[str, float, float]:
    """(what it printed, seconds, peak memory in MB) of one management command."""
    begun = time.monotonic()
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        printed = child.stdout.read()
        _pid, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{printed}")
    return printed, time.monotonic() - begun, usage.ru_maxrss / 1024


def measured(name: str, environment: dict[str, str], log: Path, *options: str) -> tuple[float, float]:
    """(incidents/s with the start of Python and Django, peak MB); prints the line and, for an import, the report."""
    printed, seconds, peak = manage(environment, "import_incidents", str(log), *options)
    counts = [int(n.replace(",", "")) for n in re.findall(r"incidents (?:imported|already here) +([\d,]+)", printed)]
    rate = sum(counts) / seconds
    print(f"{name:24}{seconds:9.1f}{rate:13.0f}{peak:9.0f}", flush=True)
    if name == "import":
        (ROOT / "var").mkdir(exist_ok=True)
        (ROOT / "var" / "import-report.txt").write_text(printed)
    return rate, peak


def write_twice(log: Path, path: Path) -> Path:
    """The log twice over, under other numbers: AGAIN1-INC…, AGAIN2-INC…"""
    with gzip.open(log, "rt") as source:
        header, *lines = source
    with gzip.open(path, "wt", compresslevel=1) as target:
        target.write(header)
        target.writelines(f"AGAIN{n}-{line}" for n in (1, 2) for line in lines)
    return path


def look_at_facts(environment: dict[str, str]) -> bool:
    """Print each fact; True when one does not hold."""
    secrets = endpoints.load_secrets(Path(environment["VAR_DIR"]))
    place = {"host": str(endpoints.run_dir(Path(environment["VAR_DIR"]))), "dbname": endpoints.DATABASE}
    is_wrong = False
    print()
    with closing(psycopg2.connect(user="postgres", password=secrets["superuser_password"], **place)) as session:
        for name, (wanted, query) in FACTS.items():
            cursor = session.cursor()
            cursor.execute(query)
            found = str(cursor.fetchone()[0])
            is_wrong |= found != wanted
            print(
                f"{'ok  ' if found == wanted else 'NOT '} {name}: {found}"
                + ("" if found == wanted else f" (the log says {wanted})")
            )
    return is_wrong


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
