"""Reads for the incident's page in the desk."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.http import QueryDict

from accounts.models import User
from incidents import policies
from incidents.models import Incident
from slas.models import Clock, Metric, Outage
from slas.services import preview_due
from tickets import policies as ticket_policies
from tickets.models import Ticket
from tickets.services import matrix_priority
from work.kinds import possible_verbs
from work.pulse import mark_of
from work.selectors import page
from work.selectors.clocks import faces_of
from work.selectors.court import court_of_ticket
from work.selectors.queue import neighbours_of, queue_of

Policy = Callable[[User, Incident], bool]

MAY: dict[str, Policy] = {
    "reply": lambda user, incident: ticket_policies.can_reply(user, incident.ticket),
    "note": lambda user, incident: ticket_policies.can_note(user, incident.ticket),
    "subject": lambda user, incident: ticket_policies.can_edit(user, incident.ticket),
    "service": lambda user, incident: ticket_policies.can_edit(user, incident.ticket),
    "assign": lambda user, incident: ticket_policies.can_assign(user, incident.ticket),
    "link": lambda user, incident: ticket_policies.can_link(user, incident.ticket),
    "watch": lambda user, incident: ticket_policies.can_work(user, incident.ticket),
    "promise_date": lambda user, incident: (
        incident.ticket.is_active and ticket_policies.can_promise(user, incident.ticket)
    ),
    "prioritise": policies.can_prioritise,
    "override_priority": policies.can_override_priority,
    "categorise": policies.can_categorise,
    "mark_outage": lambda user, incident: (
        incident.ticket.service_id is not None and policies.can_mark_outage(user, incident)
    ),
    "hold": policies.can_hold,
    "resolve": policies.can_resolve,
    "reopen": policies.can_reopen,
    "cancel": policies.can_cancel,
}
"""What the page offers besides plain moves, and who may: what nobody may is not in the page at all."""


class MarkedOutage(NamedTuple):
    """An outage of the service that this incident tells of."""

    pk: int
    starts_at: datetime
    ends_at: datetime | None


class Preview(NamedTuple):
    """What a priority would promise: {metric label: deadline, None = nothing}."""

    priority: int
    deadlines: list[tuple[str, datetime | None]]


def incidents_for_page(user: User) -> QuerySet[Incident]:
    """With everything of the header and what the page needs of other tables."""
    outages = Outage.objects.filter(ticket=OuterRef("pk")).order_by("starts_at", "pk")
    return (
        Incident.objects.visible_to(user)
        .with_header()
        .annotate(**page.page_annotations(user, ticket="pk", requester="ticket__requester"))
        .annotate(
            outages=ArraySubquery(outages.values(json=JSONObject(pk="pk", starts_at="starts_at", ends_at="ends_at")))
        )
    )


def incident_page(*, incident: Any, user: User, params: QueryDict, now: datetime) -> dict[str, Any]:
    """Everything the page shows but its open forms. `incident` comes from `incidents_for_page`."""
    ticket: Ticket = incident.ticket
    mark, list_mark = mark_of(ticket.pk), mark_of(None)  # before the rows: what changes from now on is news
    items = page.stream_of(ticket, user=user, seen_at=incident.seen_at)
    watchers = page.watchers_of(incident)
    verbs = possible_verbs(ticket=ticket, user=user)
    queue = queue_of(params, user=user, now=now)
    faces = faces_of(ticket, now=now)
    events = [item.moment.event for item in items if item.moment.event]
    return {
        "incident": incident,
        "ticket": ticket,
        "now": now,
        "mark": mark,
        "list_mark": list_mark,
        "items": items,
        "newest_entry": max((item.moment.entry.pk for item in items if item.moment.entry), default=0),
        "faces": faces,
        "promised": next((face.clock for face in faces if _is_promised_date(face.clock)), None),
        "court": court_of_ticket(ticket, events, clocks=[face.clock for face in faces], now=now),
        "outages": [_outage(**known) for known in incident.outages],
        "watchers": watchers,
        "is_watching": any(watcher.pk == user.pk for watcher in watchers),
        "links": page.links_of(ticket, user=user),
        "recipients": page.recipients_words(ticket, user=user, watchers=watchers),
        "queue": queue,
        "neighbours": neighbours_of(queue, ticket.number),
        "verbs": verbs,
        "verb_names": {verb.name for verb in verbs},
        "can": frozenset(name for name, policy in MAY.items() if policy(user, incident)),
    }


def _outage(pk: int, starts_at: str, ends_at: str | None) -> MarkedOutage:
    return MarkedOutage(pk, datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at) if ends_at else None)


def _is_promised_date(clock: Clock) -> bool:
    return clock.metric == Metric.COMMITMENT and clock.ended_at is None


def preview_of(
    incident: Incident,
    *,
    priority: int | None = None,
    impact: int | None = None,
    urgency: int | None = None,
    now: datetime,
) -> Preview:
    """What would be due when, with this priority or the one that the table gives; nothing is written."""
    ticket = incident.ticket
    if priority is None:
        priority = matrix_priority(impact=impact or ticket.impact, urgency=urgency or ticket.urgency)
    found = preview_due(ticket=ticket, priority=priority, now=now)
    return Preview(priority, [(str(Metric(metric).label), due_at) for metric, due_at in found.items()])
