"""What is typed about a webhook."""

from django import forms
from django.utils.translation import gettext_lazy as _

from journal.models import Webhook


class WebhookForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=Webhook._meta.get_field("name").max_length, help_text=_("Who is called: the pager, the team's chat.")
    )  # fmt: skip
    url = forms.URLField(
        label=_("Address"), max_length=Webhook._meta.get_field("url").max_length, assume_scheme="https",
        help_text=_("It gets a POST with JSON, signed as Standard Webhooks describes it."),
    )  # fmt: skip
