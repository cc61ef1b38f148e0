"""Which tickets a number counts: the one place where a figure and the list behind it get their conditions.

A figure on a dashboard counts `tickets(filter, …)` or groups by a column of it; its link carries `query_string()`; the
desk's queue reads that address with `reports.forms.read_filter` and lists `tickets(filter, …)` again. So a number and
its list cannot be made differently.

    /desk/queue/?metric=resolution&outcome=breached&due_from=2026-11-01T00:00:00Z&due_to=…&service=3

Every moment is absolute and every upper bound exclusive, so that a link means tomorrow what it means today.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Exists, F, Func, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from journal.models import Event
from reports.signs import facts
from slas.models import PUBLIC_METRICS, Clock
from tickets.models import ACTIVE_PHASES, Phase, Ticket, TicketQuerySet

NOBODY = 0
"""As `team`, `service` or `assignee`: tickets that have none."""

ACTIVE = "active"
PHASES = ((ACTIVE, _("Open")), *Phase.choices)
OUTCOMES = (("in_time", pgettext_lazy("clock", "In time")), ("breached", pgettext_lazy("clock", "Breached")))
CLOCKS = {
    "running": (Clock.State.RUNNING,),
    "live": (Clock.State.RUNNING, Clock.State.PAUSED),
    "ended": (Clock.State.MET,),
}
COUNTED = (Clock.State.RUNNING, Clock.State.PAUSED, Clock.State.MET)
"""The same clocks as ClockQuerySet.counted(), named one by one: a join needs them so."""


@dataclass(frozen=True, kw_only=True)
class TicketFilter:
    """Conditions on the ticket's header, and on one of its clocks. None or "" = no condition.

    customer, service, team, assignee: keys (NOBODY = without one). weekday: 1 = Monday, hour: 0 to 23, both in the
    reader's time zone. Without a metric the clocks are those of promises to the customer; what is between us, our teams
    and our suppliers is asked for by name. metric, clock ("running", "live", "ended"), outcome ("in_time", "breached"), ended_* and due_*
    speak of one and the same clock. sign (reports.signs), paused_for and happened_* speak of facts in the ticket's story.
    """

    customer: int | None = None
    service: int | None = None
    team: int | None = None
    assignee: int | None = None
    priority: int | None = None
    phase: str = ""
    opened_from: datetime | None = None
    opened_to: datetime | None = None
    weekday: int | None = None
    hour: int | None = None
    resolved_from: datetime | None = None
    resolved_to: datetime | None = None
    next_due_to: datetime | None = None
    metric: str = ""
    clock: str = ""
    outcome: str = ""
    ended_from: datetime | None = None
    ended_to: datetime | None = None
    due_from: datetime | None = None
    due_to: datetime | None = None
    sign: str = ""
    paused_for: str = ""
    happened_from: datetime | None = None
    happened_to: datetime | None = None

    @property
    def is_empty(self) -> bool:
        return self == TicketFilter()

    @property
    def asks_a_clock(self) -> bool:
        return bool(
            self.metric
            or self.clock
            or self.outcome
            or self.ended_from
            or self.ended_to
            or self.due_from
            or self.due_to
        )

    def query_string(self) -> str:
        return urlencode({name: _as_text(value) for name, value in vars(self).items() if value not in (None, "")})


def tickets(wanted: TicketFilter, *, user: User, now: datetime) -> TicketQuerySet:
    """The tickets that `user` may see and `wanted` describes, each once, unordered."""
    found = Ticket.objects.visible_to(user).filter(header_q(wanted))
    if wanted.asks_a_clock:
        clocks = Clock.objects.filter(clock_q(wanted, now=now), ticket=OuterRef("pk"))
        found = found.filter(Exists(clocks))
    if wanted.sign:
        found = found.filter(_among("pk", facts_of(wanted, now=now).values("subject_id")))
    return found


def facts_of(wanted: TicketFilter, *, now: datetime) -> QuerySet[Event]:
    """The facts that the filter asks for, on whatever ticket."""
    return facts(
        wanted.sign, since=wanted.happened_from, until=wanted.happened_to, paused_for=wanted.paused_for, now=now
    )


def _among(name: str, keys: QuerySet[Any]) -> Func:
    """The same as IN, for keys that are worked out once and first: where the planner has to guess how few they are, it
    may read every ticket for each of them instead."""
    return Func(
        F(name), ArraySubquery(keys), template="(%(expressions)s))", arg_joiner=" = ANY(", output_field=BooleanField()
    )


def header_q(wanted: TicketFilter) -> Q:
    """The conditions on the ticket itself."""
    found = Q()
    for name, value in (
        ("organisation", wanted.customer),
        ("service", wanted.service),
        ("team", wanted.team),
        ("assignee", wanted.assignee),
    ):
        if value is not None:
            found &= Q(**{f"{name}__isnull": True}) if value == NOBODY else Q(**{name: value})
    if wanted.phase == ACTIVE:
        found &= Q(phase__in=ACTIVE_PHASES)
    exact = {
        "priority": wanted.priority,
        "phase": wanted.phase if wanted.phase != ACTIVE else "",
        "opened_at__iso_week_day": wanted.weekday,
        "opened_at__hour": wanted.hour,
        "opened_at__gte": wanted.opened_from,
        "opened_at__lt": wanted.opened_to,
        "resolved_at__gte": wanted.resolved_from,
        "resolved_at__lt": wanted.resolved_to,
        "next_due_at__lt": wanted.next_due_to,
    }
    return found & Q(**{name: value for name, value in exact.items() if value not in (None, "")})


def clock_q(wanted: TicketFilter, *, now: datetime, at: str = "") -> Q:
    """The conditions on one counted clock; `at` is the way to it ("clocks__" from a ticket)."""
    exact = {
        "state__in": CLOCKS.get(wanted.clock, COUNTED),
        "metric": wanted.metric,
        "ended_at__gte": wanted.ended_from,
        "ended_at__lt": wanted.ended_to,
        "due_at__gte": wanted.due_from,
        "due_at__lt": wanted.due_to,
    }
    found = Q(**{f"{at}{name}": value for name, value in exact.items() if value not in (None, "")})
    if not wanted.metric:
        found &= Q(**{f"{at}metric__in": PUBLIC_METRICS})
    if wanted.outcome == "breached":
        found &= breached_q(now=now, at=at)
    if wanted.outcome == "in_time":
        found &= Q(**{f"{at}ended_at__isnull": False}) & Q(**{f"{at}due_at__gte": F(f"{at}ended_at")})
    return found


def breached_q(*, now: datetime, at: str = "") -> Q:
    """A breach is a fact of the data: the deadline lies before the end, or before now while there is none."""
    return Q(**{f"{at}due_at__lt": Coalesce(F(f"{at}ended_at"), now)})


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
