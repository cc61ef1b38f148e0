"""The replay's job in words."""

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from journal.models import Job
from slas.jobs.faces import JobFace
from slas.models import Agreement
from slas.replay.findings import Findings, Outcome


def tell(job: Job) -> JobFace:
    return JobFace(
        title=title_of(job, Agreement.objects.filter(pk=job.params["agreement"]).first()),
        unit=_("tickets"),
        summary=summary_of(job),
        url=reverse("slas:replay", args=[job.pk]),
        url_label=_("What would change"),
    )


def title_of(job: Job, agreement: Agreement | None) -> str:
    days = job.params["days"]
    words = ngettext("%(agreement)s over the last %(days)s day", "%(agreement)s over the last %(days)s days", days)
    return words % {"agreement": agreement, "days": days}


def summary_of(job: Job) -> str:
    """ "Breaches 41 → 12; 29 tickets change", as far as is known."""
    if not job.result:
        return ""
    findings = Findings(**job.result)
    n_changed = len({row[0] for row in findings.changed})
    tickets = ngettext("%(n)s ticket changes", "%(n)s tickets change", n_changed) % {"n": n_changed}
    before, after = (findings.n(Outcome.BREACHED, after=after) for after in (False, True))
    return _("Breaches %(before)s → %(after)s; %(tickets)s") % {"before": before, "after": after, "tickets": tickets}
