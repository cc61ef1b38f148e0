"""The servicenow-log format: the audit table of a ServiceNow instance, one row per update of an incident.

Dates are d/m/Y H:M (seconds are taken where they are given) on the wall clock of one time zone; "?" is a missing value.
`sys_mod_count` rises with every update; `resolved_by` and `closed_code` hold the final value on every row.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from incidents.states import State
from tickets.models import Channel, WaitingReason

SOURCE = "servicenow-log"
NUMBER = "number"
REQUIRED = (
    "incident_state", "sys_updated_at", "opened_at", "caller_id", "impact", "urgency", "priority", "assignment_group",
    "assigned_to",
)  # fmt: skip
MISSING = ("", "?")
LONGEST_NUMBER = 80
FIRST_YEAR = 1970
DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?")

STATES = {
    "New": State.NEW,
    "Active": State.IN_PROGRESS,
    "In Progress": State.IN_PROGRESS,
    "Awaiting User Info": State.ON_HOLD,
    "Awaiting Evidence": State.ON_HOLD,
    "Awaiting Vendor": State.ON_HOLD,
    "Awaiting Problem": State.ON_HOLD,
    "Awaiting Change": State.ON_HOLD,
    "Resolved": State.RESOLVED,
    "Closed": State.CLOSED,
    "Canceled": State.CANCELLED,
}
WAITS = {
    "Awaiting User Info": WaitingReason.REQUESTER,
    "Awaiting Evidence": WaitingReason.REQUESTER,
    "Awaiting Vendor": WaitingReason.SUPPLIER,
    "Awaiting Problem": WaitingReason.PROBLEM,
    "Awaiting Change": WaitingReason.CHANGE,
}
CHANNELS = {
    "Phone": Channel.PHONE,
    "Email": Channel.MAIL,
    "Self service": Channel.PORTAL,
    "Self-service": Channel.PORTAL,
}
REFERENCES = {
    "location": "location",
    "subcategory": "subcategory",
    "symptom": "u_symptom",
    "configuration_item": "cmdb_ci",
    "problem": "problem_id",
    "change": "rfc",
    "caused_by": "caused_by",
    "vendor": "vendor",
}
"""What the log says of things Portico keeps elsewhere: our name, its column. Kept word for word with the import."""


class Unreadable(Exception):
    """A line that cannot be taken as an update; the message says which value and why."""


class Oddity(StrEnum):
    """What a log may contain and an import survives. Each is counted once per incident; the value is its sentence."""

    NOT_NEW = "does not begin with New"
    UNKNOWN_STATE = "has a state nobody knows (the state before it is kept)"
    BACK_TO_NEW = "goes back to New (it stays in progress)"
    REOPENED = "is reopened after Resolved"
    REOPENED_CLOSED = "is reopened after Closed"
    TIME_GOES_BACK = "has a time that goes back (the fewest times are straightened)"
    EARLY = "has an update before it was opened (opened with it)"
    COUNT_GOES_BACK = "has a modification count that does not rise (the order of the lines is kept)"
    COUNT_GAPS = "has modification counts that are not in the log"
    OTHER_RESOLVED_AT = "has another resolved_at than its own first Resolved update (the update's is kept)"
    OTHER_CLOSED_AT = "has another closed_at than its own Closed update (the update's is kept)"
    PRIORITY_KEPT = "has a priority that the table here does not give (kept, with the reason)"
    NO_PRIORITY = "has an impact, urgency or priority that cannot be read (the table's is taken)"
    NO_CALLER = "has no known caller"
    NO_OPENER = "does not say who opened it (the caller is taken)"
    NO_RESOLVER = "does not say who resolved it"
    NEVER_ASSIGNED = "was never assigned to a group or person"
    STILL_OPEN = "was not resolved when the log ended (its clock ends there, cancelled)"


@dataclass(frozen=True, slots=True)
class Update:
    """One row. Times are UTC; None is a missing value. `state` as the log spells it, `fields` the row itself."""

    line: int
    state: str
    n_modifications: int | None
    at: datetime
    opened_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    by: str | None
    caller: str | None
    opener: str | None
    resolver: str | None
    group: str | None
    assignee: str | None
    impact: int | None
    urgency: int | None
    priority: int | None
    channel: Channel
    category: str | None
    subcategory: str | None
    symptom: str | None
    closed_code: str | None
    made_sla: bool | None
    fields: Mapping[str, str]

    @property
    def references(self) -> dict[str, str]:
        """What it says of things Portico keeps elsewhere, under our names."""
        return {name: value for name, column in REFERENCES.items() if (value := known(self.fields.get(column)))}


def parse_update(line: int, fields: dict[str, str], *, zone: ZoneInfo, now: datetime) -> Update:
    """The row as an update. Raises Unreadable: no number, no time of update, a date that cannot be."""
    number = known(fields[NUMBER])
    if number is None:
        raise Unreadable("the number is missing")
    if len(number) > LONGEST_NUMBER:
        raise Unreadable(f"the number is longer than {LONGEST_NUMBER} characters")
    at = _time(fields, "sys_updated_at", zone, now)
    if at is None:
        raise Unreadable("sys_updated_at is missing")
    return Update(
        line=line,
        state=fields["incident_state"].strip(),
        n_modifications=_whole(fields.get("sys_mod_count")),
        at=at,
        opened_at=_time(fields, "opened_at", zone, now),
        resolved_at=_time(fields, "resolved_at", zone, now),
        closed_at=_time(fields, "closed_at", zone, now),
        by=known(fields.get("sys_updated_by")),
        caller=known(fields["caller_id"]),
        opener=known(fields.get("opened_by")),
        resolver=known(fields.get("resolved_by")),
        group=known(fields["assignment_group"]),
        assignee=known(fields["assigned_to"]),
        impact=_level(fields["impact"], most=3),
        urgency=_level(fields["urgency"], most=3),
        priority=_level(fields["priority"], most=5),
        channel=CHANNELS.get(fields.get("contact_type", "").strip(), Channel.IMPORT),
        category=known(fields.get("category")),
        subcategory=known(fields.get("subcategory")),
        symptom=known(fields.get("u_symptom")),
        closed_code=known(fields.get("closed_code")),
        made_sla={"true": True, "false": False}.get(fields.get("made_sla", "").strip().lower()),
        fields=fields,
    )


@lru_cache(maxsize=4096)
def known(value: str | None) -> str | None:
    """The value with its blanks in order, None where it is missing."""
    text = " ".join((value or "").split())
    return None if text in MISSING else text


def _time(fields: dict[str, str], column: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    text = (fields.get(column) or "").strip()
    if text in MISSING:
        return None
    try:
        at = _moment(text, zone)
    except ValueError as error:
        raise Unreadable(f"{column}: {error}") from None
    if at > now:
        raise Unreadable(f"{column}: {text!r} lies in the future")
    return at


@lru_cache(maxsize=4096)
def _moment(text: str, zone: ZoneInfo) -> datetime:
    match = DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a date like 29/2/2016 01:16")
    day, month, year, hour, minute, second = (int(part or 0) for part in match.groups())
    if year < FIRST_YEAR:
        raise ValueError(f"{text!r} lies before {FIRST_YEAR}")
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no real date: {error}") from None


def _level(text: str, *, most: int) -> int | None:
    """The number before the dash: "2 - Medium" is 2."""
    level = _whole(text.partition("-")[0])
    return level if level is not None and 1 <= level <= most else None


def _whole(text: str | None) -> int | None:
    try:
        return int(text or "")
    except ValueError:
        return None
