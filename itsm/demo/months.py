"""The last 90 days, told after the fact: when people call, how long things take, what goes wrong now and then."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from catalog.models import Service
from incidents.history import PastIncident
from itsm.demo.life import Life
from itsm.demo.people import HUAZHANG, TIDEWELL, People
from itsm.demo.promises import Promises
from itsm.demo.scenes import SCENES, Scene
from itsm.demo.services import OUTLINES
from itsm.demo.words import Words
from tickets.models import Channel, Ticket

DAYS = 90
N_INCIDENTS = 1180
CUSTOMERS = {TIDEWELL: 0.7, HUAZHANG: 0.3}
WEEKDAYS = (1.25, 1.1, 1.0, 1.0, 0.9, 0.1, 0.05)  # Monday first
HOURS = {
    7: 0.3,
    8: 1.2,
    9: 2.0,
    10: 1.8,
    11: 1.4,
    12: 0.7,
    13: 0.9,
    14: 1.5,
    15: 1.3,
    16: 1.0,
    17: 0.6,
    19: 0.1,
    22: 0.05,
}
OUTAGE_DAYS_AGO, N_OF_OUTAGE = 33, 16
CHANNELS = {Channel.PORTAL: 0.55, Channel.MAIL: 0.25, Channel.PHONE: 0.2}
JUST_NOW = timedelta(minutes=5)


class Months:
    """Writes lives. `matrix` is (impact, urgency) → priority."""

    def __init__(
        self,
        people: People,
        services: dict[str, Service],
        promises: Promises,
        matrix: dict[tuple[int, int], int],
        chance: Random,
        now: datetime,
    ) -> None:
        self.people, self.services, self.promises, self.matrix = people, services, promises, matrix
        self.chance, self.now = chance, now

    def lives(self) -> list[PastIncident]:
        """All of them, the earliest opened first. What would not have ended by now is left out: the open queue is
        lived, not told."""
        found = [
            self._life(customer, at) for customer, share in CUSTOMERS.items() for at in self._calls(customer, share)
        ]
        found += [self._life(TIDEWELL, at, scene=SCENES["en"][0]) for at in self._outage()]
        ended = [past for past in found if past.ticket.updated_at < self.now - JUST_NOW]
        return sorted(ended, key=lambda past: past.ticket.opened_at)

    # --- when people call ---

    def _calls(self, customer: str, share: float) -> Iterator[datetime]:
        zone = ZoneInfo(self.people.organisations[customer].time_zone)
        today = self.now.astimezone(zone).date()
        days = [today - timedelta(days=back) for back in range(DAYS)]
        weights = [WEEKDAYS[day.weekday()] for day in days]
        for day in self.chance.choices(days, weights, k=round(N_INCIDENTS * share)):
            yield self._moment(day, zone)

    def _moment(self, day: date, zone: ZoneInfo) -> datetime:
        [hour] = self.chance.choices(list(HOURS), list(HOURS.values()))
        return datetime.combine(day, time(hour), zone) + timedelta(seconds=self.chance.randrange(3600))

    def _outage(self) -> Iterator[datetime]:
        """One bad morning on which the mail gateway held back every attachment."""
        zone = ZoneInfo(self.people.organisations[TIDEWELL].time_zone)
        day = bad_morning(self.now.astimezone(zone).date())
        for _each in range(N_OF_OUTAGE):
            yield datetime.combine(day, time(8, 40), zone) + timedelta(seconds=self.chance.randrange(5400))

    # --- what becomes of it ---

    def _life(self, customer: str, opened_at: datetime, scene: Scene | None = None) -> PastIncident:
        chance, organisation = self.chance, self.people.organisations[customer]
        requester = chance.choice(self.people.requesters(customer))
        scene = scene or self._scene(requester.language, customer)
        service, outline = self.services[scene.service], OUTLINES[scene.service]
        agents = self.people.agents(outline.team, requester.language)
        words = Words(scene, requester, chance.choice(agents), chance)
        impact, urgency = self._levels(scene)
        [channel] = chance.choices(list(CHANNELS), list(CHANNELS.values()))
        past = PastIncident(
            Ticket(
                subject=words.of(scene.subject), requester=requester, organisation=organisation, service=service,
                opened_by=words.agent if channel == Channel.PHONE else requester, team=service.support_team,
                impact=impact, urgency=urgency, priority=self.matrix[impact, urgency], channel=channel,
                opened_at=opened_at,
            ),
            category=scene.category,
        )  # fmt: skip
        promise = self.promises.of(organisation, service)
        colleagues = [agent for agent in agents if agent != words.agent]
        teams = list(self.people.teams.values())
        Life(past, promise, words, colleagues, teams, outline.quality, chance, self.now).tell()
        past.keep_time(promise)
        return past

    def _scene(self, language: str, customer: str) -> Scene:
        scenes = [scene for scene in SCENES[language] if customer in OUTLINES[scene.service].customers]
        [scene] = self.chance.choices(scenes, [OUTLINES[scene.service].share for scene in scenes])
        return scene

    def _levels(self, scene: Scene) -> tuple[int, int]:
        """The scene's impact and urgency are those of a bad day; on most days it weighs less, now and then more."""
        impact, urgency = scene.impact, scene.urgency
        if self.chance.random() < (0.7 if (impact, urgency) == (2, 1) else 0.35):
            urgency = min(3, urgency + 1)
        if self.chance.random() < 0.04:
            impact = max(1, impact - 1)
        return impact, urgency


def bad_morning(today: date) -> date:
    """The working day on which the mail gateway held back every attachment."""
    day = today - timedelta(days=OUTAGE_DAYS_AGO)
    while day.weekday() > 4:
        day -= timedelta(days=1)
    return day
