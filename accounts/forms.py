"""Input of the pages about people. Rules live in accounts/services.py."""

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Organisation, Role, Team, User, validate_time_zone


def time_zones() -> list[str]:
    """Every zone that is a place, and UTC: what a person may type."""
    outside = ("Etc/", "SystemV/", "US/")
    places = [zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith(outside)]
    return ["UTC", *sorted(places)]


class PreferencesForm(forms.Form):
    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=120)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    time_zone = forms.CharField(
        label=_("Time zone"),
        max_length=60,
        validators=[validate_time_zone],
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
        help_text=_("All times are shown in it. Type a city to find yours."),
    )
    theme = forms.ChoiceField(label=_("Theme"), choices=User.Theme.choices, widget=forms.RadioSelect)


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=User.Theme.choices)


class LanguageForm(forms.Form):
    language = forms.ChoiceField(choices=settings.LANGUAGES)


class StandingForm(forms.Form):
    """What an administrator decides about a person."""

    organisation = forms.ModelChoiceField(
        label=_("Organisation"), queryset=Organisation.objects.none(), empty_label=_("Choose one")
    )
    roles = forms.ModelMultipleChoiceField(
        label=_("Roles"), queryset=Role.objects.none(), widget=forms.CheckboxSelectMultiple
    )
    teams = forms.ModelMultipleChoiceField(
        label=_("Teams"), queryset=Team.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, queryset in (
            ("organisation", Organisation.objects.filter(is_active=True).order_by("name")),
            ("roles", Role.objects.order_by("pk")),
            ("teams", Team.objects.filter(is_active=True).order_by("name")),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (for the type checker)
            field.queryset = queryset


class InviteForm(StandingForm):
    name = forms.CharField(label=pgettext_lazy("person", "Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail"))
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    field_order = ("name", "email", "organisation", "language", "roles", "teams")
