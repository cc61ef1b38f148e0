"""Whose court the ball was in, as people read it: in the desk by the names of teams, for a customer as you, us or a
supplier. No query but for a calendar that was never read before, where the ticket's events are at hand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.templatetags.portico import short_duration
from journal.models import Event
from slas.calendars import ALWAYS, calendar_of
from slas.court import Court, Holder, Place, life_of, totals
from slas.models import Clock, Metric
from slas.turns import read_past, read_pasts
from slas.whereabouts import places_of
from tickets.models import Ticket

ORDER = (Court.TEAM, Court.REQUESTER, Court.SUPPLIER, Court.APPROVER, Court.CLOSED)


@dataclass(frozen=True)
class Held:
    """How long one of them had the ball. `kind` is a Court; `percent` of the ticket's life."""

    kind: str
    label: str
    length: timedelta
    percent: float

    @property
    def words(self) -> str:
        return short_duration(self.length)

    @property
    def share(self) -> str:
        return f"{self.percent:.0f}"


@dataclass(frozen=True)
class CourtCase:
    """A ticket's life, shared out: the lengths of `lines` add up to it. `now_with` is who has the ball now, "" when it is
    over."""

    lines: list[Held]
    life: timedelta
    now_with: str

    @property
    def life_words(self) -> str:
        return short_duration(self.life)

    @property
    def parts(self) -> list[tuple[float, str]]:
        return [(line.percent, line.kind) for line in self.lines]


def court_of_ticket(
    ticket: Ticket, events: Sequence[Event], *, clocks: Iterable[Clock], now: datetime
) -> CourtCase | None:
    """For the desk, from the ticket's own events, oldest first, and its clocks. None while it has no life yet."""
    clock = next((clock for clock in clocks if clock.metric == Metric.RESOLUTION), None)
    places = places_of(ticket, read_past(ticket, events, until=now))
    held = totals(calendar_of(clock) if clock else ALWAYS, places, until=now)
    names = _names(ticket, events)

    def label(holder: Holder) -> str:
        return label_of(holder, names)

    return _case(held, places, label, now=now)


def court_for_customer(ticket: Ticket, *, now: datetime) -> CourtCase | None:
    """With you, with us or with a supplier, by the clock on the wall: teams, approvals and working hours are ours to
    know. One query."""
    past = read_pasts([ticket], until=now)[ticket.pk]
    places = places_of(ticket, past)
    held: dict[Holder, timedelta] = {}
    for (court, _team), length in totals(ALWAYS, places, until=now).items():
        holder = _for_customer(court)
        held[holder] = held.get(holder, timedelta(0)) + length
    return _case(held, [_seen_by_customer(place) for place in places], customer_label_of, now=now)


def label_of(holder: Holder, names: Mapping[int, str]) -> str:
    court, team = holder
    match court:
        case Court.TEAM:
            return names.get(team, _("A team")) if team is not None else _("No team yet")
        case Court.REQUESTER:
            return _("Requester")
        case Court.SUPPLIER:
            return _("Supplier")
        case Court.APPROVER:
            return _("Approver")
    return _("Outside working hours")


def customer_label_of(holder: Holder) -> str:
    match holder[0]:
        case Court.REQUESTER:
            return pgettext("whose turn it is, to the customer", "With you")
        case Court.SUPPLIER:
            return pgettext("whose turn it is, to the customer", "With a supplier")
    return pgettext("whose turn it is, to the customer", "With us")


def _for_customer(court: Court) -> Holder:
    return (Court.TEAM, None) if court is Court.APPROVER else (court, None)


def _seen_by_customer(place: Place) -> Place:
    is_ours = place.court in (Court.TEAM, Court.APPROVER)
    return Place(place.at, None, "" if is_ours else place.waits_for, place.is_over)


def _case(
    held: Mapping[Holder, timedelta], places: Sequence[Place], label: Callable[[Holder], str], *, now: datetime
) -> CourtCase | None:
    life = life_of(places, until=now)
    if not life:
        return None
    known = sorted(held.items(), key=lambda pair: (ORDER.index(pair[0][0]), -pair[1]))
    here = [place for place in places if place.at <= now][-1]
    now_with = "" if here.is_over else label(here.holder)
    return CourtCase(
        lines=[Held(holder[0].value, label(holder), length, 100 * (length / life)) for holder, length in known],
        life=life,
        now_with=now_with,
    )


def _names(ticket: Ticket, events: Iterable[Event]) -> dict[int, str]:
    """The names of the teams that had the ticket, as its own history tells them."""
    names: dict[int, str] = {}
    for event in events:
        for team in event.data.get("changes", {}).get("team", ()):
            if isinstance(team, dict):
                names[team["id"]] = team["name"]
    if ticket.team is not None:
        names[ticket.team.pk] = ticket.team.name
    return names
