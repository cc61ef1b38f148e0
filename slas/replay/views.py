"""The pages of the time machine."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest
from core.htmx import render_part
from journal.models import Job
from slas import policies
from slas.access import managers_only, readers_only
from slas.models import Agreement
from slas.replay import selectors
from slas.replay.face import summary_of, title_of
from slas.replay.findings import Findings, Outcome
from slas.replay.forms import ReplayForm
from slas.replay.job import start_replay


@require_safe
@readers_only
def replays(request: UserRequest) -> HttpResponse:
    """What was replayed, and for who manages agreements the form of a new one; ?agreement=key chooses it."""
    return _page(request, ReplayForm(initial={"agreement": request.GET.get("agreement")}))


@require_POST
@managers_only
def create_replay(request: UserRequest) -> HttpResponse:
    form = ReplayForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    job = start_replay(**form.chosen(), actor=request.user, now=timezone.now())
    return redirect("slas:job", job_id=job.pk)


@require_safe
@readers_only
def replay(request: UserRequest, replay_id: int) -> HttpResponse:
    """What would change, as far as it is known. ?show= and ?from= narrow and turn the list."""
    job = get_object_or_404(selectors.replays(), pk=replay_id)
    agreement = Agreement.objects.filter(pk=job.params["agreement"]).first()
    findings = Findings(**job.result)
    wanted = request.GET.get("show", "all")
    wanted = wanted if wanted in selectors.WANTED else "all"
    start = request.GET.get("from", "")
    first = int(start) // selectors.SHOWN * selectors.SHOWN if start.isdecimal() and len(start) < 9 else 0
    counts = selectors.counts(findings)
    context = {
        "job": job,
        "agreement": agreement,
        "title": title_of(job, agreement),
        "summary": summary_of(job),
        "terms": selectors.terms_of(job),
        "findings": findings,
        "breaches": [findings.n(Outcome.BREACHED, after=after) for after in (False, True)],
        "chart": selectors.breaches_by_priority(findings),
        "tallies": selectors.by_metric(findings),
        "tabs": _tabs(wanted, counts),
        "changes": selectors.changes(findings, wanted=wanted, start=first, reader=request.user),
        "n_shown": min(selectors.SHOWN, max(counts[wanted] - first, 0)),
        "n_wanted": counts[wanted],
        "newer_url": f"?show={wanted}&from={first - selectors.SHOWN}" if first else "",
        "older_url": f"?show={wanted}&from={first + selectors.SHOWN}" if first + selectors.SHOWN < counts[wanted] else "",
    }  # fmt: skip
    return render_part(request, "slas/replay.html", context, part="changes")


def _page(request: UserRequest, form: ReplayForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form if policies.can_replay(request.user) else None,
        "recent": selectors.recent_replays(),
        "states": Job.State,
    }
    return render(request, "slas/replays.html", context, status=status)


def _tabs(wanted: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    words = {
        "all": _("All that change"),
        "breached": _("Newly breached"),
        "met": _("No longer breached"),
        "other": pgettext("changes of a replay", "Other"),
    }
    return [
        {"url": f"?show={key}", "label": label, "is_current": key == wanted, "count": counts[key]}
        for key, label in words.items()
    ]
