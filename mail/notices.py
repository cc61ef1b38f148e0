"""The kinds of letter there are. Each has two templates, templates/mail/<key>.txt and .html."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Notice:
    """`title` heads the letter. An internal one goes to agents only. `leads_subject`: the title stands in the subject
    line as well; the others keep one subject per ticket, so that mail programs show them as one conversation."""

    title: Any
    is_internal: bool = False
    leads_subject: bool = False


NOTICES = {
    "opened": Notice(_("We have received your request")),
    "reply": Notice(_("New reply")),
    "note": Notice(_("New internal note"), is_internal=True),
    "assigned": Notice(_("A ticket needs you"), is_internal=True),
    "resolved": Notice(_("Your request has been resolved")),
    "reopened": Notice(_("A resolved ticket was reopened"), is_internal=True),
    "closed": Notice(_("Your request has been closed")),
    "promised": Notice(_("A date for your request")),
    "promise_withdrawn": Notice(_("The date for your request is taken back")),
    "cancelled": Notice(_("Your request has been cancelled")),
    "warning": Notice(_("Deadline ahead"), is_internal=True, leads_subject=True),
    "breach": Notice(_("Deadline missed"), is_internal=True, leads_subject=True),
    "digest": Notice(_("Many deadlines at once"), is_internal=True, leads_subject=True),
}
