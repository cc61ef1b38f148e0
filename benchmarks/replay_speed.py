"""How fast the time machine replays 20,000 real tickets, and that the agreement in force finds what was recorded.

    python benchmarks/replay_speed.py incident_event_log.csv.gz

The real log, taken again under other numbers until there are 20,000 incidents, comes into a fresh demo desk on its own
PostgreSQL. Then the job of the time machine runs twice in one process, as a worker runs it: under the agreement in force,
which must change no ticket, and under the same agreement round the clock. Exit 1 above 60 s, or when the first finds a
difference.
"""

import csv
import gzip
import json
import sys
import tempfile
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.import_speed import manage, servers  # noqa: E402 (needs the path)

INCIDENTS = 20_000
WANTED = 60  # seconds

REPLAY = """
import json, time
from django.utils import timezone
from journal import jobs
from journal.models import Job
from accounts.models import User
from slas.history import default_agreement
from slas.models import BusinessCalendar
from slas.replay import Findings, Outcome, start_replay
from tickets.models import Ticket

manager = next(user for user in User.objects.active() if user.can("agreement.manage"))
always = BusinessCalendar.objects.get(time_zone="UTC")
days = (timezone.now() - Ticket.objects.order_by("opened_at").first().opened_at).days + 1
for calendar in (None, always):
    start_replay(agreement=default_agreement(), days=days, calendar=calendar, actor=manager, now=timezone.now())
    begun, worked = time.monotonic(), time.process_time()
    job = jobs.run_next(now=timezone.now())
    seconds, worked = time.monotonic() - begun, time.process_time() - worked
    assert job.state == Job.State.DONE, job.problem
    findings = Findings(**job.result)
    print("RESULT", json.dumps({
        "seconds": seconds, "worked": worked, "tickets": job.n_done, "concerned": findings.n_tickets, "changed": len(findings.changed),
        "before": findings.n(Outcome.BREACHED, after=False), "after": findings.n(Outcome.BREACHED, after=True),
        "bytes": len(json.dumps(job.result)),
    }))
"""


def main(log: Path) -> int:
    with tempfile.TemporaryDirectory(prefix="portico-replay-") as folder, servers(Path(folder)) as environment:
        manage(environment, "migrate", "--database", "owner", "-v0")
        manage(environment, "seed_demo")
        long = write_long(log, Path(folder) / "long.csv.gz")
        manage(environment, "import_incidents", str(long), "--format", "servicenow-log")
        printed, _seconds, peak = manage(environment, "shell", "-v0", "-c", REPLAY)
    results = [json.loads(line[7:]) for line in printed.splitlines() if line.startswith("RESULT ")]
    print(
        f"{'':26}{'tickets':>9}{'seconds':>9}{'of Python':>11}{'tickets/s':>11}{'breaches':>16}{'results changed':>17}{'result, kB':>12}"
    )
    for name, found in zip(("the agreement in force", "the same round the clock"), results, strict=True):
        breaches = f"{found['before']} > {found['after']}"
        print(
            f"{name:26}{found['tickets']:9}{found['seconds']:9.1f}{found['worked']:11.1f}{found['tickets'] / found['seconds']:11.0f}"
            f"{breaches:>16}{found['changed']:17}{found['bytes'] / 1000:12.0f}"
        )
    print(f"peak memory of the process with both: {peak:.0f} MB")
    slowest = max(INCIDENTS * found["seconds"] / found["tickets"] for found in results)
    print(f"20,000 tickets in {slowest:.1f} s at most (wanted: {WANTED})")
    return int(slowest > WANTED or results[0]["changed"] > 0 or results[0]["tickets"] < INCIDENTS)


def write_long(log: Path, path: Path) -> Path:
    """The log's first incidents again under other numbers, until there are INCIDENTS of them."""
    with gzip.open(log, "rt", newline="") as source:
        header, *rows = csv.reader(source)
    incidents = [list(lines) for _number, lines in groupby(rows, key=lambda row: row[0])]
    with gzip.open(path, "wt", newline="", compresslevel=1) as target:
        writer = csv.writer(target)
        writer.writerow(header)
        for place in range(INCIDENTS):
            again, which = divmod(place, len(incidents))
            writer.writerows([f"R{again}-{row[0]}", *row[1:]] for row in incidents[which])
    return path


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
