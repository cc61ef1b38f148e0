"""What customers read about a ticket: states, times and events in human words. Everything else about it is internal."""

from datetime import datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from accounts.models import User
from journal.models import Event
from tickets.models import Phase, Ticket, WaitingReason

STEPS = (
    gettext_lazy("Received"),
    gettext_lazy("Assigned"),
    gettext_lazy("In progress"),
    gettext_lazy("Solved"),
    gettext_lazy("Confirmed"),
)
"""The way of every request, as the customer sees it."""


def steps_done(ticket: Ticket) -> int:
    """How many of STEPS lie behind; 0 for a cancelled one."""
    if ticket.phase == Phase.NEW:
        return 2 if ticket.assignee_id else 1
    return {Phase.OPEN: 3, Phase.WAITING: 3, Phase.RESOLVED: 4, Phase.CLOSED: 5}.get(Phase(ticket.phase), 0)


def standing(ticket: Ticket) -> str:
    """Where the ticket stands, in one line. Needs `assignee` loaded."""
    if ticket.waiting_reason == WaitingReason.REQUESTER:
        return _("Waiting for an answer")
    if ticket.phase == Phase.WAITING:
        return str(WaitingReason(ticket.waiting_reason).label)
    if ticket.phase == Phase.RESOLVED:
        return _("Solved · please confirm")
    if ticket.phase in (Phase.CLOSED, Phase.CANCELLED):
        return str(Phase(ticket.phase).label)
    if ticket.assignee is None:
        return _("Received") if ticket.phase == Phase.NEW else _("In progress")
    if ticket.phase == Phase.NEW:
        return _("Assigned to %(name)s") % {"name": ticket.assignee.name}
    return _("In progress · %(name)s is working on it") % {"name": ticket.assignee.name}


def moment(at: datetime, now: datetime) -> str:
    """A time as people say it, in the reader's zone: today 14:00, tomorrow 09:00, Fri 27 Nov 09:00."""
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    values = {"time": date_format(local, "H:i"), "date": date_format(local, day_format(local.year != today.year))}
    match (local.date() - today).days:
        case 0:
            return _("today %(time)s") % values
        case 1:
            return _("tomorrow %(time)s") % values
        case -1:
            return _("yesterday %(time)s") % values
    return _("%(date)s %(time)s") % values


def day_format(with_year: bool) -> str:
    """Django's date format of a day, with its weekday: Fri 27 Nov, or Fri 27 Nov 2027."""
    if with_year:
        return pgettext("Django date format of a day with weekday and year", "D j M Y")
    return pgettext("Django date format of a day with weekday", "D j M")


def greeting(person: User, now: datetime) -> str:
    """Good morning until noon, good evening from six o'clock, in the reader's zone."""
    hour = timezone.localtime(now).hour
    values = {"name": person.get_short_name()}
    if hour < 12:
        return _("Good morning, %(name)s. How can we help?") % values
    if hour < 18:
        return _("Good afternoon, %(name)s. How can we help?") % values
    return _("Good evening, %(name)s. How can we help?") % values


EVENTS = {
    "incident.resolved": ("circle-check", gettext_lazy("%(name)s solved this")),
    "incident.reopened": ("rotate-clockwise", gettext_lazy("%(name)s reopened this")),
    "incident.closed": ("lock", gettext_lazy("%(name)s closed this")),
    "incident.cancelled": ("x", gettext_lazy("%(name)s withdrew this: %(reason)s")),
    "ticket.promised": ("calendar-due", gettext_lazy("%(name)s promised it for %(when)s")),
    "ticket.promise_withdrawn": ("calendar-due", gettext_lazy("%(name)s took back the promised date %(when)s")),
}
"""Event name -> icon and sentence. A public event that is not listed here is not shown."""


def sentence(event: Event) -> str:
    """What happened, as the customer reads it. Needs `actor` loaded."""
    if event.name == "incident.closed" and event.actor is None:
        return _("Closed, because nobody objected to the solution")
    _icon, words = EVENTS[event.name]
    due_at = parse_datetime(event.data.get("due_at") or "")
    return words % {
        "name": event.actor.name if event.actor else "Portico",
        "reason": event.data.get("reason", ""),
        "when": moment(due_at, event.at) if due_at else "",
    }
