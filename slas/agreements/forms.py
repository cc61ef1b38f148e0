"""What people type into an agreement. Input only: what may be promised the services say (slas/agreements/checks.py)."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Q, QuerySet
from django.forms.boundfield import BoundField
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation, Team
from catalog.models import Service
from journal.models import Webhook
from slas import durations
from slas.agreements.checks import target_field
from slas.agreements.document import Document, Row
from slas.agreements.services import Goal
from slas.calendars import pure_calendar
from slas.metrics import METRICS_OF
from slas.models import Agreement, BusinessCalendar, EscalationStep, Metric
from tickets.models import Priority, Ticket, WaitingReason

Kind = Agreement.Kind


def day_field(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=required, help_text=help_text, widget=widget)


def explain(form: forms.Form, error: ValidationError) -> None:
    """Put what a service refused beside the fields it names; what has no field of this form goes above it."""
    for name, messages in error.message_dict.items() if hasattr(error, "error_dict") else [(None, error.messages)]:
        known = name if name in form.fields else None
        form.add_error(None if name == NON_FIELD_ERRORS else known, ValidationError(messages))


class DocumentForm(forms.Form):
    """The fields of a version; which there are depends on its kind, and on whether it replaces another."""

    name = forms.CharField(label=pgettext_lazy("agreement", "Name"), max_length=80)
    customer = forms.ModelChoiceField(
        Organisation.objects.none(), label=_("Customer"), required=False, empty_label=_("Everybody"),
        help_text=_("An agreement for one customer comes before the one for everybody."),
    )  # fmt: skip
    team = forms.ModelChoiceField(Team.objects.none(), label=_("Team"), empty_label=_("Choose one"))
    supplier = forms.ModelChoiceField(Organisation.objects.none(), label=_("Supplier"), empty_label=_("Choose one"))
    services = forms.ModelMultipleChoiceField(
        Service.objects.none(), label=pgettext_lazy("agreement", "Services"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen = all of them. What names a service comes before what is for all."),
    )  # fmt: skip
    calendar = forms.ModelChoiceField(
        BusinessCalendar.objects.none(), label=_("Calendar"), empty_label=_("Choose one"),
        help_text=_("Its working hours are what is counted, unless a target has a calendar of its own."),
    )  # fmt: skip
    start_date = day_field(_("Valid from"))
    end_date = day_field(_("Valid until"), required=False, help_text=_("The first day on which it no longer applies."))
    review_date = day_field(_("Review on"), required=False)
    signed_by = forms.CharField(label=_("Signed by"), max_length=120, required=False)
    signed_for_us_by = forms.CharField(label=_("Signed for us by"), max_length=120, required=False)
    signed_date = day_field(_("Signed on"), required=False)
    pauses_on = forms.MultipleChoiceField(
        label=_("Clocks pause while a ticket is"), choices=WaitingReason.choices, required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    starts_from = forms.ChoiceField(
        label=_("Where the target changes, the new clock starts"), choices=Agreement.StartsFrom.choices,
        widget=forms.RadioSelect,
    )  # fmt: skip
    reopens_as = forms.ChoiceField(
        label=_("When a ticket is reopened"), choices=Agreement.ReopensAs.choices, widget=forms.RadioSelect
    )
    reply_mode = forms.ChoiceField(
        label=_("A next reply is owed"), choices=Agreement.ReplyMode.choices, widget=forms.RadioSelect
    )
    attainment_target = forms.IntegerField(label=_("Targets to be met, in percent"))
    availability_target = forms.DecimalField(
        label=_("Availability in percent"), required=False, max_digits=6, decimal_places=3
    )
    workload_limit = forms.IntegerField(label=_("Tickets a month at most"), required=False)
    exceptions = forms.CharField(
        label=_("Exceptions"), required=False, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What it does not hold for, in words."),
    )  # fmt: skip

    _ONLY_FOR = {
        Kind.SLA: ("customer", "pauses_on", "starts_from", "reopens_as", "reply_mode", "availability_target"),
        Kind.OLA: ("team", "pauses_on", "reopens_as"),
        Kind.UC: ("supplier", "reopens_as", "availability_target"),
    }  # fmt: skip

    def __init__(self, *args: Any, kind: str, is_revision: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = self._ONLY_FOR[Kind(kind)]
        for name in {name for names in self._ONLY_FOR.values() for name in names} - set(mine):
            del self.fields[name]
        if is_revision:
            for name in ("name", "customer", "team", "supplier"):
                self.fields.pop(name, None)
        self._offer("customer", Organisation.objects.filter(kind=Organisation.Kind.CUSTOMER, is_active=True))
        self._offer("supplier", Organisation.objects.filter(kind=Organisation.Kind.SUPPLIER, is_active=True))
        self._offer("team", Team.objects.filter(is_active=True))
        self._offer("services", Service.objects.filter(_chosen_or_live(self.initial.get("services", ()))))
        self._offer("calendar", BusinessCalendar.objects.all())

    def _offer(self, name: str, rows: QuerySet[Any]) -> None:
        field = self.fields.get(name)
        if isinstance(field, forms.ModelChoiceField):
            field.queryset = rows.order_by("name")

    @property
    def said(self) -> dict[str, Any]:
        """The fields as a service takes them: without name and services."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("name", "services")}


