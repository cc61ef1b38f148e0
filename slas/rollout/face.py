"""The roll-out's job in words."""

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from journal.models import Job
from slas.jobs.faces import JobFace
from slas.models import Agreement, BusinessCalendar


def tell(job: Job) -> JobFace:
    kind = "calendar" if "calendar" in job.params else "agreement"
    subject = (BusinessCalendar if kind == "calendar" else Agreement).objects.filter(pk=job.params[kind]).first()
    return JobFace(
        title=_("Open tickets follow %(name)s") % {"name": subject},
        unit=_("tickets"),
        summary=_summary(job),
        url=_url(kind, job.params[kind]),
        url_label=str(subject),
    )


def _summary(job: Job) -> str:
    if not job.result:
        return ""
    words = _("Until now: %(moved)d moved, %(breached)d became late, %(recovered)d are no longer late.")
    if job.is_over:
        words = _("%(moved)d moved, %(breached)d became late, %(recovered)d are no longer late.")
    result = job.result
    return words % {"moved": result["n_moved"], "breached": result["n_breached"], "recovered": result["n_recovered"]}


def _url(kind: str, pk: int) -> str:
    try:
        return reverse(f"slas:{kind}", args=[pk])
    except NoReverseMatch:
        return ""
