"""Input of the customers' pages. Rules live in the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Service
from files.forms import FilesField
from tickets.models import Impact, Urgency


class IncidentForm(forms.Form):
    """A report in the customer's own words; what he is asked about people and work becomes impact and urgency."""

    service = forms.ModelChoiceField(
        label=_("Which service is it about?"),
        queryset=Service.objects.none(),
        required=False,
        empty_label=_("I do not know"),
        to_field_name="key",
    )
    subject = forms.CharField(
        label=_("What is the problem, in one line?"), max_length=200, help_text=_("For example: VPN drops every hour")
    )
    body = forms.CharField(
        label=_("Tell us more"),
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("What did you do, what did you expect, what happened, and since when?"),
    )
    impact = forms.TypedChoiceField(
        label=_("Who is affected?"),
        coerce=int,
        widget=forms.RadioSelect,
        initial=Impact.LOW,
        choices=[
            (Impact.LOW, _("Only me")),
            (Impact.MEDIUM, _("Several people: a team or a site")),
            (Impact.HIGH, _("The whole organisation")),
        ],
    )
    urgency = forms.TypedChoiceField(
        label=_("How urgent is it?"),
        coerce=int,
        widget=forms.RadioSelect,
        initial=Urgency.LOW,
        choices=[
            (Urgency.LOW, _("I can go on working")),
            (Urgency.MEDIUM, _("Work is slower or harder")),
            (Urgency.HIGH, _("Work has stopped")),
        ],
    )
    files = FilesField()  # type: ignore[assignment]  # becomes a field; Form.files stays what was uploaded

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        service = self.fields["service"]
        assert isinstance(service, forms.ModelChoiceField)  # noqa: S101 (for the type checker)
        service.queryset = Service.objects.visible_to(user).live().order_by("name")


class WordsAndFilesForm(forms.Form):
    """What every verb of a request takes. Whether words are needed, the service says."""

    text = forms.CharField(required=False)
    files = FilesField()  # type: ignore[assignment]  # becomes a field; Form.files stays what was uploaded
