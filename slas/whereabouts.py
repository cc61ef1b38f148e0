"""Where tickets were, told by the journal (slas/turns.py), for slas/court.py to say in whose court the ball was."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from slas.calendars import ALWAYS, calendar_of
from slas.clock import Calendar
from slas.court import Holder, Place, Stretch, stretches, totals
from slas.metrics import TurnKind
from slas.models import Clock, Metric
from slas.turns import Past, read_pasts
from tickets.models import Ticket


def places_of(ticket: Ticket, past: Past) -> list[Place]:
    """The places of a ticket from its opening on, in the order of time."""
    team, waits_for, is_over = past.team, "", False
    places = [Place(ticket.opened_at, team)]
    for turn in past.turns:
        match turn.kind:
            case TurnKind.HANDED_OVER:
                team = turn.team
            case TurnKind.PAUSED:
                waits_for = turn.reason
            case TurnKind.RESUMED:
                waits_for = ""
            case TurnKind.RESOLVED | TurnKind.CANCELLED:
                waits_for, is_over = "", True
            case TurnKind.REOPENED:
                is_over = False
            case _:
                continue
        places.append(Place(max(turn.at, ticket.opened_at), team, waits_for, is_over))
    if not (ticket.is_active or places[-1].is_over):  # elsewhere it ended without a word
        places.append(Place(ticket.resolved_at or ticket.closed_at or ticket.updated_at, team, is_over=True))
    return places


def court_of(ticket: Ticket, past: Past, *, calendar: Calendar, now: datetime) -> list[Stretch]:
    return stretches(calendar, places_of(ticket, past), until=now)


def courts_of(tickets: Sequence[Ticket], *, now: datetime) -> dict[Holder, timedelta]:
    """How long each held the ball, over all these tickets, in the hours of each one's resolution clock (without one,
    round the clock). Two queries; some hundreds at a time are meant."""
    calendars = resolution_calendars(tickets)
    pasts = read_pasts(tickets, until=now)
    found: dict[Holder, timedelta] = {}
    for ticket in tickets:
        calendar = calendars.get(ticket.pk, ALWAYS)
        for holder, length in totals(calendar, places_of(ticket, pasts[ticket.pk]), until=now).items():
            found[holder] = found.get(holder, timedelta(0)) + length
    return found


def resolution_calendars(tickets: Sequence[Ticket]) -> dict[int, Calendar]:
    """{key of the ticket: the calendar of its newest resolution clock}."""
    clocks = (
        Clock.objects.filter(ticket__in=tickets, metric=Metric.RESOLUTION)
        .only("ticket_id", "calendar_id", "calendar_version")
        .order_by("generation")
    )
    return {clock.ticket_id: calendar_of(clock) for clock in clocks}
