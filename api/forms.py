"""What people type on the page of their tokens."""

from datetime import timedelta

from django import forms
from django.utils.translation import gettext_lazy as _

from api.models import Scope

LIVES = {
    7: _("7 days"),
    30: _("30 days"),
    90: _("90 days"),
    365: _("1 year"),
}


class TokenForm(forms.Form):
    """A name to know it by, what it may do, and how long it lives."""

    name = forms.CharField(
        label=_("Name"), max_length=80, help_text=_("What will use it, for instance “Monitoring on host 7”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("It may"), choices=Scope.choices, initial=[Scope.READ], widget=forms.CheckboxSelectMultiple
    )
    life = forms.TypedChoiceField(label=_("It ends after"), choices=LIVES.items(), coerce=int, initial=30)

    def lifetime(self) -> timedelta:
        return timedelta(days=self.cleaned_data["life"])
