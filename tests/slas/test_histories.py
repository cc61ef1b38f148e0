"""Whole tickets of other products, with their pauses (tests/data/clock_cases/README.md)."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from slas.clock import Calendar, NoWorkingTime, add_working
from slas.ledger import Event, EventKind, SegmentKind, Step, fire_plan, write_ledger
from tests.slas import peers

CASES = {case["id"]: case for case in peers.cases("sla_escalation.json")}
DISPUTED = peers.disputed_ids("sla-")

# Conventions of the products.
FIRST_RESPONSE_PAUSES = ("RotherOSS/otobo",)
SHOWS_THE_DUE_TIME_OF_WHAT_IS_DONE = ("frappe/helpdesk",)
DROPS_SECONDS = ("zammad/zammad",)
ANSWERS = {"agent_message", "set_last_agent_contact"}
FIRST_ANSWERS = {"agent_message", "set_first_response"}
ENDS = {"closed", "resolved"}
LEAVES_THE_AGREEMENT = {"priority"}
SECOND, MINUTE, NOTHING = timedelta(seconds=1), timedelta(minutes=1), timedelta(0)


@dataclass(frozen=True)
class Ticket:
    """What the case says happened to a ticket. `story`: its (time, event) pairs in order."""

    case: dict
    calendar: Calendar
    story: list[tuple[datetime, dict]]
    now: datetime

    @property
    def opened_at(self):
        return self.story[0][0]

    @property
    def wants_no_clock(self):
        return any(event["event"] in ENDS | LEAVES_THE_AGREEMENT for _, event in self.story)

    def times(self, kinds):
        return [at for at, event in self.story if event["event"] in kinds]

    def pauses(self):
        """The changes of state as events of a clock."""
        kind = {True: EventKind.PAUSED, False: EventKind.RESUMED}
        return [
            Event(kind[event["state"] in self.case["pause_states"]], at, reason=event["state"])
            for at, event in self.story
            if "state" in event
        ]

    def lives(self, metric):
        """The (start, stop or None) of each clock the metric had, the newest last."""
        ends = self.times(ENDS)
        match metric:
            case "first_response":
                return [(self.opened_at, min(self.times(FIRST_ANSWERS) or ends, default=None))]
            case "resolution":
                return [(self.opened_at, min(ends, default=None))]
            case "response":
                return self.replies()
            case "agent_update":
                return [(max([self.opened_at, *self.times(ANSWERS)]), None)]
            case "ola_first_response" | "ola_resolution":
                return [(self.times({"attach_sla_and_ola"})[0], None)]
        raise NotImplementedError(metric)

    def replies(self):
        """A customer's message starts a clock unless one runs, an answer stops it."""
        lives = []
        for at, event in self.story:
            is_running = lives and lives[-1][1] is None
            if event["event"] == "customer_message" and not is_running:
                lives.append((at, None))
            elif event["event"] in ANSWERS and is_running:
                lives[-1] = (lives[-1][0], at)
        return lives

    def target(self, metric):
        """The working time promised; None if nothing is. Whole days (GLPI) are no working time: see `due_by_days`."""
        amount = self.case["targets_minutes"].get(metric)
        if isinstance(amount, dict):
            return NOTHING if "days" in amount else timedelta(**amount)
        return None if amount is None else amount * MINUTE

    def ledger(self, metric, life):
        start, stop = life
        events = [Event(EventKind.STOPPED, stop)] if stop else []
        if metric != "first_response" or self.case["source"].startswith(FIRST_RESPONSE_PAUSES):
            events += self.pauses()
        return write_ledger(
            calendar=self.calendar, started_at=start, target=self.target(metric), events=events, now=self.now
        )

    def newest_ledger(self, metric):
        """The ledger of the metric's newest clock, None if there is none."""
        if self.target(metric) is None or not self.lives(metric):
            return None
        return self.ledger(metric, self.lives(metric)[-1])

    def ended_ledger(self, metric):
        """The ledger of the slowest of the metric's clocks that have stopped."""
        ended = [self.ledger(metric, life) for life in self.lives(metric) if life[1] is not None]
        return max(ended, key=lambda ledger: ledger.used)

    def is_awaited(self, metric):
        """Whether the metric is promised, not done, and the ticket still under the agreement."""
        return bool(self.newest_ledger(metric) and self.lives(metric)[-1][1] is None and not self.wants_no_clock)

    def due(self, metric):
        """When the metric is due; None if it is not awaited or paused."""
        if not self.is_awaited(metric) and not self.case["source"].startswith(SHOWS_THE_DUE_TIME_OF_WHAT_IS_DONE):
            return None
        ledger = self.newest_ledger(metric)
        return self.due_by_days(metric, ledger) or ledger.due_at

    def due_by_days(self, metric, ledger):
        amount = self.case["targets_minutes"][metric]
        if not isinstance(amount, dict) or "days" not in amount:
            return None
        due = peers.add_working_days(self.calendar, self.opened_at, amount["days"])
        if amount.get("end_of_day"):
            due = peers.end_of_working_day(self.calendar, due)
        return add_working(self.calendar, due, ledger.paused) if ledger.paused else due

    def next_due(self):
        dues = [self.due(metric) for metric in self.case["targets_minutes"]]
        return min((due for due in dues if due is not None), default=None)

    def status(self):
        """The status frappe/helpdesk shows for the two clocks together."""
        first, resolution = self.newest_ledger("first_response"), self.newest_ledger("resolution")
        if first.has_breached or resolution.has_breached:
            return "failed"
        if self.is_awaited("first_response"):
            return "first response due"
        return "resolution due" if self.is_awaited("resolution") else "fulfilled"

    def escalates_at(self, offset):
        """When a step of this offset to the deadline fires ("-5 minutes", "+15 days")."""
        (metric,) = {metric for metric in self.case["targets_minutes"] if metric == "resolution"} or {"first_response"}
        number, unit = offset.split()
        if unit.startswith("day"):
            return peers.add_working_days(self.calendar, self.due(metric), int(number))
        step = timedelta(**{unit if unit.endswith("s") else unit + "s": int(number)})
        if self.due_by_days(metric, self.newest_ledger(metric)):
            return add_working(self.calendar, self.due(metric), step)
        ledger = self.newest_ledger(metric)
        (at,) = fire_plan(self.calendar, ledger.until, self.target(metric), ledger.used, [Step(offset=step)])
        return at

    def escalations(self, metric, *, already=0):
        """How many steps of the ladder (one, at the deadline) a check now finds, when some have fired already."""
        if not self.lives(metric):
            return 0
        try:
            plan = fire_plan(self.calendar, self.lives(metric)[-1][0], self.target(metric), NOTHING, [Step()])
        except NoWorkingTime:
            return 0
        return sum(at <= self.now for at in plan[already:])

    def local_pauses(self):
        """{local day: [[from, to]]} of the pauses, cut at midnight."""
        zone = ZoneInfo(self.calendar.timezone)
        events = [*self.pauses(), *(Event(EventKind.STOPPED, at) for at in self.times(ENDS))]
        ledger = write_ledger(
            calendar=self.calendar, started_at=self.opened_at, target=MINUTE, events=events, now=self.now
        )
        found = {}
        for segment in ledger.segments:
            if segment.kind is SegmentKind.PAUSED:
                begin, end = segment.starts_at.astimezone(zone), segment.ends_at.astimezone(zone)
                while begin.date() < end.date():
                    found.setdefault(f"{begin:%Y-%m-%d}", []).append([f"{begin:%H:%M}", "24:00"])
                    begin = datetime.combine(begin.date() + timedelta(days=1), time(), zone)
                found.setdefault(f"{begin:%Y-%m-%d}", []).append([f"{begin:%H:%M}", f"{end:%H:%M}"])
        return found


