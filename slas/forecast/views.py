"""The page that says how good the forecast is."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest
from slas import policies
from slas.access import managers_only, readers_only
from slas.forecast import selectors, services
from slas.forecast.calibration import Report
from slas.forecast.model import ENOUGH
from slas.models import Metric


@require_safe
@readers_only
def forecast(request: UserRequest) -> HttpResponse:
    newest = selectors.newest_calibration()
    report = Report(**newest.data) if newest else None
    context = {
        "newest": newest,
        "report": report,
        "total": report.score() if report else None,
        "rows": selectors.score_rows(report) if report else [],
        "cuts": [(Metric(name).label, parse_datetime(at)) for name, at in report.cuts.items()] if report else [],
        "chart": selectors.reliability_chart(report) if report else None,
        "bins": selectors.reliability_rows(report) if report else [],
        "earlier": [(event, Report(**event.data).score()) for event in selectors.earlier_calibrations()],
        "enough": ENOUGH,
        "age": selectors.table_age(now=timezone.now()),
        "can_calibrate": policies.can_calibrate(request.user),
    }
    return render(request, "slas/forecast.html", context)


@require_POST
@managers_only
def calibrate(request: UserRequest) -> HttpResponse:
    job = services.start_calibration(actor=request.user, now=timezone.now())
    return redirect("slas:job", job_id=job.pk)
