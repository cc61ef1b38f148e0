"""How the time left on a clock is named and shortened for a reader. Pure; no Django.

This is presentation by wall-clock time: what a promise means and when it is due is computed in `slas`. A page that
knows the state from there passes it on instead of asking here.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

Unit = Literal["day", "hour", "minute"]


class ClockState(StrEnum):
    """The six states of UI.md section 4. Each has its own form, icon and word; colour only helps."""

    ON_TRACK = "on_track"
    DUE_SOON = "due_soon"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    PAUSED = "paused"
    MET = "met"


def thresholds(due_at: datetime, started_at: datetime | None = None) -> tuple[datetime, datetime]:
    """When a clock becomes due soon (half of it gone, or an hour left) and at risk (three quarters, or 30 minutes);
    whichever comes first. Without `started_at` only the time left counts."""
    due_soon_at = due_at - timedelta(minutes=60)
    at_risk_at = due_at - timedelta(minutes=30)
    if started_at is None:
        return due_soon_at, at_risk_at
    length = due_at - started_at
    return min(due_soon_at, started_at + length / 2), min(at_risk_at, started_at + length * 3 / 4)


def running_state(due_at: datetime, *, now: datetime, started_at: datetime | None = None) -> ClockState:
    """The state of a clock that runs: neither paused nor met."""
    due_soon_at, at_risk_at = thresholds(due_at, started_at)
    if now >= due_at:
        return ClockState.BREACHED
    if now >= at_risk_at:
        return ClockState.AT_RISK
    return ClockState.DUE_SOON if now >= due_soon_at else ClockState.ON_TRACK


def short_parts(length: timedelta) -> list[tuple[int, Unit]]:
    """The size of `length` in at most two units, rounded down to the minute: 1 day 2 hours, 1 hour 5 minutes.
    The sign is dropped; the caller writes it."""
    minutes = int(abs(length).total_seconds()) // 60
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    if days:
        return [(days, "day"), (hours, "hour")] if hours else [(days, "day")]
    if hours:
        return [(hours, "hour"), (minutes, "minute")]
    return [(minutes, "minute")]
