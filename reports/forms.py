"""What an address may say of a filter, read strictly."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from reports.filters import CLOCKS, OUTCOMES, PHASES, TicketFilter
from slas.models import Metric
from tickets.models import Priority


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


def read_filter(params: Mapping[str, Any]) -> TicketFilter:
    """The filter of a request's GET parameters; foreign parameters are ignored. Raises ValidationError naming the
    parameters that make no sense."""
    form = TicketFilterForm(params)
    if not form.is_valid():
        raise ValidationError(form.errors.as_data())
    return TicketFilter(**form.cleaned_data)
