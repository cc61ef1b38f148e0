"""The business time of other products, as they publish it (tests/data/clock_cases/README.md)."""

from datetime import date, timedelta

import pytest

from slas import clock
from tests.slas import peers

CASES = {case["id"]: case for case in peers.cases("business_time.json")}
DISPUTED = peers.disputed_ids("bt-")
TOLERANCE = timedelta(seconds=1)
REVERSED_IS_NOTHING = ("glpi-project/glpi",)  # products that answer zero, not a negative time, to reversed arguments


def answer(case):
    """What slas.clock says to the case's question."""
    op, amount = case["op"], case.get("amount_or_end")
    calendar = peers.calendar_of(case)
    if op == "validate":
        return refusal(lambda: clock.next_open(calendar, peers.instant("2026-01-01T00:00:00Z")), clock.NoWorkingTime)
    if op in ("is_working_day", "is_holiday", "add_days"):
        day = date.fromisoformat(case["start"])
        if op == "add_days":
            return peers.working_day_after(calendar, day, amount["days"])
        return calendar.is_working_day(day) if op == "is_working_day" else day in calendar.holidays
    start = peers.instant(case["start"])
    match op:
        case "add":
            return clock.add_working(calendar, start, timedelta(**amount))
        case "subtract" if not amount["seconds"]:
            return clock.prev_open(calendar, start)  # a duration of zero has no direction
        case "subtract":
            return clock.add_working(calendar, start, -timedelta(**amount))
        case "add_invalid":
            return refusal(lambda: clock.add_working(calendar, start, amount), TypeError)
        case "between":
            worked = clock.working_between(calendar, start, peers.instant(amount))
            return max(worked, timedelta(0)) if case["source"].startswith(REVERSED_IS_NOTHING) else worked
        case "intervals":
            return clock.intervals(calendar, start, peers.instant(case["expected"][-1][1]))
        case "add_days_at":
            return peers.add_working_days(calendar, start, amount["business_days"])
        case "subtract_days":
            return peers.add_working_days(calendar, start, -amount["business_days"])
        case "add_days_end_of_day":
            return peers.end_of_working_day(calendar, peers.add_working_days(calendar, start, amount["business_days"]))
        case "is_open" | "next_open" | "prev_open" | "next_close":
            return getattr(clock, op)(calendar, start)
    raise NotImplementedError(op)


def refusal(question, error):
    with pytest.raises(error):
        question()
    return "rejected"


def agrees(case):
    got, expected = answer(case), case["expected"]
    if isinstance(got, bool):
        return got is expected
    if isinstance(got, list):
        return got == [(peers.instant(opens), peers.instant(closes)) for opens, closes in expected]
    if isinstance(got, timedelta):
        return abs(got - timedelta(**expected)) <= TOLERANCE if expected else not got
    if isinstance(got, str):
        return expected.startswith(got)
    if case["op"] == "add_days":
        return got == date.fromisoformat(expected)
    return any(abs(got - peers.instant(text)) <= TOLERANCE for text in case.get("accept", [expected]))


def test_none_of_the_cases_is_missing():
    assert len(CASES) == 258
    assert CASES.keys() >= DISPUTED


@pytest.mark.parametrize("id", sorted(CASES.keys() - DISPUTED))
def test_agrees(id):
    assert agrees(CASES[id]), (answer(CASES[id]), CASES[id])


@pytest.mark.parametrize("id", sorted(DISPUTED))
def test_disputed_case_disagrees_indeed(id):
    assert not agrees(CASES[id])