def ticket_of(case):
    zone = case["calendar"]["timezone"]
    calendar = peers.calendar_of(case["calendar"])
    story = sorted(((peers.instant(event["at"], zone), event) for event in case["events"]), key=lambda pair: pair[0])
    for tag in case["tags"]:
        if tag.startswith("hold="):  # states how long a hold was, not when
            begin, hold = story[0][0], int(tag.removeprefix("hold=")) * SECOND
            story.append((begin, {"event": "state", "state": case["pause_states"][0]}))
            story.append((add_working(calendar, begin, hold), {"event": "state", "state": "open"}))
    now = peers.instant(case["as_of"]) if case["as_of"] else story[-1][0]
    return Ticket(case, calendar, story, now)


def answer(case, question, expected):
    """What our clocks say to one of the case's questions, in the peer's words."""
    ticket = ticket_of(case)
    match question.rpartition("_"):
        case (_, "", "status"):
            return ticket.status()
        case ("next", _, "due"):
            return ticket.next_due()
        case (metric, _, "due"):
            return ticket.due(metric)
        case ("pauses", _, "local"):
            return ticket.local_pauses()
        case ("escalation", _, "level"):
            return ticket.escalates_at(expected["offset"])
        case ("paused_working", _, "seconds"):
            (metric,) = case["targets_minutes"]
            return ticket.newest_ledger(metric).paused // SECOND
        case ("escalation", _, "events"):
            return sum(ticket.escalations(metric) for metric in case["targets_minutes"])
        case ("escalation_events_per", _, "run"):
            return {name: ticket.escalations({"update": "response"}.get(name, name)) for name in expected}
        case ("second_run", _, "events"):
            return sum(ticket.escalations(metric, already=1) for metric in case["targets_minutes"])
    metric, _, measure = question.removesuffix("_at_least").removesuffix("_min").rpartition("_")
    ledger = ticket.ended_ledger(metric)
    return {"used": ledger.used, "margin": ledger.remaining}[measure] // MINUTE


def agrees(case, question):
    expected = case["expected"][question]
    if case["calendar"] is None:
        return False  # not a question for a clock
    got = answer(case, question, expected)
    if question.endswith("at_least"):
        return got >= expected
    if isinstance(got, datetime) and expected:
        tolerance = MINUTE if case["source"].startswith(DROPS_SECONDS) else SECOND
        at = expected["at"] if isinstance(expected, dict) else expected
        return abs(got - peers.instant(at)) <= tolerance
    return got == expected


QUESTIONS = [(id, question) for id, case in sorted(CASES.items()) for question in case["expected"]]


def test_none_of_the_cases_is_missing():
    assert len(CASES) == 52
    assert CASES.keys() >= DISPUTED


@pytest.mark.parametrize(("id", "question"), [pair for pair in QUESTIONS if pair[0] not in DISPUTED])
def test_agrees(id, question):
    case = CASES[id]
    assert agrees(case, question), (answer(case, question, case["expected"][question]), case)


@pytest.mark.parametrize("id", sorted(DISPUTED))
def test_disputed_case_disagrees_indeed(id):
    assert not all(agrees(CASES[id], question) for question in CASES[id]["expected"])
