"""The pages about calendars. Every edit, typed or imported, goes through one page that says what it would do to open
tickets; only from there it is saved."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import BadRequest, ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.forms import time_zones
from accounts.http import UserRequest
from slas import policies
from slas.access import managers_only, readers_only
from slas.calendars import content_of, selectors, services
from slas.calendars.content import (
    FIRST_YEAR,
    LAST_YEAR,
    Content,
    NamedDay,
    check_content,
    difference,
    joined,
    named_days,
    usual_hours,
    with_days,
)
from slas.calendars.forms import CalendarForm, DayFormSet, HolidaysForm, IcsForm, day_rows
from slas.calendars.ics import read_ics
from slas.calendars.sets import HolidaySet, holiday_set
from slas.calendars.wording import hours_changes
from slas.calendars.year import DayKind, year_of
from slas.models import BusinessCalendar
from slas.rollout import preview_roll_out

SALT = "slas.calendar.proposal"
MORE_ROWS = 5
EMPTY: Content = {"timezone": "UTC", "hours": {}, "holidays": {}, "exceptions": {}, "sources": {}}
OFFICE = {str(weekday): [["09:00", "17:00"]] for weekday in range(5)}


@require_safe
@readers_only
def calendars(request: UserRequest) -> HttpResponse:
    context = {"rows": selectors.calendar_rows(), "can_manage": policies.can_manage_promises(request.user)}
    return render(request, "slas/calendars.html", context)


@require_safe
@readers_only
def calendar(request: UserRequest, calendar_id: int) -> HttpResponse:
    """One calendar, or an older version of it, with a year of it."""
    row = get_object_or_404(BusinessCalendar, pk=calendar_id)
    version = _number(request.GET.get("version"), row.version)
    content = selectors.content_at(row, version)
    if content is None:
        raise Http404
    year = _year(request)
    context = {
        "calendar": row,
        "version": version,
        "is_current": version == row.version,
        "zone": content["timezone"],
        "week": [(WEEKDAYS[weekday], hours) for weekday, hours in selectors.week_of(content)],
        "year": year_of(content, year),
        "weekdays": [str(WEEKDAYS[day]) for day in range(7)],
        "kinds": list(DayKind),
        "usage": selectors.usage(row),
        "history": selectors.history(row),
        "can_manage": policies.can_manage_promises(request.user),
        "earlier": year - 1 if year > FIRST_YEAR else None,
        "later": year + 1 if year < LAST_YEAR else None,
        "today": timezone.localdate(),
    }
    return render(request, "slas/calendar.html", context)


# --- edits ---------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def create_calendar(request: UserRequest) -> HttpResponse:
    """A calendar that no clock counts by yet: saved at once."""
    content = {**EMPTY, "timezone": request.user.time_zone, "hours": OFFICE}
    form, days = _edit_forms(request, "", content)
    if request.method != "POST" or "more" in request.POST or not _are_valid(form, days):
        return _edit_page(request, None, form, days, timezone.localdate().year)
    proposed = with_days(form.content(EMPTY), days.days())
    try:
        row = services.save_calendar(
            calendar=None, name=form.cleaned_data["name"], content=proposed, actor=request.user, now=timezone.now()
        )
    except ValidationError as error:
        form.take_over(error)
        return _edit_page(request, None, form, days, timezone.localdate().year)
    messages.success(request, _("The calendar is saved."))
    return redirect("slas:calendar", calendar_id=row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def edit_calendar(request: UserRequest, calendar_id: int) -> HttpResponse:
    """The week, and the special days of one year; the other years stay."""
    row = get_object_or_404(BusinessCalendar, pk=calendar_id)
    content, year = content_of(row), _year(request)
    shown = [day for day in named_days(content) if day.date.year == year]
    form, days = _edit_forms(request, row.name, content, shown)
    if request.method != "POST" or "more" in request.POST or not _are_valid(form, days):
        return _edit_page(request, row, form, days, year)
    others = [day for day in named_days(content) if day.date.year != year]
    typed = days.days()
    twice = {day.date for day in others} & {day.date for day in typed}
    proposed = with_days(form.content(content), [*others, *typed])
    try:
        if twice:
            raise ValidationError(
                {"days": [_("%(date)s is there twice.") % {"date": day.isoformat()} for day in sorted(twice)]}
            )
        services.check_name(row, form.cleaned_data["name"])
        check_content(proposed)
    except ValidationError as error:
        form.take_over(error)
        return _edit_page(request, row, form, days, year)
    return _review(request, row, proposed, name=form.cleaned_data["name"])


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def import_holidays(request: UserRequest, calendar_id: int) -> HttpResponse:
    """The public holidays of a country, shown as a list (GET) before they are proposed (POST)."""
    row = get_object_or_404(BusinessCalendar, pk=calendar_id)
    content, this_year = content_of(row), timezone.localdate().year
    given = request.POST if request.method == "POST" else request.GET or None
    country, _dash, region = row.country.partition("-")
    initial = {"country": country, "region": region, "first": this_year, "last": this_year + 1}
    form = HolidaysForm(given, initial=initial)
    found = _holidays(form, content) if form.is_bound else None
    if request.method != "POST" or found is None:
        context = {
            "calendar": row,
            "form": form,
            "found": found,
            "rows": _against(content, found.days if found else ()),
        }
        return render(
            request, "slas/import_holidays.html", context, status=422 if form.is_bound and found is None else 200
        )
    data = form.cleaned_data
    chosen = "-".join(filter(None, (data["country"], data["region"])))
    return _review(request, row, joined(content, found.days), country=chosen)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def import_ics(request: UserRequest, calendar_id: int) -> HttpResponse:
    """A calendar file; what it says is shown before it is saved."""
    row = get_object_or_404(BusinessCalendar, pk=calendar_id)
    this_year = timezone.localdate().year
    initial = {"first": this_year, "last": this_year + 1}
    form = IcsForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        content, file = content_of(row), form.cleaned_data["file"]
        try:
            found = read_ics(
                file.read(), years=form.years(), hours=usual_hours(content), source=f"ICS {file.name}"[:60]
            )
            proposed = joined(content, found.days)
            check_content(proposed)
        except ValidationError as error:
            form.add_error("file", error.messages)
        else:
            taken = sum(is_taken for _day, is_taken in _against(content, found.days))
            return _review(request, row, proposed, notes=[*found.notes, *_taken_note(taken)])
    status = 422 if request.method == "POST" else 200
    return render(request, "slas/import_ics.html", {"calendar": row, "form": form}, status=status)


@require_POST
@managers_only
def save_calendar(request: UserRequest, calendar_id: int) -> HttpResponse:
    """Save what the review showed, for open tickets too or for new ones only."""
    row = get_object_or_404(BusinessCalendar, pk=calendar_id)
    scope = request.POST.get("scope")
    try:
        proposal = signing.loads(request.POST.get("proposal", ""), salt=SALT)
    except signing.BadSignature:
        raise BadRequest("the proposal is not one of ours") from None
    if proposal["calendar"] != row.pk or scope not in ("open", "new"):
        raise BadRequest("the proposal is for another calendar, or for nobody")
    now = timezone.now()
    try:
        with transaction.atomic():
            saved = services.save_calendar(
                calendar=row, content=proposal["content"], name=proposal["name"], country=proposal["country"],
                expected_version=proposal["version"], actor=request.user, now=now,
            )  # fmt: skip
            if scope == "open":
                job = services.apply_to_open(calendar=saved, actor=request.user, now=now)
            elif saved.version != proposal["version"]:
                services.keep_for_new_only(calendar=saved, actor=request.user, now=now)
    except services.StaleCalendar:
        messages.error(request, _("Somebody changed this calendar meanwhile. Nothing was saved; please look again."))
        return redirect("slas:calendar", calendar_id=row.pk)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("slas:edit_calendar", calendar_id=row.pk)
    messages.success(request, _("The calendar is saved."))
    return redirect("slas:job", job_id=job.pk) if scope == "open" else redirect("slas:calendar", calendar_id=row.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def roll_out_calendar(request: UserRequest, calendar_id: int) -> HttpResponse:
    """Let tickets follow that were left under an older version."""
    row = get_object_or_404(BusinessCalendar, pk=calendar_id)
    now = timezone.now()
    if request.method == "POST":
        job = services.apply_to_open(calendar=row, actor=request.user, now=now)
        return redirect("slas:job", job_id=job.pk)
    impact = preview_roll_out(calendar=row, content=content_of(row), reader=request.user, now=now)
    return render(request, "slas/roll_out_calendar.html", {"calendar": row, "impact": impact})


# --- what they share -----------------------------------------------------------------------------------------------


def _review(
    request: UserRequest,
    row: BusinessCalendar,
    content: Content,
    *,
    name: str = "",
    country: str | None = None,
    notes: Sequence[str] = (),
) -> HttpResponse:
    """What the proposed content changes, for the calendar and for open tickets, with the proposal itself, signed."""
    changes = difference(content_of(row), content)
    proposal = {
        "calendar": row.pk, "version": row.version, "content": content, "name": name or row.name, "country": country,
    }  # fmt: skip
    context = {
        "calendar": row,
        "name": name or row.name,
        "changes": changes,
        "lines": hours_changes(changes),
        "notes": notes,
        "impact": preview_roll_out(calendar=row, content=content, reader=request.user, now=timezone.now()),
        "proposal": signing.dumps(proposal, salt=SALT, compress=True),
        "is_renamed": bool(name) and name != row.name,
    }
    return render(request, "slas/review_calendar.html", context)


def _edit_forms(
    request: UserRequest, name: str, content: Content, shown: Sequence[NamedDay] = ()
) -> tuple[CalendarForm, Any]:
    rows = day_rows(shown)
    if request.method != "POST":
        return CalendarForm(initial=CalendarForm.initial_of(name, content)), DayFormSet(initial=rows, prefix="days")
    data = request.POST.copy()
    if "more" in data:
        data["days-TOTAL_FORMS"] = str(_number(data.get("days-TOTAL_FORMS"), 0) + MORE_ROWS)
    return CalendarForm(data), DayFormSet(data, initial=rows, prefix="days")


def _are_valid(form: CalendarForm, days: Any) -> bool:
    return all([form.is_valid(), days.is_valid()])


def _edit_page(
    request: UserRequest, row: BusinessCalendar | None, form: CalendarForm, days: Any, year: int
) -> HttpResponse:
    is_wrong = request.method == "POST" and "more" not in request.POST
    title = row.name if row else _("New calendar")
    context = {"title": title, "calendar": row, "form": form, "days": days, "year": year, "time_zones": time_zones()}
    return render(request, "slas/edit_calendar.html", context, status=422 if is_wrong else 200)


def _holidays(form: HolidaysForm, content: Content) -> HolidaySet | None:
    """The set the form asks for; None, with the errors at the form, where there is none."""
    if not form.is_valid():
        return None
    data = form.cleaned_data
    try:
        return holiday_set(
            country=data["country"], region=data["region"], language=data["language"], years=form.years(),
            hours=usual_hours(content),
        )  # fmt: skip
    except ValidationError as error:
        for field, rules in error.message_dict.items():
            form.add_error(field, rules)
        return None


def _against(content: Content, days: Sequence[NamedDay]) -> list[tuple[NamedDay, bool]]:
    """(day, whether its date has a special day already, which stays)."""
    taken = {day.date for day in named_days(content)}
    return [(day, day.date in taken) for day in days]


def _taken_note(n: int) -> list[str]:
    return [_("%(n)d of its days are in the calendar already; they stay as they are.") % {"n": n}] if n else []


def _year(request: UserRequest) -> int:
    year = _number(request.GET.get("year") or request.POST.get("year"), timezone.localdate().year)
    return min(max(year, FIRST_YEAR), LAST_YEAR)


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else otherwise
