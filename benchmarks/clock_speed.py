"""How fast slas.clock is: beside businesstimedelta on the same cases, and over the length of the span.

    python benchmarks/clock_speed.py

Fails (exit 1) below 20 times businesstimedelta, or when a target of five years costs more than twice one of five days.
"""

import json
import platform
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter

import businesstimedelta
import pytz

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from slas.clock import Calendar, add_working, working_between  # noqa: E402 (needs the path)
from slas.ledger import Event, EventKind, write_ledger  # noqa: E402

CASES = ROOT / "tests" / "data" / "clock_cases" / "business_time.json"
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WANTED_RATIO, ALLOWED_SLOPE = 20, 2
ROUNDS = 5

Question = Callable[[], datetime | timedelta]


def main() -> int:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT).stdout
    print(f"Python {platform.python_version()} on {platform.machine()}, commit {commit.strip()}\n")
    ratio = beside_businesstimedelta()
    slope = over_the_span()
    first_questions()
    ledgers()
    print(f"\n{ratio:.0f} times businesstimedelta (wanted: {WANTED_RATIO}); ", end="")
    print(f"five years cost {slope:.2f} times five days (allowed: {ALLOWED_SLOPE})")
    return 0 if ratio >= WANTED_RATIO and slope <= ALLOWED_SLOPE else 1


def beside_businesstimedelta() -> float:
    """Ask both the same questions. Return how many times as fast ours is, all cases together."""
    pairs = [(ours(case), theirs(case)) for case in json.loads(CASES.read_text()) if can_be_told_to_both(case)]
    disagree = sum(abs(our() - their()) > timedelta(seconds=1) for our, their in pairs)
    our_time, their_time = (seconds_each([pair[side] for pair in pairs]) for side in (0, 1))
    print(f"{len(pairs)} shared cases (both answer; {disagree} of them differently)")
    print(f"  slas.clock         {our_time * 1e6:10.1f} us a question")
    print(f"  businesstimedelta  {their_time * 1e6:10.1f} us a question")
    return their_time / our_time


def over_the_span() -> float:
    """Add and measure over ever longer spans. Return what five years cost, with five days as 1."""
    calendar = office("Europe/Berlin")
    start = datetime(2026, 3, 2, 10, 7, 31, tzinfo=UTC)
    print("\nOne question to a calendar that was asked before, 8x5 in Europe/Berlin")
    cost = {}
    for name, days in [("5 days", 5), ("1 year", 365), ("5 years", 5 * 365), ("20 years", 20 * 365)]:
        end = start + timedelta(days=days)
        working = working_between(calendar, start, end)
        adding = seconds_each([lambda working=working: add_working(calendar, start, working)] * 5000)
        measuring = seconds_each([lambda end=end: working_between(calendar, start, end)] * 5000)
        cost[days] = adding + measuring
        print(f"  {name:9} add {adding * 1e6:6.2f} us   between {measuring * 1e6:6.2f} us")
    return cost[5 * 365] / cost[5]


def first_questions() -> None:
    print("\nThe first question to a calendar of its own hours (its tables are built)")
    for name, days in [("5 days", 5), ("5 years", 5 * 365)]:
        times = []
        for minute in range(20):
            calendar = Calendar("Europe/Berlin", dict.fromkeys(range(5), ((f"09:{minute + days % 7:02}", "17:00"),)))
            start = datetime(2026, 3, 2, 10, tzinfo=UTC)
            begin = perf_counter()
            working_between(calendar, start, start + timedelta(days=days))
            times.append(perf_counter() - begin)
        print(f"  {name:9} {median(times) * 1e3:6.2f} ms")


def ledgers() -> None:
    print("\nThe ledger of a clock with two pauses")
    calendar = office("Europe/Berlin")
    start = datetime(2026, 3, 2, 10, tzinfo=UTC)
    for name, days in [("a week", 7), ("a year", 365)]:
        moments = [start + timedelta(days=days) * share / 5 for share in range(1, 5)]
        events = [Event((EventKind.PAUSED, EventKind.RESUMED)[n % 2], at, "requester") for n, at in enumerate(moments)]
        question = {"calendar": calendar, "started_at": start, "target": timedelta(days=9), "events": events}
        times = seconds_each([lambda q=question, d=days: write_ledger(**q, now=start + timedelta(days=d))] * 50)
        print(f"  {name:9} {times * 1e3:6.2f} ms")


def office(zone: str) -> Calendar:
    return Calendar(zone, dict.fromkeys(range(5), (("09:00", "17:00"),)), {date(2026, 12, 25): "Christmas"})


def seconds_each(questions: list[Question]) -> float:
    """Return the seconds one question takes: of several rounds the median, after one to warm up."""
    times = []
    for _ in range(ROUNDS + 1):
        begin = perf_counter()
        for question in questions:
            question()
        times.append((perf_counter() - begin) / len(questions))
    return median(times[1:])


def can_be_told_to_both(case: dict) -> bool:
    """businesstimedelta knows intervals within a day, and holidays only if another always follows within five years."""
    intervals = [interval for day in case["hours"].values() for interval in day]
    plain_hours = intervals and all(closes != "24:00" for _, closes in intervals)
    plain_days = all(text.startswith("--") for text in case["holidays"])
    plain = plain_hours and plain_days and not case.get("shifts") and not case.get("breaks")
    return bool(plain and case["op"] in ("add", "between"))


def holidays(case: dict) -> list[date]:
    """The case's yearly holidays ("--MM-DD") in the years of the cases and some after."""
    return [date.fromisoformat(f"{year}{text[1:]}") for text in case["holidays"] for year in range(1990, 2041)]


def ours(case: dict) -> Question:
    hours = {WEEKDAYS.index(name): intervals for name, intervals in case["hours"].items()}
    calendar = Calendar(case["timezone"], hours, dict.fromkeys(holidays(case), "holiday"))
    start = datetime.fromisoformat(case["start"])
    if case["op"] == "add":
        duration = timedelta(**case["amount_or_end"])
        return lambda: add_working(calendar, start, duration)
    end = datetime.fromisoformat(case["amount_or_end"])
    return lambda: working_between(calendar, start, max(start, end))


def theirs(case: dict) -> Question:
    zone = pytz.timezone(case["timezone"])
    days_of: dict[tuple[str, str], list[int]] = {}
    for name, intervals in case["hours"].items():
        for opens, closes in intervals:
            days_of.setdefault((opens, closes), []).append(WEEKDAYS.index(name))
    rules = [
        businesstimedelta.WorkDayRule(time.fromisoformat(opens), time.fromisoformat(closes), days, tz=zone)
        for (opens, closes), days in days_of.items()
    ]
    if case["holidays"]:
        rules.append(businesstimedelta.HolidayRule(set(holidays(case)), tz=zone))
    rule = businesstimedelta.Rules(rules)
    start = datetime.fromisoformat(case["start"])
    if case["op"] == "add":
        duration = businesstimedelta.BusinessTimeDelta(rule, timedelta=timedelta(**case["amount_or_end"]))
        return lambda: start + duration
    end = datetime.fromisoformat(case["amount_or_end"])
    return lambda: rule.difference(start, max(start, end)).timedelta


if __name__ == "__main__":
    sys.exit(main())
