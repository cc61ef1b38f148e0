"""Managers' pages."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.http import UserRequest
from core.htmx import render_part
from reports import behind, behind_exports, charts, exports, figures, policies, words
from reports.forms import DashboardForm
from reports.metrics import BEHIND, METRICS, SIGNS
from reports.selectors.risk import at_risk, choices, with_chances
from reports.service_levels import ServiceLevels, read_service_levels
from reports.watermelon import read_beside, read_watermelon
from slas.sweep import seconds_since_sweep
from work.access import agents_only

SHOWN_PARTS = 10
"""Rows of the tables by service and by customer; the export has all."""


@require_safe
@agents_only
def service_levels(request: UserRequest) -> HttpResponse:
    now = _now(request)
    form = _form(request, now)
    levels = _levels(request, form, now)
    heat = charts.heat(levels)
    context = {
        "form": form,
        "levels": levels,
        "subtitle": words.period_words(levels.period),
        "figures": figures.figures(levels),
        "attainment": charts.attainment_chart(levels),
        "forecast": charts.forecast_chart(levels),
        "backlog": charts.backlog_chart(levels),
        "heat": heat,
        "heat_words": charts.heat_words(heat),
        "parts": _tables(levels),
        "at_risk": with_chances(levels.at_risk, now=now),
        "at_risk_url": words.list_url(at_risk(levels.scope, now=now)),
        "signs": behind.sign_figures(read_beside(scope=levels.scope, period=levels.period, user=request.user, now=now)),
        "metrics": METRICS | SIGNS,
        "period": levels.period,
        "exports": _exports(),
        "query": request.GET.urlencode(),
        "periods": _periods(request, form),
        "swept": seconds_since_sweep(),
        "now": now,
    }
    status = 200 if form.is_valid() else 422
    return render_part(request, "reports/service_levels.html", context, part="answer", status=status)


@require_safe
@agents_only
def watermelon(request: UserRequest) -> HttpResponse:
    """What the percentages do not show: the same period and part of the desk as the dashboard."""
    now = _now(request)
    offered = choices(user=request.user)
    form = DashboardForm(request.GET, choices=offered, now=now, zone=ZoneInfo(request.user.time_zone))
    period, scope = form.chosen()
    melon = read_watermelon(scope=scope, period=period, user=request.user, now=now)
    services, customers = behind.names_of(offered, "service"), behind.names_of(offered, "customer")
    context = {
        "form": form,
        "period": period,
        "subtitle": words.period_words(period),
        "figures": [*behind.percent_figures(melon), *behind.sign_figures(melon.beside)],
        "signs": SIGNS.values(),
        "tables": [
            ("services", _("By service"), _("Service"), behind.table(melon.by_service(services), melon.beside, nameless=_("No service"))),
            ("customers", _("By customer"), _("Customer"), behind.table(melon.by_customer(customers), melon.beside, nameless="–")),
        ],
        "pauses": behind.pause_rows(melon),
        "pause_chart": behind.pause_chart(melon),
        "spreads": behind.spread_rows(melon.spreads),
        "courts": melon.courts,
        "court_rows": behind.court_rows(melon),
        "court_chart": behind.court_chart(melon),
        "exports": _behind_exports(),
        "metrics": {name: METRICS[name] for name in ("resolution_attainment", "response_attainment")} | SIGNS | BEHIND,
        "query": request.GET.urlencode(),
        "periods": _periods(request, form),
    }  # fmt: skip
    status = 200 if form.is_valid() else 422
    return render_part(request, "reports/watermelon.html", context, part="answer", status=status)


@require_safe
@agents_only
def export(request: UserRequest, table: str) -> HttpResponse:
    """One table of the dashboard as CSV, with the filters of the page it was asked from."""
    now = _now(request)
    levels = _levels(request, _form(request, now), now)
    if table not in exports.TABLES:
        raise Http404
    return _file(f"{table}-{levels.period.first}-{levels.period.last}.csv", exports.TABLES[table](levels))


@require_safe
@agents_only
def export_behind(request: UserRequest, table: str) -> HttpResponse:
    """One table of what is behind the percentages as CSV, with the filters of the page it was asked from."""
    now = _now(request)
    if table not in behind_exports.TABLES:
        raise Http404
    offered = choices(user=request.user)
    period, scope = DashboardForm(request.GET, choices=offered, now=now, zone=ZoneInfo(request.user.time_zone)).chosen()
    melon = read_watermelon(scope=scope, period=period, user=request.user, now=now)
    names = {kind: behind.names_of(offered, kind) for kind in ("service", "customer")}
    return _file(f"behind-{table}-{period.first}-{period.last}.csv", behind_exports.TABLES[table](melon, names))


def _file(name: str, rows: Iterable[exports.Row]) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(exports.as_csv(rows), content_type="text/csv; charset=utf-8", headers=headers)


def _now(request: UserRequest) -> datetime:
    """Whole seconds: the links carry it. Refuses who may not see reports."""
    if not policies.can_view_reports(request.user):
        raise PermissionDenied
    return timezone.now().replace(microsecond=0)


def _form(request: UserRequest, now: datetime) -> DashboardForm:
    return DashboardForm(
        request.GET, choices=choices(user=request.user), now=now, zone=ZoneInfo(request.user.time_zone)
    )


def _levels(request: UserRequest, form: DashboardForm, now: datetime) -> ServiceLevels:
    period, scope = form.chosen()
    return read_service_levels(scope=scope, period=period, user=request.user, now=now)


def _tables(levels: ServiceLevels) -> list[dict[str, Any]]:
    """The two tables of parts, each row with the addresses of its numbers."""
    titles = (
        ("services", _("Attainment by service"), _("Service"), _("No service"), levels.by_service()),
        ("customers", _("Attainment by customer"), _("Customer"), "", levels.by_customer()),
    )
    return [
        {
            "key": key,
            "title": title,
            "column": column,
            "n_all": len(parts),
            "rows": [figures.part_row(part, levels, nameless=nameless) for part in parts[:SHOWN_PARTS]],
        }
        for key, title, column, nameless, parts in titles
    ]


def _behind_exports() -> list[tuple[str, str]]:
    return [
        ("services", _("By service")),
        ("customers", _("By customer")),
        ("courts", _("By court and team")),
        ("holds", _("Holds by reason")),
        ("lengths", _("How long it took")),
    ]


def _exports() -> list[tuple[str, str]]:
    return [
        ("days", _("Attainment by day")),
        ("services", _("Attainment by service")),
        ("customers", _("Attainment by customer")),
        ("backlog", _("Backlog by age")),
        ("arrivals", _("When tickets arrive")),
    ]


def _periods(request: UserRequest, form: DashboardForm) -> list[dict[str, Any]]:
    """The tabs of the period, each an address that keeps the other filters."""
    chosen = (form.cleaned_data.get("period") if form.is_valid() else "") or "30d"
    tabs = []
    for key, label in (("7d", _("7 d")), ("30d", _("30 d")), ("90d", _("90 d")), ("custom", _("Custom"))):
        params = request.GET.copy()
        params["period"] = key
        for name in ("first", "last"):
            params.pop(name, None)
        tabs.append({"url": f"?{params.urlencode()}", "label": label, "is_current": key == chosen})
    return tabs
