"""The queue's filter panel: what can be chosen, and what has been."""

from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.models import Organisation, Team, User, agents
from catalog.models import Service
from reports.filters import NOBODY, OUTCOMES, PHASES
from reports.signs import Sign
from slas.models import Metric
from tickets.models import Priority, WaitingReason

Choices = list[tuple[Any, Any]]


class Select(NamedTuple):
    """One field of the panel: `choices` are (value, words), `chosen` is the value of the address."""

    name: str
    label: str
    choices: Choices
    chosen: str


class Chip(NamedTuple):
    """One condition that holds, in words, and the query string without it."""

    label: str
    value: str
    without: str


def selects(params: QueryDict, *, user: User) -> list[Select]:
    """Four queries: asked for only when the panel opens."""
    organisations = Organisation.objects.visible_to(user).filter(kind=Organisation.Kind.CUSTOMER)
    found: list[tuple[str, str, Choices]] = [
        ("priority", _("Priority"), list(Priority.choices)),
        ("phase", _("State"), list(PHASES)),
        ("service", _("Service"), list(Service.objects.visible_to(user).order_by("name").values_list("pk", "name"))),
        ("customer", _("Customer"), list(organisations.order_by("name").values_list("pk", "name"))),
        ("team", _("Team"), list(Team.objects.filter(is_active=True).order_by("name").values_list("pk", "name"))),
        ("assignee", _("Assignee"), [(NOBODY, pgettext("person", "Nobody")), *agents().order_by("name").values_list("pk", "name")]),
    ]  # fmt: skip
    return [Select(name, label, choices, params.get(name, "")) for name, label, choices in found]


def chips(query: str, *, user: User) -> list[Chip]:
    """The conditions of an address besides its view, each with a way to take it out. One query per row named."""
    params = QueryDict(query)
    found = []
    for name, value in params.items():
        if name in ("view", "show"):
            continue
        rest = params.copy()
        del rest[name]
        label = str(_LABELS.get(name, name.replace("_", " ")))
        found.append(Chip(label, _words(name, str(value), user), rest.urlencode()))
    return found


_LABELS = {
    "q": gettext_lazy("Search"),
    "priority": gettext_lazy("Priority"),
    "phase": gettext_lazy("State"),
    "service": gettext_lazy("Service"),
    "customer": gettext_lazy("Customer"),
    "team": gettext_lazy("Team"),
    "assignee": gettext_lazy("Assignee"),
    "opened_from": gettext_lazy("Opened from"),
    "opened_to": gettext_lazy("Opened before"),
    "weekday": gettext_lazy("Opened on weekday"),
    "hour": gettext_lazy("Opened in hour"),
    "resolved_from": gettext_lazy("Resolved from"),
    "resolved_to": gettext_lazy("Resolved before"),
    "next_due_to": gettext_lazy("Next due before"),
    "metric": gettext_lazy("Target"),
    "clock": gettext_lazy("Clock"),
    "outcome": gettext_lazy("Outcome"),
    "ended_from": gettext_lazy("Target ended from"),
    "ended_to": gettext_lazy("Target ended before"),
    "due_from": gettext_lazy("Due from"),
    "due_to": gettext_lazy("Due before"),
    "sign": gettext_lazy("What happened"),
    "paused_for": gettext_lazy("Waiting for"),
    "happened_from": gettext_lazy("Happened from"),
    "happened_to": gettext_lazy("Happened before"),
}
_CHOICES: dict[str, dict[str, Any]] = {
    "priority": {str(value): label for value, label in Priority.choices},
    "phase": dict(PHASES),
    "metric": dict(Metric.choices),
    "outcome": dict(OUTCOMES),
    "sign": dict(Sign.choices),
    "paused_for": dict(WaitingReason.choices),
}


def _words(name: str, value: str, user: User) -> str:
    if name in _CHOICES:
        return str(_CHOICES[name].get(value, value))
    if name in ("service", "customer", "team", "assignee"):
        return _row_name(name, value, user)
    at = parse_datetime(value) if name.endswith(("_from", "_to")) else None
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT") if at and at.tzinfo else value


def _row_name(name: str, value: str, user: User) -> str:
    if value == str(NOBODY):
        return pgettext("value", "none")
    rows: dict[str, QuerySet[Any]] = {
        "service": Service.objects.visible_to(user),
        "customer": Organisation.objects.visible_to(user),
        "team": Team.objects.all(),
        "assignee": User.objects.visible_to(user),
    }
    row = rows[name].filter(pk=value).first() if value.isdecimal() else None
    return str(row) if row else value
