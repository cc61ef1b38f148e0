"""What is typed in the desk outside a ticket's page."""

from django import forms
from django.utils.translation import gettext_lazy

from desk.models import SavedFilter


class SaveFilterForm(forms.Form):
    name = forms.CharField(max_length=60, label=gettext_lazy("Name of the filter"))
    query = forms.CharField(max_length=SavedFilter._meta.get_field("query").max_length, widget=forms.HiddenInput)
    is_shared = forms.BooleanField(required=False, label=gettext_lazy("Share it with all agents"))