def _chosen_or_live(chosen: Any) -> Q:
    return Q(state=Service.State.LIVE) | Q(pk__in=[row.pk for row in chosen])


def document_values(agreement: Agreement) -> dict[str, Any]:
    """What a DocumentForm of this version starts with."""
    values = {name: getattr(agreement, name) for name in DocumentForm.base_fields if name != "services"}
    return {**values, "services": list(agreement.services.all())}


# --- targets -------------------------------------------------------------------------------------------------------


class GridCell(NamedTuple):
    """The two fields of one target: its length, and the calendar it is counted in."""

    length: BoundField
    calendar: BoundField
    label: str
    words: str


class TargetsForm(forms.Form):
    """A length for each metric and priority, and the calendar it is counted in; empty = nothing is promised."""

    def __init__(self, *args: Any, document: Document, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.document = document
        self._rows: list[Row] = document.grid()
        calendars = list(BusinessCalendar.objects.order_by("name"))
        self._calendars = {row.pk: row for row in calendars}
        choices = [("", _("As agreed")), *((row.pk, row.name) for row in calendars)]
        for row in self._rows:
            for priority, cell in zip(Priority, row.cells, strict=True):
                name, label = target_field(row.metric, priority), f"{row.label}, P{priority}"
                self.fields[name] = forms.CharField(
                    label=label, required=False, max_length=40, initial=cell.length if cell else "",
                    widget=forms.TextInput(attrs={"size": 8, "autocomplete": "off"}),
                )  # fmt: skip
                chosen = cell.target.calendar_id if cell else None
                self.fields[f"{name}_calendar"] = forms.TypedChoiceField(
                    label=label, required=False, choices=choices, coerce=int, empty_value=None, initial=chosen
                )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.goals: list[Goal] = []
        for metric in self.document.metrics:
            for priority in Priority:
                name = target_field(metric, priority)
                text, calendar = cleaned.get(name), self._calendars.get(cleaned.get(f"{name}_calendar") or 0)
                if not text:
                    continue
                day = durations.day_of(pure_calendar(calendar or self.document.agreement.calendar))
                try:
                    self.goals.append(Goal(metric, priority, durations.parse_length(text, day=day), calendar))
                except ValidationError as error:
                    self.add_error(name, error)
        return cleaned

    def rows(self) -> Iterator[tuple[str, list[GridCell]]]:
        """(label of the metric, its cells from P1 to P5)."""
        for row in self._rows:
            cells = []
            for priority, cell in zip(Priority, row.cells, strict=True):
                name = target_field(row.metric, priority)
                label = f"{row.label}, P{priority}"
                cells.append(GridCell(self[name], self[f"{name}_calendar"], label, cell.words if cell else ""))
            yield row.label, cells

    def problems(self) -> list[tuple[str, str, str]]:
        """(id of the field, its name, what is wrong) of every field that is wrong."""
        return [
            (self[name].id_for_label or "", str(self.fields[name].label), message)
            for name, messages in self.errors.items()
            if name in self.fields
            for message in map(str, messages)
        ]


# --- escalation ----------------------------------------------------------------------------------------------------


class Side:
    AFTER, BEFORE = "after", "before"


class LengthField(forms.CharField):
    """A length of working time; the form's `day` says how much of it a day has."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, widget=forms.TextInput(attrs={"autocomplete": "off"}), **kwargs)


class StepForm(forms.Form):
    """One step: when, for what, whom it tells and what it does."""

    percent = forms.IntegerField(label=_("At percent of the target"), initial=100)
    offset_length = LengthField(
        label=_("Moved by"), required=False, help_text=_("Like 30m, 4h or 1d. Empty = exactly at that percentage.")
    )
    offset_side = forms.ChoiceField(
        label=_("Moved to"), choices=[(Side.AFTER, _("Later")), (Side.BEFORE, _("Earlier"))], initial=Side.AFTER,
        widget=forms.RadioSelect,
    )  # fmt: skip
    at_any_hour = forms.BooleanField(
        label=_("Also outside working hours"), required=False,
        help_text=_("It may wake somebody; what it is moved by then counts on the wall clock."),
    )  # fmt: skip
    metric = forms.ChoiceField(label=_("For"), required=False)
    only_priorities = forms.TypedMultipleChoiceField(
        label=_("Only for"), required=False, coerce=int, choices=[(row.value, f"P{row.value}") for row in Priority],
        widget=forms.CheckboxSelectMultiple, help_text=_("None chosen = all priorities."),
    )  # fmt: skip
    only_unassigned = forms.BooleanField(label=_("Only while nobody owns the ticket"), required=False)
    only_unanswered = forms.BooleanField(label=_("Only while we have not answered"), required=False)
    quiet_for = LengthField(
        label=_("Quiet after a reply for"), required=False,
        help_text=_("Nobody is told when one of us wrote to the requester so shortly before."),
    )  # fmt: skip
    notifies_assignee = forms.BooleanField(label=_("Tell the assignee"), required=False, initial=True)
    notifies_lead = forms.BooleanField(label=_("Tell the team lead"), required=False)
    notifies_manager = forms.BooleanField(label=_("Tell the manager"), required=False)
    notifies_owner = forms.BooleanField(label=_("Tell the service owner"), required=False)
    raises_priority = forms.BooleanField(label=_("Raise the priority by one"), required=False)
    reassigns_to = forms.ModelChoiceField(
        Team.objects.none(), label=_("Hand over to"), required=False, empty_label=_("Nobody")
    )
    webhook = forms.ModelChoiceField(
        Webhook.objects.none(),
        label=_("Call the webhook"),
        required=False,
        empty_label=pgettext_lazy("webhook", "None"),
    )

    def __init__(self, *args: Any, document: Document, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._day = document.day
        known = METRICS_OF[Kind(document.agreement.kind)]
        metric = self.fields["metric"]
        assert isinstance(metric, forms.ChoiceField)  # noqa: S101 (for the type checker)
        metric.choices = [("", _("Every target")), *((row.value, Metric(row).label) for row in known)]
        for name, rows in (
            ("reassigns_to", Team.objects.filter(is_active=True).order_by("name")),
            ("webhook", Webhook.objects.filter(is_active=True).order_by("name")),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (for the type checker)
            field.queryset = rows

    _GROUPS = (
        (_("When"), ("percent", "offset_length", "offset_side", "at_any_hour")),
        (_("Only if"), ("metric", "only_priorities", "only_unassigned", "only_unanswered")),
        (
            _("Whom it tells"),
            ("notifies_assignee", "notifies_lead", "notifies_manager", "notifies_owner", "quiet_for"),
        ),
        (_("What it does"), ("raises_priority", "reassigns_to", "webhook")),
    )

    def groups(self) -> list[tuple[str, list[BoundField]]]:
        """(title, its fields), in the order in which one thinks of them."""
        return [(str(title), [self[name] for name in names]) for title, names in self._GROUPS]

    def _length(self, name: str, text: str, day: timedelta) -> timedelta | None:
        try:
            return durations.parse_length(text, day=day) if text else None
        except ValidationError as error:
            self.add_error(name, error)
            return None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        day = durations.WHOLE_DAY if cleaned.get("at_any_hour") else self._day
        offset = self._length("offset_length", cleaned.get("offset_length", ""), day) or timedelta(0)
        cleaned["offset"] = -offset if cleaned.get("offset_side") == Side.BEFORE else offset
        cleaned["quiet_for"] = self._length("quiet_for", cleaned.get("quiet_for", ""), self._day)
        return cleaned

    @property
    def said(self) -> dict[str, Any]:
        """The fields as a service takes them."""
        return {
            name: value for name, value in self.cleaned_data.items() if name not in ("offset_length", "offset_side")
        }

    def explain(self, error: ValidationError) -> None:
        """What a service refused: the offset is typed in a field of another name."""
        named = {"offset_length" if name == "offset" else name: rules for name, rules in error.message_dict.items()}
        explain(self, ValidationError(named))


def step_values(step: EscalationStep, document: Document) -> dict[str, Any]:
    """What a StepForm of this step starts with."""
    values = {name: getattr(step, name, None) for name in StepForm.base_fields}
    day = durations.WHOLE_DAY if step.at_any_hour else document.day
    values["offset_length"] = durations.write_length(abs(step.offset), day=day) if step.offset else ""
    values["offset_side"] = Side.BEFORE if step.offset < timedelta(0) else Side.AFTER
    values["quiet_for"] = durations.write_length(step.quiet_for, day=document.day) if step.quiet_for else ""
    return values


# --- putting into force --------------------------------------------------------------------------------------------


class ActivateForm(forms.Form):
    """Whether tickets that are open move over, or only those opened from a day on are under it."""

    applies_to = forms.ChoiceField(
        label=_("For which tickets"), widget=forms.RadioSelect,
        error_messages={"required": _("Please choose which tickets it is for.")},
    )  # fmt: skip

    OPEN, NEW = "open", "new"

    def __init__(self, *args: Any, first_day: date, starts: date, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["applies_to"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (for the type checker)
        only_new = gettext("Only tickets opened from %(day)s on") % {"day": date_format(first_day, "DATE_FORMAT")}
        choices = [(self.NEW, only_new)]
        if starts <= today:
            choices.insert(0, (self.OPEN, gettext("Open tickets too, from now")))
        field.choices = choices

    @property
    def applies_to_open(self) -> bool:
        return bool(self.cleaned_data["applies_to"] == self.OPEN)


class EndForm(forms.Form):
    end_date = day_field(_("Ends on"), help_text=_("The first day on which it no longer applies."))


class DryRunForm(forms.Form):
    """The number of a ticket the reader may see."""

    ticket = forms.CharField(
        label=_("Ticket number"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )

    def __init__(self, *args: Any, tickets: QuerySet[Ticket], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tickets = tickets

    def clean_ticket(self) -> Ticket:
        number = self.cleaned_data["ticket"].strip()
        ticket = self._tickets.filter(number__iexact=number).first()
        if ticket is None:
            raise ValidationError(_("There is no ticket of this number."))
        return ticket
