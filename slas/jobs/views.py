"""The page of a job: its progress while it works, what came of it when it is over."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest
from core.htmx import render_part
from journal import jobs
from journal.models import Job
from slas import policies
from slas.access import readers_only
from slas.jobs.faces import face_of


@require_safe
@readers_only
def job(request: UserRequest, job_id: int) -> HttpResponse:
    """Asked for again every two seconds by the page itself until the job is over."""
    row = _job(job_id)
    context = {"job": row, "face": face_of(row), "can_cancel": policies.can_cancel_job(request.user, row)}
    return render_part(request, "slas/job.html", context, part="job")


@require_POST
@readers_only
def cancel_job(request: UserRequest, job_id: int) -> HttpResponse:
    """Stop after the step it is in; what was done stays."""
    row = _job(job_id)
    if not policies.can_cancel_job(request.user, row):
        raise PermissionDenied
    jobs.cancel(job=row, now=timezone.now())
    return redirect("slas:job", job_id=job_id)


def _job(job_id: int) -> Job:
    """Those of this app; others have their own pages."""
    return get_object_or_404(Job.objects.select_related("owner"), pk=job_id, kind__startswith="slas.")
