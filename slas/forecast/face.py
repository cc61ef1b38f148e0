"""The measurement's job in words."""

from django.urls import reverse
from django.utils.translation import gettext as _

from journal.models import Job
from slas.jobs.faces import JobFace


def tell(_job: Job) -> JobFace:
    return JobFace(
        title=_("How good is the forecast?"),
        unit=_("metrics"),
        url=reverse("slas:forecast"),
        url_label=_("The forecast"),
    )
