"""The incident's pages in the desk: page.py shows it, verbs.py moves it, create.py files a new one."""

from incidents.views.create import create
from incidents.views.page import detail, show
from incidents.views.verbs import (
    cancel,
    categorise,
    close,
    hold,
    mark_outage,
    override_priority,
    prioritise,
    reopen,
    resolve,
    resume,
    start,
)

__all__ = [
    "cancel",
    "categorise",
    "close",
    "create",
    "detail",
    "hold",
    "mark_outage",
    "override_priority",
    "prioritise",
    "reopen",
    "resolve",
    "resume",
    "show",
    "start",
]
