"""What people type to move an incident. Input only: what is required in which state the services say."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Team, User
from catalog.models import Service
from incidents.models import ResolutionCode
from slas.outages.forms import moment
from tickets.models import Channel, Draft, Impact, Priority, Urgency, WaitingReason
from work.forms import AskedEdit, Edit, WithFiles, offer
from work.selectors.people import people_called


class MoveForm(WithFiles, Edit):
    """A verb that needs no words."""


class Spoken(MoveForm):
    """A verb whose words the requester reads. It also takes what the composer sent: a text that was written as an
    internal note is refused, never published."""

    text = forms.CharField(
        strip=False, required=False, widget=forms.Textarea(attrs={"rows": 3}), label=gettext_lazy("Message")
    )
    kind = forms.ChoiceField(choices=Draft.Kind.choices, required=False, widget=forms.HiddenInput)

    def clean_kind(self) -> str:
        kind: str = self.cleaned_data["kind"]
        if kind == Draft.Kind.NOTE:
            raise ValidationError(_("This was written as an internal note, and the requester would read it."))
        return kind


class HoldForm(Spoken):
    field_order = ("reason", "text")
    reason = forms.ChoiceField(choices=WaitingReason.choices, label=gettext_lazy("Waiting for"))
    text = forms.CharField(
        strip=False, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        label=gettext_lazy("Message to the requester"),
        help_text=gettext_lazy("Needed when you wait for the requester: what do you want to know?"),
    )  # fmt: skip


class ResolveForm(Spoken):
    field_order = ("code", "text")
    code = forms.ChoiceField(choices=ResolutionCode.choices, label=gettext_lazy("How it was resolved"))
    text = forms.CharField(
        strip=False, widget=forms.Textarea(attrs={"rows": 3}), label=gettext_lazy("What was done"),
        error_messages={"required": gettext_lazy("This cannot be empty.")},
        help_text=gettext_lazy("The requester reads this."),
    )  # fmt: skip


class ReopenForm(Spoken):
    text = forms.CharField(
        strip=False, required=False, widget=forms.Textarea(attrs={"rows": 3}), label=gettext_lazy("What is still wrong"),
        help_text=gettext_lazy("The requester reads this."),
    )  # fmt: skip


class CancelForm(Spoken):
    text = forms.CharField(
        strip=False, widget=forms.Textarea(attrs={"rows": 2}), label=gettext_lazy("Why it needs no work"),
        error_messages={"required": gettext_lazy("This cannot be empty.")},
        help_text=gettext_lazy("The requester reads this."),
    )  # fmt: skip


class PrioritiseForm(Edit):
    impact = forms.TypedChoiceField(choices=Impact.choices, coerce=int, label=gettext_lazy("Impact"))
    urgency = forms.TypedChoiceField(choices=Urgency.choices, coerce=int, label=gettext_lazy("Urgency"))


class OverrideForm(AskedEdit):
    priority = forms.TypedChoiceField(choices=Priority.choices, coerce=int, label=gettext_lazy("Priority"))
    reason = forms.CharField(
        max_length=200, label=gettext_lazy("Why not the one of the table"),
        error_messages={"required": gettext_lazy("This cannot be empty.")},
    )  # fmt: skip


class CategoriseForm(Edit):
    category = forms.CharField(max_length=60, required=False, label=gettext_lazy("Category"))


class MarkOutageForm(Edit):
    """From when to when the service was down."""

    starts_at = moment(gettext_lazy("Down from"))
    ends_at = moment(
        gettext_lazy("Until"), required=False, help_text=gettext_lazy("Empty while the service is still down.")
    )
    cause = forms.CharField(max_length=200, required=False, label=gettext_lazy("What happened"))


class CreateForm(WithFiles):
    """An incident that an agent files for somebody: who calls, about what, how bad."""

    requester = forms.CharField(
        label=gettext_lazy("Who has the problem"),
        help_text=gettext_lazy("Name or e-mail; choose from what is found."),
        error_messages={"required": gettext_lazy("Please say who has the problem.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "people"}),
    )
    subject = forms.CharField(
        max_length=200, label=gettext_lazy("Subject"),
        error_messages={"required": gettext_lazy("Please say in a few words what is wrong.")},
    )  # fmt: skip
    body = forms.CharField(
        strip=False, widget=forms.Textarea(attrs={"rows": 6}), label=gettext_lazy("What happened"),
        error_messages={"required": gettext_lazy("Please write what happened.")},
    )  # fmt: skip
    channel = forms.ChoiceField(
        choices=[(channel.value, channel.label) for channel in (Channel.PHONE, Channel.DESK, Channel.MAIL)],
        initial=Channel.PHONE, label=pgettext_lazy("channel", "How it came"), widget=forms.RadioSelect,
    )  # fmt: skip
    impact = forms.TypedChoiceField(
        choices=Impact.choices, coerce=int, initial=Impact.LOW, label=gettext_lazy("Impact")
    )
    urgency = forms.TypedChoiceField(
        choices=Urgency.choices, coerce=int, initial=Urgency.MEDIUM, label=gettext_lazy("Urgency")
    )
    service = forms.ModelChoiceField(
        Service.objects.none(), required=False, label=gettext_lazy("Service"), empty_label=gettext_lazy("Not known yet")
    )
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, label=gettext_lazy("Team"),
        empty_label=gettext_lazy("The one that supports the service"),
    )  # fmt: skip
    category = forms.CharField(max_length=60, required=False, label=gettext_lazy("Category"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.found: list[User] = []
        offer(self, "service", Service.objects.visible_to(user).live().order_by("name"))
        offer(self, "team", Team.objects.filter(is_active=True).order_by("name"))

    def clean_requester(self) -> User:
        """The one person who is meant; else those who may be are kept in `found` for the page to offer."""
        words = self.cleaned_data["requester"].strip()
        self.found = people_called(words, user=self.user)
        exact = [person for person in self.found if person.email == words.lower()]
        if len(exact) == 1:
            return exact[0]
        if len(self.found) == 1:
            return self.found[0]
        if self.found:
            raise ValidationError(_("Several people are called that. Please choose one."))
        raise ValidationError(_("Nobody is called that. Please use the name or e-mail of somebody we know."))
