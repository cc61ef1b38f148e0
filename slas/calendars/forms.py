"""What people type about a calendar, read strictly."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from django.utils.dates import WEEKDAYS
from django.utils.translation import get_language_info, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from accounts.models import validate_time_zone
from slas.calendars.content import FIRST_YEAR, LAST_YEAR, LONGEST_NAME, Content, NamedDay, hours_text, parse_hours
from slas.calendars.ics import MOST_BYTES
from slas.calendars.sets import MOST_YEARS, countries, languages, regions


class HoursField(forms.CharField):
    """ "09:00-12:00, 13:00-18:00" as pairs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=200, **options)

    def clean(self, value: Any) -> list[list[str]]:
        return parse_hours(super().clean(value))

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) or value is None else hours_text(value)


class CalendarForm(forms.Form):
    """Name, zone and the hours of the week."""

    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=80)
    time_zone = forms.CharField(
        label=gettext_lazy("Time zone"),
        max_length=60,
        validators=[validate_time_zone],
        widget=forms.TextInput(attrs={"list": "time-zones", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for weekday in range(7):
            self.fields[f"hours_{weekday}"] = HoursField(label=WEEKDAYS[weekday])

    @property
    def week(self) -> list[BoundField]:
        return [self[f"hours_{weekday}"] for weekday in range(7)]

    @staticmethod
    def initial_of(name: str, content: Content) -> dict[str, Any]:
        hours = {f"hours_{weekday}": content["hours"].get(str(weekday), []) for weekday in range(7)}
        return {"name": name, "time_zone": content["timezone"], **hours}

    def content(self, days: Content) -> Content:
        """What was typed, with the special days of `days`. Only of a valid form."""
        hours = {str(weekday): self.cleaned_data[f"hours_{weekday}"] for weekday in range(7)}
        return {
            **days,
            "timezone": self.cleaned_data["time_zone"],
            "hours": {weekday: pairs for weekday, pairs in hours.items() if pairs},
        }

    def take_over(self, error: ValidationError) -> None:
        """Show the rules of the service at its fields."""
        for field, rules in error.message_dict.items():
            for rule in rules:
                self.add_error(field if field in self.fields else None, rule)


class DayForm(forms.Form):
    """One special day: without hours it is closed. An empty row is none."""

    date = forms.DateField(
        label=gettext_lazy("Date"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    name = forms.CharField(label=pgettext_lazy("thing", "Name"), max_length=LONGEST_NAME)
    hours = HoursField(label=gettext_lazy("Hours, if any"))
    source = forms.CharField(required=False, widget=forms.HiddenInput)
    is_removed = forms.BooleanField(label=gettext_lazy("Remove"), required=False)


class BaseDayFormSet(forms.BaseFormSet):  # type: ignore[type-arg]  # not subscriptable at run time
    """The special days of the shown year; a date stands there once."""

    def clean(self) -> None:
        seen: set[date] = set()
        for form in self.forms:
            day = form.cleaned_data.get("date") if hasattr(form, "cleaned_data") else None
            if day is None or form.cleaned_data.get("is_removed"):
                continue
            if day in seen:
                form.add_error("date", _("%(date)s is there twice.") % {"date": day.isoformat()})
            seen.add(day)

    def days(self) -> list[NamedDay]:
        """Those that are to stay. Only of a valid set."""
        return [
            NamedDay(
                data["date"], data["name"].strip(), tuple((opens, closes) for opens, closes in data["hours"]),
                data["source"] or "typed",
            )
            for data in (form.cleaned_data for form in self.forms)
            if data.get("date") and not data.get("is_removed")
        ]  # fmt: skip


DayFormSet: type[BaseDayFormSet] = forms.formset_factory(DayForm, formset=BaseDayFormSet, extra=3)  # type: ignore[assignment]


def day_rows(days: Iterable[NamedDay]) -> list[dict[str, Any]]:
    """The initial rows of a DayFormSet."""
    return [{"date": day.date, "name": day.name, "hours": day.hours, "source": day.source} for day in days]


class YearsForm(forms.Form):
    """Which years an import is about."""

    first = forms.IntegerField(label=gettext_lazy("From year"), min_value=FIRST_YEAR, max_value=LAST_YEAR)
    last = forms.IntegerField(label=gettext_lazy("To year"), min_value=FIRST_YEAR, max_value=LAST_YEAR)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        first, last = data.get("first"), data.get("last")
        if first is not None and last is not None:
            if last < first:
                self.add_error("last", _("The last year lies before the first."))
            elif last - first >= MOST_YEARS:
                self.add_error("last", _("Please choose 1 to %(n)d years.") % {"n": MOST_YEARS})
        return data

    def years(self) -> range:
        return range(self.cleaned_data["first"], self.cleaned_data["last"] + 1)


class HolidaysForm(YearsForm):
    """Whose holidays. Regions and languages are those of the chosen country."""

    country = forms.ChoiceField(label=gettext_lazy("Country"))
    region = forms.ChoiceField(label=gettext_lazy("Region"), required=False)
    language = forms.ChoiceField(label=gettext_lazy("Names in"), required=False)
    field_order = ("country", "region", "language", "first", "last")

    def __init__(self, data: Any, **options: Any) -> None:
        initial = options.get("initial", {})
        country = (data or initial).get("country") or ""
        tongues = [(code, _language(code)) for code in languages(country)]
        if data:  # what belonged to the country chosen before is forgotten
            known = {"region": dict(regions(country)), "language": dict(tongues)}
            data = {
                **data.dict(),
                **{name: data.get(name, "") if data.get(name) in keys else "" for name, keys in known.items()},
            }
        super().__init__(data, **options)
        self._choices("country", [(code, f"{name} ({code})") for code, name in countries()], gettext_lazy("Choose…"))
        self._choices("region", regions(country), gettext_lazy("Whole country"))
        self._choices("language", tongues, gettext_lazy("The country's own"))

    def _choices(self, name: str, choices: Sequence[tuple[str, str]], none: object) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 (for mypy)
        field.choices = [("", str(none)), *choices]


class IcsForm(YearsForm):
    """Somebody's calendar file."""

    file = forms.FileField(
        label=gettext_lazy("Calendar file (.ics)"),
        max_length=200,
        widget=forms.FileInput(attrs={"accept": ".ics,text/calendar"}),
    )
    field_order = ("file", "first", "last")

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise ValidationError(
                _("The file is larger than %(n)d MB. Nothing was imported.") % {"n": MOST_BYTES >> 20}
            )
        return file


def _language(code: str) -> str:
    """The language's own name for itself: "zh_CN" is 简体中文."""
    for known in (code.replace("_", "-").lower(), code.partition("_")[0]):
        try:
            return get_language_info(known)["name_local"]
        except KeyError:
            continue
    return code
