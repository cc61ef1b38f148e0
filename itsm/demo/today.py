"""The open queue: lived through the real verbs at the times they would have had, with the sweep between them.

So warnings were given when they were due, breaches have been told, and the clocks that run out in the next minutes are for
the worker to find.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random

from django.db.models import F

from accounts.models import User
from catalog.models import Service
from incidents import services as incidents
from incidents.models import Incident
from itsm.demo.people import HUAZHANG, TIDEWELL, People
from itsm.demo.plots import PLOTS, Plot
from itsm.demo.promises import MINUTE, Promises
from itsm.demo.scenes import SCENES
from itsm.demo.services import OUTLINES
from itsm.demo.words import Words
from journal.models import Outbox
from slas import sweep
from slas.calendars import pure_calendar
from slas.clock import Calendar, add_working, working_between
from tickets.models import Channel, WaitingReason
from tickets.notices import TOPIC as MAIL
from work.escalation import carry_out
from work.services import assign_ticket, note_on_ticket, reply_to_ticket

JUST_TOLD = timedelta(minutes=30)  # mail about what is older counts as sent when it happened
BY_NAME = {(scene.service, scene.category): (language, scene) for language in SCENES for scene in SCENES[language]}


class Play:
    """One incident on its way to now: who is in it and what they say."""

    def __init__(
        self, plot: Plot, people: People, services: dict[str, Service], promises: Promises, priority: int,
        chance: Random, now: datetime,
    ) -> None:  # fmt: skip
        self.plot, self.now = plot, now
        language, scene = BY_NAME[plot.service, plot.category]
        customer = HUAZHANG if language == "zh-hans" else TIDEWELL
        agents = people.agents(OUTLINES[plot.service].team, language)
        requester = people.users.get(plot.requester) or chance.choice(people.requesters(customer))
        self.agent = people.users.get(plot.agent) or chance.choice(agents)
        self.words = Words(scene, requester, self.agent, chance)
        self.service = services[plot.service]
        promise = promises.of(people.organisations[customer], self.service)
        self.target = promise.targets[plot.metric, priority]
        self.hours = pure_calendar(self.target.calendar or promise.agreement.calendar)
        self.incident: Incident | None = None

    def steps(self) -> Iterator[tuple[datetime, Callable[[datetime], None]]]:
        """(when, what) from the opening on, none after now."""
        opened_at = self._opened_at()
        yield opened_at, self._open
        deeds = self.plot.deeds.split()
        for deed, at in zip(deeds, _moments(self.hours, opened_at, self.now, len(deeds)), strict=True):
            yield at, getattr(self, f"_{deed}")

    def _opened_at(self) -> datetime:
        goal = self.target.duration
        if self.plot.due_in is not None:
            return self.now + self.plot.due_in - goal
        return add_working(self.hours, self.now, -goal * self.plot.used)

    # --- deeds ---

    def _open(self, at: datetime) -> None:
        words = self.words
        incident = incidents.open_incident(
            subject=words.of(words.scene.subject), body=words.of(words.scene.body), requester=words.requester,
            actor=words.requester, now=at, channel=Channel.PORTAL, service=self.service, impact=self.plot.impact,
            urgency=self.plot.urgency, category=words.scene.category,
        )  # fmt: skip
        self.incident = incident

    @property
    def _fresh(self) -> Incident:
        """As the database has it: escalations may have changed it since."""
        assert self.incident is not None  # noqa: S101 (opened first)
        return Incident.objects.with_header().get(pk=self.incident.pk)

    def _take(self, at: datetime) -> None:
        ticket = self._fresh.ticket
        assign_ticket(ticket=ticket, team=ticket.team, assignee=self.agent, actor=self.agent, now=at)

    def _answer(self, at: datetime) -> None:
        self._reply(self.words.scene.answer, self.agent, Channel.DESK, at)

    def _note(self, at: datetime) -> None:
        note_on_ticket(ticket=self._fresh.ticket, body=self.words.of(self.words.scene.note), actor=self.agent, now=at)

    def _ask(self, at: datetime) -> None:
        question = self.words.of(self.words.scene.question)
        self._hold(WaitingReason.REQUESTER, at, question)

    def _respond(self, at: datetime) -> None:
        self._reply(self.words.scene.reply, self.words.requester, Channel.PORTAL, at)

    def _supplier(self, at: datetime) -> None:
        note = self.words.one_of(self.words.phrases.supplier)
        note_on_ticket(ticket=self._fresh.ticket, body=note, actor=self.agent, now=at)
        self._hold(WaitingReason.SUPPLIER, at)

    def _schedule(self, at: datetime) -> None:
        self._hold(WaitingReason.SCHEDULED, at)

    def _await_problem(self, at: datetime) -> None:
        self._hold(WaitingReason.PROBLEM, at)

    def _await_change(self, at: datetime) -> None:
        self._hold(WaitingReason.CHANGE, at)

    def _resolve(self, at: datetime) -> None:
        scene = self.words.scene
        incidents.resolve_incident(
            incident=self._fresh, code=scene.code, resolution=self.words.of(scene.resolution), actor=self.agent, now=at
        )

    def _reopen(self, at: datetime) -> None:
        again = self.words.one_of(self.words.phrases.again)
        incidents.reopen_incident(incident=self._fresh, comment=again, actor=self.words.requester, now=at)

    def _hold(self, reason: WaitingReason, at: datetime, comment: str = "") -> None:
        incidents.hold_incident(incident=self._fresh, reason=reason, comment=comment, actor=self.agent, now=at)

    def _reply(self, text: str, author: User, channel: Channel, at: datetime) -> None:
        reply_to_ticket(ticket=self._fresh.ticket, body=self.words.of(text), actor=author, now=at, channel=channel)


def live_through(
    people: People,
    services: dict[str, Service],
    promises: Promises,
    matrix: dict[tuple[int, int], int],
    chance: Random,
    now: datetime,
) -> int:
    """Play every plot up to now, all of them side by side in the order of time. The number of incidents."""
    newest = Outbox.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    plays = [Play(plot, people, services, promises, matrix[plot.impact, plot.urgency], chance, now) for plot in PLOTS]
    steps = sorted((step for play in plays for step in play.steps()), key=lambda step: step[0])
    for at, deed in steps:
        _escalate(at)
        deed(at)
    _escalate(now)
    ours = Outbox.objects.filter(pk__gt=newest, topic=MAIL, created_at__lt=now - JUST_TOLD)
    ours.update(done_at=F("created_at"), answer="before the demo began: not sent")
    return len(plays)


def _escalate(at: datetime) -> None:
    """What the worker would have done by then."""
    sweep.sweep_due_clocks(now=at)
    for row in Outbox.objects.select_for_update(skip_locked=True).filter(
        topic=sweep.TOPIC, done_at=None, is_dead=False
    ):
        row.answer, row.done_at = carry_out(row, at), at
        row.save(update_fields=["answer", "done_at"])


def _moments(hours: Calendar, begin: datetime, end: datetime, n: int) -> list[datetime]:
    """`n` times in working hours between the two: the first after four minutes, the second after nine, as a quick desk
    does; the others spread evenly."""
    span = working_between(hours, begin, end)
    early = [min(4 * MINUTE, span * 0.2), min(9 * MINUTE, span * 0.4)][:n]
    late = [span * (place + 1) / (n - 1) for place in range(n - 2)]
    return [add_working(hours, begin, passed) for passed in early + late]
