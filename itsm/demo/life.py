"""One incident from its opening to its end, told after the fact: how long people took, in the hours they work."""

from datetime import datetime, timedelta
from random import Random

from django.conf import settings

from accounts.models import Team, User
from incidents.history import PastIncident
from itsm.demo.words import Words
from slas.calendars import pure_calendar
from slas.clock import add_working
from slas.models import Metric
from slas.promises import Promise
from tickets.models import Channel, Priority, WaitingReason

ASKS, WAITS_FOR_SUPPLIER, NOTES, IS_HANDED_OVER = 0.4, 0.07, 0.5, 0.1
IS_WITHDRAWN, IS_REOPENED, IS_CONFIRMED = 0.02, 0.05, 0.8
IS_PASSED_ON, IS_FORGOTTEN, IS_CHASED = 0.04, 0.05, 0.08
"""What a percentage does not show (reports/signs.py)."""
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Life:
    """Tells `past` to its end. `quality` is the part of the promises that is kept; nothing happens after `now`, except
    that an incident whose work would reach beyond it is told all the same (its caller leaves it out)."""

    def __init__(
        self, past: PastIncident, promise: Promise, words: Words, colleagues: list[User], teams: list[Team],
        quality: float, chance: Random, now: datetime,
    ) -> None:  # fmt: skip
        self.past, self.promise, self.words, self.colleagues = past, promise, words, colleagues
        self.teams, self.quality, self.chance, self.now = teams, quality, chance, now
        self.agent, self.requester = words.agent, past.ticket.requester
        self.at = past.ticket.opened_at
        target = promise.targets[Metric.RESOLUTION, past.ticket.priority]
        self.office = pure_calendar(promise.agreement.calendar)
        self.hours = pure_calendar(target.calendar or promise.agreement.calendar)
        self.goal = target.duration
        self.answer_goal = promise.targets[Metric.FIRST_RESPONSE, past.ticket.priority].duration

    def tell(self) -> None:
        words, past = self.words, self.past
        past.story.describe(words.of(words.scene.body), author=self.requester)
        answers_in, _is_late = self._share_of(self.answer_goal)
        if self._happens(IS_WITHDRAWN):
            self._work(answers_in / 2)
            past.cancel(reason=words.one_of(words.phrases.withdrawn), at=self.at, actor=self.requester)
            return
        self._work(answers_in * 0.6)
        past.assign(team=past.ticket.team, assignee=self.agent, at=self.at, actor=self.agent)
        self._work(answers_in * 0.4)
        past.answer(words.of(words.scene.answer), at=self.at, author=self.agent)
        solves_in, is_late = self._share_of(self.goal)
        self._solve(max(solves_in - answers_in, 4 * MINUTE), is_late)
        if self._happens(IS_REOPENED):
            self._reopen()
        self._close()

    def _solve(self, effort: timedelta, is_late: bool) -> None:
        """Work, with what interrupts it; `effort` is the working time left, of the desk and not of the requester."""
        words, past, scene = self.words, self.past, self.words.scene
        if self._happens(IS_PASSED_ON):
            effort -= self._pass_on(effort)
        if self._happens(IS_FORGOTTEN):
            self._forget_to_ask()
        if self._happens(IS_CHASED):
            effort -= self._be_chased(effort)
        if scene.note and self._happens(NOTES):
            effort -= self._work(effort * 0.2)
            past.story.note(words.of(scene.note), at=self.at, author=self.agent)
        if self.colleagues and self._happens(IS_HANDED_OVER):
            effort -= self._work(effort * 0.2)
            giver, self.agent = self.agent, self.chance.choice(self.colleagues)
            words.agent = self.agent
            past.assign(team=past.ticket.team, assignee=self.agent, at=self.at, actor=giver)
        if scene.question and self._happens(ASKS):
            effort -= self._work(effort * 0.4)
            past.hold(reason=WaitingReason.REQUESTER, comment=words.of(scene.question), at=self.at, actor=self.agent)
            self._wait(0.3, 9)
            past.write(words.of(scene.reply), at=self.at, author=self.requester, channel=self._channel())
        elif self._happens(WAITS_FOR_SUPPLIER):
            effort -= self._work(effort * 0.3)
            past.story.note(words.one_of(words.phrases.supplier), at=self.at, author=self.agent)
            past.hold(reason=WaitingReason.SUPPLIER, at=self.at, actor=self.agent)
            effort -= self._work(effort * 0.6)
            past.resume(at=self.at, actor=self.agent)
        self._work(effort)
        if is_late:
            past.story.note(words.one_of(words.phrases.late), at=self.at, author=self.agent)
        self._resolve()

    def _pass_on(self, effort: timedelta) -> timedelta:
        """Round the teams and back again. Returns the working time it cost."""
        own, spent = self.past.ticket.team, timedelta(0)
        others = self.chance.sample([team for team in self.teams if team != own], 2)
        for team, person in ((others[0], None), (others[1], None), (own, self.agent)):
            spent += self._work(effort * 0.08)
            self.past.assign(team=team, assignee=person, at=self.at, actor=self.agent)
        return spent

    def _forget_to_ask(self) -> None:
        """It waits for the requester, who was never asked anything."""
        self.past.hold(reason=WaitingReason.REQUESTER, at=self.at, actor=self.agent)
        self._wait(1, 6)
        self.past.resume(at=self.at, actor=self.agent)

    def _be_chased(self, effort: timedelta) -> timedelta:
        """The requester asks, and asks again. Returns the working time that has passed."""
        spent = timedelta(0)
        for _time in range(2):
            spent += self._work(effort * 0.15)
            self.past.write(
                self.words.one_of(self.words.phrases.chasing),
                at=self.at,
                author=self.requester,
                channel=self._channel(),
            )
        return spent

    def _resolve(self) -> None:
        scene = self.words.scene
        self.past.resolve(code=scene.code, resolution=self.words.of(scene.resolution), at=self.at, actor=self.agent)

    def _reopen(self) -> None:
        self._wait(1, 10)
        if self.at > self.now:
            return
        self.past.reopen(at=self.at, actor=self.requester)
        again = self.words.one_of(self.words.phrases.again)
        self.past.write(again, at=self.at, author=self.requester, channel=self._channel())
        self._work(self.goal * self.chance.uniform(0.02, 0.1))
        self._resolve()

    def _close(self) -> None:
        """By the requester's word, or because nobody objected in time; a P1 only by his word."""
        if self.past.ticket.priority == Priority.P1 or self._happens(IS_CONFIRMED):
            self._wait(0.3, 14)
            if self.at < self.now:
                thanks = self.words.one_of(self.words.phrases.thanks)
                self.past.write(thanks, at=self.at, author=self.requester, channel=self._channel())
                self.past.close(at=self.at, actor=self.requester)
        elif settings.AUTO_CLOSE_DAYS:
            self.at += timedelta(days=settings.AUTO_CLOSE_DAYS)
            if self.at < self.now:
                self.past.close(at=self.at, actor=None)

    # --- time ---

    def _share_of(self, goal: timedelta) -> tuple[timedelta, bool]:
        """(working time taken of a goal, whether that is too long): mostly well before it, now and then beyond."""
        if self._happens(self.quality):
            return goal * self.chance.betavariate(1.3, 3.4), False
        return goal * self.chance.uniform(1.04, 1.8), True

    def _work(self, length: timedelta) -> timedelta:
        """Time goes on by that much working time of the clock's calendar. Returns it."""
        self.at = add_working(self.hours, self.at, length) + timedelta(seconds=self.chance.randrange(40))
        return length

    def _wait(self, least: float, most: float) -> None:
        """The requester answers, in his own office hours; so many of them later."""
        self.at = add_working(self.office, self.at, HOUR * self.chance.uniform(least, most))

    def _channel(self) -> Channel:
        return Channel.MAIL if self.past.ticket.channel == Channel.MAIL else Channel.PORTAL

    def _happens(self, probability: float) -> bool:
        return self.chance.random() < probability
