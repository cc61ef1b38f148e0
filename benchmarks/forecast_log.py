"""How good the breach forecast is on the real log: learnt from its earlier part, asked about the later one.

    python benchmarks/forecast_log.py incident_event_log.csv.gz

Imports the log into a fresh database under the 8x5 agreement of replay_log.py and measures as the desk itself does (manage.py
calibrate_forecast). Exit 1 when the forecast is no better than always saying the base rate.
"""

import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.import_speed import manage, servers  # noqa: E402 (needs the path)
from benchmarks.replay_log import TERMS  # noqa: E402


def main(log: Path) -> int:
    with tempfile.TemporaryDirectory(prefix="portico-forecast-") as folder, servers(Path(folder)) as environment:
        manage(environment, "migrate", "--database", "owner", "-v0")
        manage(environment, "shell", "-v0", "-c", TERMS[0].make())
        manage(environment, "import_incidents", str(log), "--format", "servicenow-log", "--agreement", TERMS[0].name)
        printed, seconds, peak = manage(environment, "calibrate_forecast")
    print(printed)
    print(f"{seconds:.0f} s with the start of Python, peak {peak:.0f} MB")
    total = re.search(r"^all .*$", printed, re.MULTILINE)
    skills = [float(number) for number in total[0].split()[6::2]] if total else []
    print(f"skill {', '.join(map(str, skills))} (wanted: above 0)")
    return int(not skills or min(skills) <= 0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
