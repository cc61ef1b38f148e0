"""What people type about outages. Input only: services decide. Times are those of the reader's zone."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.models import Service
from slas.models import Outage
from slas.outages.periods import FIRST, LAST, Length
from slas.outages.selectors import KINDS

TYPED = "%Y-%m-%dT%H:%M"


def moment(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateTimeField:
    """A point in time, to the minute."""
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=TYPED)
    return forms.DateTimeField(label=label, required=required, help_text=help_text, widget=widget)


class OutageForm(forms.Form):
    service = forms.ModelChoiceField(Service.objects.none(), label=_("Service"), empty_label=_("Choose one"))
    starts_at = moment(_("From"))
    ends_at = moment(_("Until"), required=False, help_text=_("Empty while the service is still down."))
    cause = forms.CharField(label=_("What happened"), max_length=200, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        services = self.fields["service"]
        assert isinstance(services, forms.ModelChoiceField)  # noqa: S101 (for mypy)
        services.queryset = Service.objects.order_by("name")


class DowntimeForm(OutageForm):
    ends_at = moment(_("Until"))
    cause = forms.CharField(label=_("What for"), max_length=200, required=False)


class EndForm(forms.Form):
    ends_at = moment(_("Available again since"))


def change_form(outage: Outage, data: Any = None) -> OutageForm:
    """The form of what is known about an outage."""
    kind = DowntimeForm if outage.is_planned else OutageForm
    known = {name: getattr(outage, name) for name in ("service", "starts_at", "ends_at", "cause")}
    return kind(data, initial=known)


class PeriodForm(forms.Form):
    """The period of an address: a length, and a day that lies in it."""

    period = forms.ChoiceField(required=False, choices=[(length.value, length.value) for length in Length])
    day = forms.DateField(required=False)

    def chosen(self, *, today: date) -> tuple[Length, date]:
        """What the address says as far as it makes sense; else this month."""
        data = self.cleaned_data if self.is_valid() else {}
        day = data.get("day") or today
        return Length(data.get("period") or Length.MONTH), min(max(day, FIRST), LAST)


class ListForm(PeriodForm):
    """Which outages an address wants; without `period` and `day` those of all times."""

    service = forms.IntegerField(required=False, min_value=1)
    kind = forms.ChoiceField(required=False, choices=[(kind, kind) for kind in KINDS])
