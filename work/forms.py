"""What people type on a ticket's page, whatever its kind. Input only: services decide."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import Team, User, agents
from catalog.models import Service
from files.services import validate_files
from tickets.models import Draft, Link, Ticket


class WithFiles(forms.Form):
    """A form that takes files under the name "files". A refused form cannot keep them, so it names them: their owner
    chooses them again."""

    @property
    def uploads(self) -> Sequence[UploadedFile]:
        return self.files.getlist("files") if hasattr(self.files, "getlist") else []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            validate_files(self.uploads)
        except ValidationError as error:
            self.add_error(None, error)
        return cleaned

    def lost_files(self) -> str:
        """What to say of files that came with a refused form; "" without any."""
        names = ", ".join(upload.name or "" for upload in self.uploads)
        return _("Please choose these files again: %(names)s") % {"names": names} if names else ""


def every_error(form: forms.Form) -> list[str]:
    """All that is wrong with a form, as sentences; of files also that they must be chosen again."""
    found = [str(message) for messages in form.errors.values() for message in messages]
    lost = form.lost_files() if isinstance(form, WithFiles) else ""
    return [*found, lost] if lost else found


def upload_limits() -> dict[str, Any]:
    """What a file picker must know: largest size in bytes and in words, and how many."""
    return {
        "max_bytes": settings.FILE_MAX_BYTES,
        "max_label": filesizeformat(settings.FILE_MAX_BYTES),
        "max_count": settings.FILES_PER_ENTRY,
    }


def offer(form: forms.Form, name: str, rows: QuerySet[Any]) -> None:
    """Let the field `name` choose among `rows`."""
    field = form.fields[name]
    if not isinstance(field, forms.ModelChoiceField):
        raise TypeError(f"{name} does not choose rows")
    field.queryset = rows


class Words(WithFiles):
    """The composer's text. `kind` says who reads it; `seen` is the newest public entry its page showed."""

    text = forms.CharField(
        label=gettext_lazy("Message"),
        strip=False,
        error_messages={"required": gettext_lazy("Please write something first.")},
    )
    kind = forms.ChoiceField(choices=Draft.Kind.choices, required=False)
    seen = forms.IntegerField(required=False)

    @property
    def is_note(self) -> bool:
        return self.data.get("kind") == Draft.Kind.NOTE


class DraftForm(forms.Form):
    text = forms.CharField(required=False, strip=False)
    kind = forms.ChoiceField(choices=Draft.Kind.choices, required=False)


class Edit(forms.Form):
    """One or more properties. `version` is that of the header the page showed: an older one is a stale edit. The page
    holds the composer as well, so the ids of its fields are their own."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "id_edit_%s", **kwargs})


class AskedEdit(Edit):
    """An edit whose page is asked again with what has been chosen so far. The address says by team or priority what its
    list shows, so the names of these fields begin with "new-"."""

    def add_prefix(self, field_name: str) -> str:
        return field_name if field_name == "version" else f"new-{field_name}"


class AssignForm(AskedEdit):
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, label=gettext_lazy("Team"), empty_label=pgettext_lazy("team", "None")
    )
    assignee = forms.ModelChoiceField(
        User.objects.none(), required=False, label=gettext_lazy("Assignee"), empty_label=pgettext_lazy("person", "Nobody")
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Whom one can choose follows the team chosen so far; the service has the last word on who fits."""
        super().__init__(*args, **kwargs)
        offer(self, "team", Team.objects.filter(is_active=True).order_by("name"))
        team = str(self["team"].value() or "")
        people = agents().filter(memberships__team=int(team)) if team.isdecimal() and not self.is_bound else agents()
        offer(self, "assignee", people.prefetch_related("roles").order_by("name"))


class EditForm(Edit):
    """The subject or the service: `only` one of them at a time."""

    subject = forms.CharField(
        max_length=200,
        label=gettext_lazy("Subject"),
        error_messages={"required": gettext_lazy("This cannot be empty.")},
    )
    service = forms.ModelChoiceField(
        Service.objects.none(), required=False, label=gettext_lazy("Service"), empty_label=pgettext_lazy("service", "None")
    )  # fmt: skip

    def __init__(self, *args: Any, only: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "service", Service.objects.live().order_by("name"))
        self.fields = {name: field for name, field in self.fields.items() if name in (only, "version")}


class PromiseForm(Edit):
    """A date for the requester, in the reader's time zone."""

    due_at = forms.DateTimeField(
        label=gettext_lazy("Done by"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={
            "required": gettext_lazy("Please say by when."),
            "invalid": gettext_lazy("Please give a day and a time."),
        },
    )
    words = forms.CharField(required=False, max_length=200, label=gettext_lazy("In your words"))


class LinkForm(Edit):
    number = forms.CharField(max_length=20, label=gettext_lazy("Number of the other ticket"))
    type = forms.ChoiceField(choices=Link.Type.choices, label=gettext_lazy("How they belong together"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_number(self) -> Ticket:
        """The ticket, within what the reader may see: a foreign number is as unknown as a wrong one."""
        number = self.cleaned_data["number"].strip().upper()
        ticket = Ticket.objects.visible_to(self.user).filter(number=number).first()
        if ticket is None:
            raise ValidationError(_("There is no ticket %(number)s."), params={"number": number})
        return ticket


class WatcherForm(Edit):
    """Whom to add as a watcher; without one, the reader himself."""

    email = forms.EmailField(required=False, label=gettext_lazy("E-mail of a colleague or customer"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_email(self) -> User:
        email = self.cleaned_data["email"].lower()
        if not email:
            return self.user
        person = User.objects.visible_to(self.user).active().filter(email=email).first()
        if person is None:
            raise ValidationError(_("Nobody here has the address %(email)s."), params={"email": email})
        return person
