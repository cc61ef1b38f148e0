"""A service with a calendar and an agreement of a test's own: what the test does to them reaches no other test."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.conftest import Stack

SCRIPT = """
from datetime import date, timedelta
from django.utils import timezone
from accounts.models import Team, User
from catalog.models import Service
from incidents.services import open_incident
from slas.models import *
from tickets.models import Channel
customer = User.objects.get(email={email!r})
team = Team.objects.order_by("pk").first()
service = Service.objects.create(key={key!r}, name={name!r}, support_team=team, owner=team.lead)
service.customers.add(customer.organisation)
calendar = BusinessCalendar.objects.create(name=f"Hours of {{service.name}}", time_zone="UTC")
for day in range({days}):
    OpeningHours.objects.create(calendar=calendar, weekday=day, interval={hours!r})
agreement = Agreement.objects.create(
    name=service.name, customer=customer.organisation, calendar=calendar, start_date=date(2020, 1, 1), pauses_on=["requester"]
)
agreement.services.add(service)
for priority in range(1, 6):
    for metric, seconds in (("first_response", {response}), ("resolution", {resolution})):
        Target.objects.create(agreement=agreement, metric=metric, priority=priority, duration=timedelta(seconds=seconds))
EscalationStep.objects.create(agreement=agreement, percent=50)
EscalationStep.objects.create(agreement=agreement, percent=100, notifies_lead=True)
for n in range({n_tickets}):
    open_incident(
        subject=f"{{service.name}} {{n}}", body="It fails.", requester=customer, actor=customer, service=service,
        now=timezone.now(), channel=Channel.PORTAL,
    )
"""


def promise(
    stack: "Stack", name: str, *, response: timedelta, resolution: timedelta, hours: str = "00:00-24:00", days: int = 7,
    n_tickets: int = 0,
) -> str:  # fmt: skip
    """Promise the demo's customer `response` and `resolution` for a new service, within `hours` UTC of the week's first
    `days`, and open `n_tickets` under it. Returns the name of its calendar."""
    key = re.sub(r"\W+", "-", name.lower())
    stack.manage("shell", "-c", SCRIPT.format(
        email=stack.logins["customer"][0], key=key, name=name, hours=hours, days=days, n_tickets=n_tickets,
        response=response.total_seconds(), resolution=resolution.total_seconds(),
    ))  # fmt: skip
    return f"Hours of {name}"
