"""Availability by service and period, and the outages it is made of."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import UserRequest
from catalog.models import Service
from core.keyset import page_of
from journal.selectors import events_of
from slas import policies
from slas.access import readers_only
from slas.models import Outage
from slas.outages import charts, selectors, services
from slas.outages.forms import DowntimeForm, EndForm, ListForm, OutageForm, PeriodForm, change_form
from slas.outages.periods import Length, Period, period_with
from slas.outages.wording import LENGTHS, exact, hours_of, line_of, part_name, percent, period_name

PAGE = 50


@require_safe
@readers_only
def availability(request: UserRequest) -> HttpResponse:
    """Every service against its commitments, in one day, week, month or year."""
    now = timezone.now()
    period = _period(request, now)
    lines = selectors.availability_of(period, user=request.user, now=now)
    context = {
        **_period_context(period, now),
        "rows": [_row(line, period) for line in lines],
        "chart": charts.budget_chart(lines, period),
        "can_record": policies.can_record_outages(request.user),
    }
    return render(request, "slas/availability.html", context)


@require_safe
@readers_only
def service_availability(request: UserRequest, service_id: int) -> HttpResponse:
    """One service: how the period went, and each outage with what it counted."""
    now = timezone.now()
    service = get_object_or_404(Service.objects.visible_to(request.user), pk=service_id)
    period = _period(request, now)
    lines = selectors.service_availability(service, period, user=request.user, now=now)
    parts = selectors.course(lines[0].commitment, period, user=request.user, now=now)
    outages = list(
        selectors.outages_listed(user=request.user, now=now, service=service.pk, period=period).order_by(
            "starts_at", "pk"
        )
    )
    context = {
        **_period_context(period, now),
        "service": service,
        "rows": [_row(line, period) for line in lines],
        "outages": _with_shares(lines[0], period, outages, now),
        "chart": charts.course_chart(lines[0], parts) if len(parts) > 1 else None,
        "can_record": policies.can_record_outages(request.user),
    }
    return render(request, "slas/service_availability.html", context)


@require_safe
@readers_only
def outages(request: UserRequest) -> HttpResponse:
    """The outages of an address, newest first: what every number about outages leads to."""
    now = timezone.now()
    form = ListForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    has_period = bool(asked.get("period") or asked.get("day"))
    period = _period(request, now) if has_period else None
    service, kind = asked.get("service"), asked.get("kind") or ""
    found = selectors.outages_listed(user=request.user, now=now, service=service, kind=kind, period=period)
    page = page_of(
        found, field="starts_at", descending=True, size=PAGE,
        older=request.GET.get("older", ""), newer=request.GET.get("newer", ""),
    )  # fmt: skip
    context = {
        "page": page,
        "rows": [_outage_row(outage, now) for outage in page.rows],
        "n_all": found.count(),
        "service": Service.objects.filter(pk=service).first() if service else None,
        "period_name": period_name(period) if period else "",
        "tabs": _kind_tabs(request, kind),
        "can_record": policies.can_record_outages(request.user),
        "is_refused": not form.is_valid(),
    }
    return render(request, "slas/outages.html", context, status=200 if form.is_valid() else 422)


@require_http_methods(["GET", "HEAD", "POST"])
@readers_only
def record(request: UserRequest) -> HttpResponse:
    """An outage that has begun."""
    now = timezone.now()
    initial = {"starts_at": now.replace(second=0, microsecond=0), "service": request.GET.get("service")}
    form = OutageForm(_sent(request), initial=initial)

    def act(data: dict[str, Any]) -> Outage:
        return services.record_outage(**data, actor=request.user, now=now)

    return _enter(request, form, act, title=_("Record an outage"), done=_("The outage is recorded."))


@require_http_methods(["GET", "HEAD", "POST"])
@readers_only
def plan(request: UserRequest) -> HttpResponse:
    """Downtime that was agreed beforehand."""
    form = DowntimeForm(_sent(request), initial={"service": request.GET.get("service")})

    def act(data: dict[str, Any]) -> Outage:
        return services.plan_downtime(**data, actor=request.user, now=timezone.now())

    return _enter(request, form, act, title=_("Plan downtime"), done=_("The downtime is planned."))


@require_safe
@readers_only
def outage(request: UserRequest, outage_id: int) -> HttpResponse:
    """One outage with its history; forms for who may use them."""
    return _show(request, _outage(request, outage_id))


@require_POST
@readers_only
def end(request: UserRequest, outage_id: int) -> HttpResponse:
    row, form = _outage(request, outage_id), EndForm(request.POST)
    if not policies.can_record_outages(request.user):
        raise PermissionDenied
    if _succeeds(form, lambda data: services.end_outage(outage=row, **data, actor=request.user, now=timezone.now())):
        messages.success(request, _("The outage is over."))
        return redirect("slas:outage", outage_id=row.pk)
    return _show(request, row, end_form=form)


@require_POST
@readers_only
def change(request: UserRequest, outage_id: int) -> HttpResponse:
    row = _outage(request, outage_id)
    form = change_form(row, request.POST)
    if not policies.can_change_outages(request.user):
        raise PermissionDenied
    if _succeeds(form, lambda data: services.change_outage(outage=row, **data, actor=request.user, now=timezone.now())):
        messages.success(request, _("Changed."))
        return redirect("slas:outage", outage_id=row.pk)
    return _show(request, row, form=form)


@require_POST
@readers_only
def withdraw(request: UserRequest, outage_id: int) -> HttpResponse:
    services.withdraw_outage(outage=_outage(request, outage_id), actor=request.user, now=timezone.now())
    messages.success(request, _("It no longer counts. What it said stays in the journal."))
    return redirect("slas:outages")


# --- what the views share ----------------------------------------------------------------------------------------


def _sent(request: UserRequest) -> Any:
    """What was typed, also where it is nothing."""
    return request.POST if request.method == "POST" else None


def _outage(request: UserRequest, outage_id: int) -> Outage:
    rows = Outage.objects.visible_to(request.user).select_related("service", "ticket", "entered_by")
    return get_object_or_404(rows, pk=outage_id)


def _show(
    request: UserRequest, row: Outage, *, form: forms.Form | None = None, end_form: forms.Form | None = None
) -> HttpResponse:
    now = timezone.now()
    can_change = policies.can_change_outages(request.user)
    can_end = row.ends_at is None and policies.can_record_outages(request.user)
    events = events_of(subject_kind=services.SUBJECT_KIND, subject_id=row.pk)
    context = {
        "outage": row,
        "row": _outage_row(row, now),
        "history": [(*line_of(event), event.at) for event in events],
        "form": (form or change_form(row)) if can_change else None,
        "end_form": (end_form or EndForm(initial={"ends_at": now.replace(second=0, microsecond=0)}))
        if can_end
        else None,
    }
    is_refused = form is not None or end_form is not None
    return render(request, "slas/outage.html", context, status=422 if is_refused else 200)


def _enter(request: UserRequest, form: forms.Form, act: Any, *, title: str, done: str) -> HttpResponse:
    if not policies.can_record_outages(request.user):
        raise PermissionDenied
    if request.method == "POST":
        found = _succeeds(form, act)
        if found:
            messages.success(request, done)
            return redirect("slas:outage", outage_id=found.pk)
    return render(request, "slas/enter_outage.html", {"form": form, "title": title}, status=422 if form.errors else 200)


def _succeeds(form: forms.Form, act: Any) -> Any:
    """What the service gave (True where it gives nothing); False where the form or the service refused, and the form says
    why."""
    if not form.is_valid():
        return False
    try:
        return act(form.cleaned_data) or True
    except ValidationError as error:
        form.add_error(None, error)
    return False


def _period(request: UserRequest, now: datetime) -> Period:
    zone = ZoneInfo(request.user.time_zone)
    length, day = PeriodForm(request.GET).chosen(today=now.astimezone(zone).date())
    return period_with(day, length, zone)


def _period_context(period: Period, now: datetime) -> dict[str, Any]:
    """The tabs keep the day that is looked at: of a year its last day that has come."""
    today = now.astimezone(period.zone).date()
    day = today if period.first <= today <= period.last else period.first
    later = period.next()
    return {
        "period": period,
        "period_name": period_name(period),
        "tabs": [
            {"url": f"?period={length}&day={day}", "label": LENGTHS[length], "is_current": length is period.length}
            for length in Length
        ],
        "earlier_url": f"?period={period.length}&day={period.before().first}",
        "later_url": f"?period={period.length}&day={later.first}" if later.starts_at <= now else "",
        "is_running": period.ends_at > now,
        "part": part_name(period),
    }


def _row(line: selectors.Line, period: Period) -> dict[str, Any]:
    """One commitment in words, each number with the address of its outages."""
    found, service = line.availability, line.commitment.service
    used = None
    if found.allowed is not None:
        used = min(100.0, 100 * (found.down / found.allowed)) if found.allowed else 100.0 * bool(found.down)
    return {
        "service": service,
        "agreement": line.commitment.agreement,
        "hours": hours_of(line.commitment.agreement),
        "url": f"{reverse('slas:service_availability', args=[service.pk])}?period={period.length}&day={period.first}",
        "achieved": percent(found.achieved),
        "is_measured": found.achieved is not None,
        "target": "" if found.target is None else percent(found.target),
        "down": exact(found.down),
        "n_outages": line.n_outages,
        "outages_url": charts.list_url(period, service=service.pk, kind=selectors.UNPLANNED),
        "planned": exact(found.planned),
        "n_planned": line.n_planned,
        "planned_url": charts.planned_url(line, period),
        "allowed": "" if found.allowed is None else exact(found.allowed),
        "left": "" if found.left is None else exact(found.left),
        "used": used,
        "parts": [] if used is None else [(used, "breach" if found.is_broken else "risk"), (100 - used, "ok")],
        "is_broken": found.is_broken,
        "is_short": used is not None and used >= 75,
    }


def _with_shares(line: selectors.Line, period: Period, rows: list[Outage], now: datetime) -> list[dict[str, Any]]:
    """The outages with what each adds to the downtime: together exactly that."""
    shares = iter(line.commitment.measure(period, rows, now=now).shares)
    return [_outage_row(row, now) | {"counted": "" if row.is_planned else exact(next(shares))} for row in rows]


def _outage_row(outage: Outage, now: datetime) -> dict[str, Any]:
    end = outage.ends_at or now
    return {
        "outage": outage,
        "length": exact(end - outage.starts_at) if end > outage.starts_at else "",
        "is_on": outage.starts_at <= now and (outage.ends_at is None or outage.ends_at > now),
        "is_ahead": outage.starts_at > now,
    }


def _kind_tabs(request: UserRequest, chosen: str) -> list[dict[str, Any]]:
    labels = {
        "": pgettext("outages", "All"),
        selectors.NOW: pgettext("outages", "Now"),
        selectors.UNPLANNED: pgettext("outages", "Unplanned"),
        selectors.PLANNED: pgettext("outages", "Planned"),
    }
    tabs = []
    for kind, label in labels.items():
        params = request.GET.copy()
        for name in ("kind", "older", "newer"):
            params.pop(name, None)
        if kind:
            params["kind"] = kind
        tabs.append({"url": f"?{params.urlencode()}", "label": label, "is_current": kind == chosen})
    return tabs
