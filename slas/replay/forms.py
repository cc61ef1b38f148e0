"""What is to be replayed."""

from typing import Any

from django import forms
from django.db.models import Case, Value, When
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from slas.models import Agreement, BusinessCalendar
from slas.replay.job import PERIODS
from tickets.models import WaitingReason

AS_WRITTEN = "as_written"


class ReplayForm(forms.Form):
    agreement = forms.ModelChoiceField(
        Agreement.objects.none(), label=_("Agreement"), empty_label=None,
        help_text=_("A draft, or a version that is or was in force."),
    )  # fmt: skip
    days = forms.TypedChoiceField(label=_("Tickets opened in the last"), coerce=int, initial=30)
    calendar = forms.ModelChoiceField(
        BusinessCalendar.objects.order_by("name"), label=_("Calendar"), required=False,
        empty_label=_("As the agreement has it"),
        help_text=_("Another one takes the place of the agreement's; targets with a calendar of their own keep it."),
    )  # fmt: skip
    pauses = forms.ChoiceField(
        label=_("Clocks pause"), choices=[(AS_WRITTEN, _("As the agreement has it")), ("other", _("Only for these reasons:"))],
        initial=AS_WRITTEN, widget=forms.RadioSelect, required=False,
    )  # fmt: skip
    pauses_on = forms.MultipleChoiceField(
        label=_("Reasons"), choices=WaitingReason, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        drafts_first = Case(When(state=Agreement.State.DRAFT, then=Value(0)), default=Value(1))
        agreements: Any = self.fields["agreement"]
        agreements.queryset = Agreement.objects.order_by(drafts_first, "name", "-version")
        agreements.label_from_instance = _described
        days: Any = self.fields["days"]
        days.choices = [(n, ngettext("%(n)s day", "%(n)s days", n) % {"n": n}) for n in PERIODS]

    def chosen(self) -> dict[str, Any]:
        """The arguments of start_replay."""
        data = self.cleaned_data
        return {
            "agreement": data["agreement"],
            "days": data["days"],
            "calendar": data["calendar"],
            "pauses_on": data["pauses_on"] if data["pauses"] == "other" else None,
        }


def _described(agreement: Agreement) -> str:
    return gettext("%(name)s, version %(version)s (%(state)s)") % {
        "name": agreement.name,
        "version": agreement.version,
        "state": agreement.get_state_display(),
    }
