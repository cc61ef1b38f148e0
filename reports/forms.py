"""What an address may say of a filter or of a period, read strictly."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from reports.filters import CLOCKS, OUTCOMES, PHASES, TicketFilter
from reports.periods import CUSTOM, DEFAULT, LENGTHS, LONGEST, Period, last_days
from reports.signs import Sign
from slas.models import Metric
from tickets.models import Priority, WaitingReason


class TicketFilterForm(forms.Form):
    """One field per field of TicketFilter; times are ISO 8601."""

    customer = forms.IntegerField(required=False, min_value=1)
    service = forms.IntegerField(required=False, min_value=0)
    team = forms.IntegerField(required=False, min_value=0)
    assignee = forms.IntegerField(required=False, min_value=0)
    priority = forms.TypedChoiceField(required=False, choices=Priority.choices, coerce=int, empty_value=None)
    phase = forms.ChoiceField(required=False, choices=PHASES)
    opened_from = forms.DateTimeField(required=False)
    opened_to = forms.DateTimeField(required=False)
    weekday = forms.IntegerField(required=False, min_value=1, max_value=7)
    hour = forms.IntegerField(required=False, min_value=0, max_value=23)
    resolved_from = forms.DateTimeField(required=False)
    resolved_to = forms.DateTimeField(required=False)
    next_due_to = forms.DateTimeField(required=False)
    metric = forms.ChoiceField(required=False, choices=Metric.choices)
    clock = forms.ChoiceField(required=False, choices=[(name, name) for name in CLOCKS])
    outcome = forms.ChoiceField(required=False, choices=OUTCOMES)
    ended_from = forms.DateTimeField(required=False)
    ended_to = forms.DateTimeField(required=False)
    due_from = forms.DateTimeField(required=False)
    due_to = forms.DateTimeField(required=False)
    sign = forms.ChoiceField(required=False, choices=Sign.choices)
    paused_for = forms.ChoiceField(required=False, choices=WaitingReason.choices)
    happened_from = forms.DateTimeField(required=False)
    happened_to = forms.DateTimeField(required=False)


def read_filter(params: Mapping[str, Any]) -> TicketFilter:
    """The filter of a request's GET parameters; foreign parameters are ignored. Raises ValidationError naming the
    parameters that make no sense."""
    form = TicketFilterForm(params)
    if not form.is_valid():
        raise ValidationError(form.errors.as_data())
    return TicketFilter(**form.cleaned_data)


class DashboardForm(forms.Form):
    """The period and the part of the desk that a dashboard is about."""

    period = forms.ChoiceField(
        required=False,
        label=_("Period"),
        choices=[
            *((key, ngettext_lazy("Last %(n)d day", "Last %(n)d days", n) % {"n": n}) for key, n in LENGTHS.items()),
            (CUSTOM, _("Custom")),
        ],
    )
    first = forms.DateField(
        required=False, label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        required=False, label=_("To"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    customer = forms.TypedChoiceField(required=False, label=_("Customer"), coerce=int, empty_value=None)
    team = forms.TypedChoiceField(required=False, label=_("Team"), coerce=int, empty_value=None)
    service = forms.TypedChoiceField(required=False, label=_("Service"), coerce=int, empty_value=None)

    def __init__(
        self,
        data: Mapping[str, Any],
        *,
        choices: Mapping[str, list[tuple[int, str]]],
        now: datetime,
        zone: ZoneInfo,
    ) -> None:
        super().__init__(data, auto_id="filter-%s")
        self.now, self.zone = now, zone
        everything = {"customer": _("All customers"), "team": _("All teams"), "service": _("All services")}
        for name, words in everything.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 (for mypy)
            field.choices = [("", words), *choices[name]]

    @property
    def scope(self) -> list[BoundField]:
        return [self[name] for name in ("customer", "team", "service")]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("period") != CUSTOM or self.errors:
            return data
        default = last_days(LENGTHS[DEFAULT], now=self.now, zone=self.zone)
        first = data["first"] = data.get("first") or default.first
        last = data["last"] = data.get("last") or default.last
        if last < first:
            self.add_error("last", _("The period ends before it starts."))
        elif last - first >= timedelta(days=LONGEST):
            self.add_error("last", _("A period is at most %(n)d days long.") % {"n": LONGEST})
        return data

    def chosen(self) -> tuple[Period, TicketFilter]:
        """The period and the scope; the last 30 days of everything where the address made no sense."""
        data = self.cleaned_data if self.is_valid() else {}
        if data.get("period") == CUSTOM:
            period = Period(data["first"], data["last"], self.zone)
        else:
            period = last_days(LENGTHS[data.get("period") or DEFAULT], now=self.now, zone=self.zone)
        return period, TicketFilter(customer=data.get("customer"), team=data.get("team"), service=data.get("service"))
