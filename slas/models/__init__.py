"""Promises (calendars, agreements, targets, escalation steps) and the clocks that measure them (HOUSE.md section 4)."""

from slas.models.agreements import (
    PUBLIC_METRICS,
    Agreement,
    AgreementQuerySet,
    EscalationStep,
    Metric,
    PromiseStamp,
    Target,
)
from slas.models.calendars import BusinessCalendar, CalendarVersion, OpeningHours, SpecialDay, validate_interval
from slas.models.clocks import Clock, ClockEvent, ClockQuerySet, Escalation, EscalationNotice
from slas.models.outages import Outage, OutageQuerySet

__all__ = [
    "PUBLIC_METRICS", "Agreement", "AgreementQuerySet", "BusinessCalendar", "CalendarVersion", "Clock", "ClockEvent",
    "ClockQuerySet", "Escalation", "EscalationNotice", "EscalationStep", "Metric", "OpeningHours", "Outage",
    "OutageQuerySet", "PromiseStamp", "SpecialDay", "Target", "validate_interval",
]  # fmt: skip
