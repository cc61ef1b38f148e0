"""The customers' pages. Everything works as plain forms and links; scripts only make it quicker."""

from portal.views.clocks import clock, clock_on_paper
from portal.views.home import home, search, services, status
from portal.views.requests import create, list_requests, ticket
from portal.views.verbs import cancel, close, draft, follow_up, reopen, reply, unwatch, watch

__all__ = [
    "cancel",
    "clock",
    "clock_on_paper",
    "close",
    "create",
    "draft",
    "follow_up",
    "home",
    "list_requests",
    "reopen",
    "reply",
    "search",
    "services",
    "status",
    "ticket",
    "unwatch",
    "watch",
]
