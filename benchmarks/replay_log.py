"""Whether the clocks of an imported log are right: each is worked out again from the log's own times, without Portico.

    python benchmarks/replay_log.py incident_event_log.csv.gz

Imports the log twice, each time into a fresh database of its own: under an 8x5 agreement (Monday to Friday 09:00 to 17:00
in Lisbon, closed on two holidays, paused while the requester is waited for) and under a 24x7 one (paused for requester and
supplier). Then holds, for every incident, the resolution clock's time used, deadline, end and breach against what this
script finds. Its arithmetic is its own and plain: it walks over the days of the wall clock and adds up what was open and
not paused; on a sample it counts single minutes as well. Prints the counts and the first differences; exit 1 if there is
one.
"""

import csv
import gzip
import random
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg2

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.import_speed import manage, servers  # noqa: E402 (needs the path)
from itsm.stack import endpoints  # noqa: E402

ZONE = ZoneInfo("Europe/Lisbon")
MINUTE, HOUR, DAY, ZERO = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(0)
GOALS = {1: 4 * HOUR, 2: 8 * HOUR, 3: 24 * HOUR, 4: 40 * HOUR, 5: 80 * HOUR}
HOLIDAYS = (date(2016, 3, 25), date(2016, 4, 25))
REQUESTER, SUPPLIER = ("Awaiting User Info", "Awaiting Evidence"), ("Awaiting Vendor",)
SHOWN = 5
SAMPLE = 40  # incidents whose minutes are counted one by one

MAKE = """
from datetime import date, timedelta
from slas.models import Agreement, BusinessCalendar, OpeningHours, SpecialDay, Target
calendar = BusinessCalendar.objects.create(name={name!r}, time_zone="Europe/Lisbon")
for day in range({days}):
    OpeningHours.objects.create(calendar=calendar, weekday=day, interval={interval!r})
for day in {holidays!r}:
    SpecialDay.objects.create(calendar=calendar, date=date.fromisoformat(day), name="Holiday")
agreement = Agreement.objects.create(
    name={name!r}, calendar=calendar, start_date=date(2010, 1, 1), pauses_on={pauses!r}
)
for priority, hours in enumerate([4, 8, 24, 40, 80], 1):
    Target.objects.create(
        agreement=agreement, metric="resolution", priority=priority, duration=timedelta(hours=hours)
    )
"""

RECORDED = """
SELECT t.external_id, c.used, c.due_at, c.ended_at, c.due_at < c.ended_at
FROM tickets_ticket t JOIN slas_clock c ON c.ticket_id = t.id
WHERE t.external_source = 'servicenow-log' AND c.metric = 'resolution' AND c.state <> 'cancelled'
"""

Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class Terms:
    """One agreement: when it counts, and in which states of the log it does not."""

    name: str
    days: int  # of the week that are open, from Monday
    opens: time | None  # None = round the clock
    closes: time | None
    holidays: tuple[date, ...]
    pauses: tuple[str, ...]
    reasons: tuple[str, ...]

    def make(self) -> str:
        interval = f"{self.opens:%H:%M}-{self.closes:%H:%M}" if self.opens and self.closes else "00:00-24:00"
        return MAKE.format(
            name=self.name, days=self.days, interval=interval, pauses=list(self.reasons),
            holidays=[day.isoformat() for day in self.holidays],
        )  # fmt: skip

    @cache  # noqa: B019 (there are two)
    def window(self, day: date) -> Window | None:
        """From when to when a day of the wall clock is open, in UTC."""
        if day.weekday() >= self.days or day in self.holidays:
            return None
        ends_on = day if self.closes else day + DAY
        opens_at = datetime.combine(day, self.opens or time(), ZONE)
        closes_at = datetime.combine(ends_on, self.closes or time(), ZONE)
        return opens_at.astimezone(UTC), closes_at.astimezone(UTC)

    def is_open(self, at: datetime) -> bool:
        local = at.astimezone(ZONE)
        if local.weekday() >= self.days or local.date() in self.holidays:
            return False
        return self.opens is None or self.closes is None or self.opens <= local.time() < self.closes


TERMS = (
    Terms("8x5", 5, time(9), time(17), HOLIDAYS, REQUESTER, ("requester",)),
    Terms("24x7", 7, None, None, (), REQUESTER + SUPPLIER, ("requester", "supplier")),
)


@dataclass(frozen=True)
class Update:
    at: datetime
    opened_at: datetime
    state: str
    priority: int


@dataclass(frozen=True)
class Clock:
    """A resolution clock at its end."""

    used: timedelta
    due_at: datetime
    ended_at: datetime
    is_late: bool


def main(log: Path) -> int:
    n_wrong = 0
    for terms in TERMS:
        with tempfile.TemporaryDirectory(prefix="portico-replay-") as folder, servers(Path(folder)) as environment:
            manage(environment, "migrate", "--database", "owner", "-v0")
            manage(environment, "shell", "-v0", "-c", terms.make())
            options = ["--format", "servicenow-log", "--agreement", terms.name]
            _printed, seconds, _peak = manage(environment, "import_incidents", str(log), *options)
            print(f"\n{terms.name}: imported in {seconds:.0f} s", flush=True)
            n_wrong += compare(log, terms, recorded(environment))
    return int(n_wrong > 0)


