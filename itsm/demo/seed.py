"""Fill an empty database with the demo, once, in one transaction."""

from datetime import datetime
from random import Random

from django.db import transaction

from accounts.models import Organisation, User
from incidents.history import write_incidents
from itsm.demo.months import Months
from itsm.demo.outages import make_outages
from itsm.demo.people import PROVIDER, make_people
from itsm.demo.promises import make_promises
from itsm.demo.services import make_services
from itsm.demo.today import live_through
from tickets.models import PriorityRule

SEED = 20000  # the number of the standard this desk is built for
BATCH = 300  # incidents


class NotEmpty(Exception):
    """There are people here, and they are not the demo's."""


def has_demo() -> bool:
    return Organisation.objects.filter(name=PROVIDER, kind=Organisation.Kind.INTERNAL).exists()


@transaction.atomic
def seed(*, now: datetime, again: bool = False) -> tuple[int, int]:
    """(incidents of the past, incidents open today) that were made: none when the demo is here already, unless `again`
    plays today's once more. Raises NotEmpty rather than mix with real data."""
    is_here = has_demo()
    if not is_here and User.objects.exists():
        raise NotEmpty
    if is_here and not again:
        return 0, 0
    chance = Random(SEED)  # noqa: S311 (nobody's secret)
    people = make_people()
    services = make_services(people)
    promises = make_promises(people, services, now=now)
    matrix = {(rule.impact, rule.urgency): rule.priority for rule in PriorityRule.objects.all()}
    lives = [] if is_here else Months(people, services, promises, matrix, chance, now).lives()
    for start in range(0, len(lives), BATCH):
        write_incidents(lives[start : start + BATCH])
    if not is_here:
        make_outages(people, services, now=now)
    return len(lives), live_through(people, services, promises, matrix, chance, now)