def compare(log: Path, terms: Terms, found: dict[str, list[Clock]]) -> int:
    """Print how many are equal; the number that are not."""
    stories = list(read(log))
    chosen = {number for number, _updates in random.Random(0).sample(stories, min(SAMPLE, len(stories)))}
    wrong, n_late, n_paused, n_minutes = [], 0, 0, 0
    for number, updates in stories:
        wanted, stretches = recomputed(updates, terms)
        if found.pop(number, []) != ([wanted] if wanted else []):
            wrong.append((number, wanted))
        n_late += wanted is not None and wanted.is_late
        n_paused += len(stretches) > 1
        if number in chosen and wanted:
            minutes = count_minutes(stretches, terms)
            n_minutes += minutes
            if minutes * MINUTE != wanted.used:
                wrong.append((number, minutes))
    n = len(stories)
    print(f"  incidents {n}, equal in used, due, end and breach: {n - len(wrong)}, different: {len(wrong)}")
    print(f"  breached {n_late}, with a pause or reopened {n_paused}; clocks of no incident in the log: {len(found)}")
    print(f"  of {len(chosen)} incidents {n_minutes} minutes were counted one by one")
    for number, what in wrong[:SHOWN]:
        print(f"  NOT {number}: the log says {what}")
    return len(wrong) + len(found)


# --- what the log says ---------------------------------------------------------------------------------------------


def read(log: Path) -> Iterator[tuple[str, list[Update]]]:
    """(number, its updates) of each incident; its lines stand together."""
    with gzip.open(log, "rt", newline="") as lines:
        for number, rows in groupby(csv.DictReader(lines), key=lambda row: row["number"]):
            yield number, [_update(row) for row in rows]


def _update(row: dict[str, str]) -> Update:
    return Update(
        _moment(row["sys_updated_at"]), _moment(row["opened_at"]), row["incident_state"], int(row["priority"][0])
    )


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=ZONE).astimezone(UTC)


def in_order(times: list[datetime]) -> list[datetime]:
    """Times that never go back. Of two ways (none after a later one, none before an earlier one) that which changes
    fewer of them."""
    lowered = [min(times[place:]) for place in range(len(times))]
    raised = [max(times[: place + 1]) for place in range(len(times))]
    changed = [sum(a != b for a, b in zip(way, times, strict=True)) for way in (lowered, raised)]
    return lowered if changed[0] <= changed[1] else raised


def recomputed(updates: list[Update], terms: Terms) -> tuple[Clock | None, list[Window]]:
    """The resolution clock of an incident, None if it was not resolved in the end; and the stretches that counted.

    It counts from the opening to the last resolution, not while the state pauses it nor while it was resolved before.
    Its goal is that of the last priority it had while it was not resolved, or with which it was opened again.
    """
    times = in_order([update.at for update in updates])
    opened_at = min(updates[0].opened_at, times[0])
    priority, counts_from, resolved_at, before = updates[0].priority, opened_at, None, ""
    stretches: list[Window] = []
    for update, at in zip(updates, times, strict=True):
        if (before, update.state) == ("Closed", "Resolved"):
            resolved_at = None  # opened again and resolved at once
        if resolved_at is None or update.state not in ("Resolved", "Closed"):
            priority = update.priority
        before = update.state
        counts = update.state not in terms.pauses and update.state not in ("Resolved", "Closed", "Canceled")
        if counts and counts_from is None:
            counts_from = at
        elif not counts and counts_from is not None:
            stretches.append((counts_from, at))
            counts_from = None
        if update.state == "Canceled":
            return None, []
        if update.state not in ("Resolved", "Closed"):
            resolved_at = None
        elif resolved_at is None:
            resolved_at = at
    if resolved_at is None:
        return None, []
    goal = GOALS[priority]
    used = sum((ends - begins for stretch in stretches for begins, ends in open_parts(stretch, terms)), ZERO)
    due_at = moment_of(goal, stretches, resolved_at, terms)
    return Clock(used, due_at, resolved_at, due_at < resolved_at), stretches


# --- plain arithmetic ----------------------------------------------------------------------------------------------


def open_parts(stretch: Window, terms: Terms) -> Iterator[Window]:
    """The parts of a stretch that were open, day by day."""
    begins, ends = stretch
    day, last = begins.astimezone(ZONE).date(), ends.astimezone(ZONE).date()
    while day <= last:
        if window := terms.window(day):
            part = max(begins, window[0]), min(ends, window[1])
            if part[0] < part[1]:
                yield part
        day += DAY


def moment_of(goal: timedelta, stretches: list[Window], ended_at: datetime, terms: Terms) -> datetime:
    """When the goal was used up; or would have been, had it gone on counting from the end."""
    left = goal
    for stretch in [*stretches, (ended_at, ended_at + 400 * DAY)]:
        for begins, ends in open_parts(stretch, terms):
            if left <= ends - begins:
                return begins + left
            left -= ends - begins
    raise AssertionError("a goal of more than a year")


def count_minutes(stretches: list[Window], terms: Terms) -> int:
    """The open minutes of the stretches, one by one: the log knows no seconds."""
    n = 0
    for begins, ends in stretches:
        at = begins
        while at < ends:
            n += terms.is_open(at)
            at += MINUTE
    return n


# --- what Portico has ----------------------------------------------------------------------------------------------


def recorded(environment: dict[str, str]) -> dict[str, list[Clock]]:
    """{number in the log: its resolution clocks that count}."""
    var = Path(environment["VAR_DIR"])
    place = {"host": str(endpoints.run_dir(var)), "dbname": endpoints.DATABASE}
    password = endpoints.load_secrets(var)["superuser_password"]
    found: dict[str, list[Clock]] = {}
    with closing(psycopg2.connect(user="postgres", password=password, **place)) as session:
        cursor = session.cursor()
        cursor.execute(RECORDED)
        for number, used, due_at, ended_at, is_late in cursor.fetchall():
            clock = Clock(used, due_at.astimezone(UTC), ended_at.astimezone(UTC), is_late)
            found.setdefault(number, []).append(clock)
    return found


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
