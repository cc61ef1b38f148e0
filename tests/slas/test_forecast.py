"""The forecast is held against worlds whose chances are known, and against what clocks really came to."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.utils import timezone

from incidents.services import hold_incident, resolve_incident, resume_incident
from journal import jobs
from journal.models import Event, Job
from slas.forecast import selectors, services
from slas.forecast.calibration import Report
from slas.forecast.model import ENOUGH, PULL, SHARES, Likeness, Sample, Table
from slas.forecast.samples import read_samples
from slas.models import Clock, Metric
from tickets.models import WaitingReason
from work.services import assign_ticket, reply_to_ticket

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
USUAL = Likeness("resolution", 3, 1, 1, 2)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def samples(n, n_met, likeness=USUAL, place=0):
    return [Sample(likeness, place, number < n_met, NOW, NOW) for number in range(n)]


def table(*groups):
    return Table([sample for group in groups for sample in group], made_at=NOW)


class TestForetell:
    def test_is_the_share_of_like_clocks_that_was_met(self):
        found = table(samples(40, 30)).foretell(USUAL, 0)
        assert (found.chance, found.n, found.n_met, found.rung) == (0.75, 40, 30, 5)

    def test_says_nothing_below_enough_samples(self):
        assert table(samples(ENOUGH - 1, 20)).foretell(USUAL, 0) is None
        assert table(samples(ENOUGH, 20)).foretell(USUAL, 0) is not None
        assert table(samples(100, 50)).foretell(Likeness("own", 3, 1, 1, 2), 0) is None

    def test_gives_way_to_a_coarser_group(self):
        other_team = Likeness("resolution", 3, 1, 2, 2)
        found = table(samples(40, 30), samples(10, 0, other_team)).foretell(other_team, 0)
        assert (found.chance, found.n, found.rung, found.alike) == (30 / 50, 50, 3, ("metric", "priority", "service"))

    def test_draws_a_group_towards_the_coarser_one(self):
        other_team = Likeness("resolution", 3, 1, 2, 2)
        found = table(samples(60, 60), samples(40, 0, other_team)).foretell(other_team, 0)
        assert found.chance == pytest.approx((0 + PULL * 0.6) / (40 + PULL))
        assert (found.n, found.n_met) == (40, 0)

    def test_compares_with_clocks_that_were_still_running(self):
        known = table(samples(100, 90), samples(50, 40, place=3), samples(40, 4, place=4))
        assert known.foretell(USUAL, SHARES[3]).chance == 0.8
        assert known.foretell(USUAL, SHARES[4]).chance == 0.1
        halfway = known.foretell(USUAL, (SHARES[3] + SHARES[4]) / 2)
        assert (halfway.chance, halfway.n) == (pytest.approx(0.45), 50)

    def test_falls_to_nil_at_the_goal_itself(self):
        known = table(*(samples(40, 20, place=place) for place in range(len(SHARES))))
        assert known.foretell(USUAL, 0.95).chance == pytest.approx(0.25)
        assert known.foretell(USUAL, 0.9999).chance < 0.01
        assert known.foretell(USUAL, 1) is None
        assert known.foretell(USUAL, -0.001).chance == 0.5


def world(n, chance_of, seed=1):
    """Clocks of two teams and four priorities, one an hour, whose truth is `chance_of(likeness, place)`: they reach half of
    their goal or end before it, met."""
    luck, found = random.Random(seed), []
    for number in range(n):
        likeness = Likeness("resolution", luck.randint(1, 4), None, luck.choice([1, 2]), number % 4)
        begun = NOW + number * HOUR
        is_met = luck.random() < chance_of(likeness, 0)
        for place in (0, 3) if luck.random() < 0.5 else (0,):
            found.append(Sample(likeness, place, is_met, begun, begun + 5 * HOUR))
    return found


class TestCalibration:
    def test_finds_chances_that_are_there(self):
        truth = {
            (priority, team): 0.1 + 0.1 * priority + 0.35 * (team - 1) for priority in range(1, 5) for team in (1, 2)
        }
        report = Report()
        report.assess("resolution", world(6000, lambda likeness, _place: truth[likeness.priority, likeness.team]))
        score = report.score("resolution", 0.0)
        assert score.n == 1800
        # Who knew the truth could not do better than the mean of p (1 - p).
        best = sum(p * (1 - p) for p in truth.values()) / len(truth)
        assert score.brier == pytest.approx(best, abs=0.012)
        assert 0.1 < score.skill < 0.4
        for n, chances, n_met in report.bins:
            if n > 100:
                assert chances / n == pytest.approx(n_met / n, abs=0.09)

    def test_claims_no_skill_where_there_is_none(self):
        report = Report()
        report.assess("resolution", world(6000, lambda _likeness, _place: 0.7))
        assert report.score().skill == pytest.approx(0, abs=0.02)

    def test_learns_nothing_from_what_came_later(self):
        # The luck turns with the cut: who looked ahead would foretell the change.
        before, after = world(1000, lambda *_: 1.0), world(1000, lambda *_: 0.0, seed=2)
        turned = [
            Sample(s.likeness, s.place, s.is_met, s.started_at + 2000 * HOUR, s.known_at + 2000 * HOUR) for s in after
        ]  # fmt: skip
        report = Report()
        report.assess("resolution", before + turned[: len(turned) // 4])
        # The last 30 % are almost all late, and it had only ever seen clocks that were met.
        assert report.score().brier > 0.6
        # Known late is not learnt, however early it began.
        secret = [Sample(s.likeness, s.place, s.is_met, s.started_at, NOW + 9999 * HOUR) for s in before]
        report = Report()
        report.assess("resolution", secret)
        assert (report.learnt["resolution"], report.score().n) == (0, 0)

    def test_needs_a_history(self):
        report = Report()
        report.assess("resolution", world(2 * ENOUGH - 1, lambda *_: 0.5))
        assert report.scores == {}
        assert report.score().n == 0

    def test_measures_the_two_who_know_nothing(self):
        half_then_none = [
            Sample(USUAL, place, met, NOW + n * HOUR, NOW + n * HOUR)
            for n in range(400) for place, met in (((0, True),) if n % 2 else ((0, False), (3, False)))
        ]  # fmt: skip
        report = Report()
        report.assess("resolution", half_then_none)
        later = report.score("resolution", 0.5)
        assert later.brier_of_base == pytest.approx(0.25, abs=0.001)
        assert later.brier_of_base_here == 0
        assert report.score("resolution", 0.0).skill == pytest.approx(0, abs=0.02)


@pytest.fixture
def handle(open_for, bob, alice):
    """Open a P3 at a moment and resolve it so many working hours later; 24 are promised."""

    def _handle(opened_at, hours, **fields):
        incident = open_for(bob, impact=3, urgency=1, at=opened_at, **fields)
        days, rest = divmod(hours, 8)
        ended_at = opened_at + timedelta(days=days, hours=rest)
        resolve_incident(incident=incident, code="fixed", resolution="Renewed.", actor=alice, now=ended_at)
        return incident

    return _handle


def of_resolution(found):
    return sorted((s.place, s.is_met) for s in found if s.likeness.metric == Metric.RESOLUTION)


class TestReadSamples:
    def test_takes_a_clock_at_each_share_it_used(self, handle):
        handle(at(16, 9), 7)  # 29 % of 24 h: 0, 10 and 25 %
        assert of_resolution(read_samples(now=at(30, 9))) == [(0, True), (1, True), (2, True)]

    def test_knows_a_late_one_before_it_ends(self, open_for, bob):
        open_for(bob, impact=3, urgency=1, at=at(16, 9))
        assert of_resolution(read_samples(now=at(18, 16))) == []
        late = [s for s in read_samples(now=at(19, 10)) if s.likeness.metric == Metric.RESOLUTION]
        assert of_resolution(late) == [(place, False) for place in range(len(SHARES))]
        assert {s.known_at for s in late} == {at(18, 17)}

    def test_knows_who_had_it_then_and_not_only_in_the_end(self, open_for, bob, alice, network, our_organisation):
        other = type(network).objects.create(name="Servers", organisation=our_organisation)
        incident = open_for(bob, impact=3, urgency=1, at=at(16, 9))
        hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=at(16, 10)
        )
        resume_incident(incident=incident, actor=alice, now=at(17, 10))
        assign_ticket(ticket=incident.ticket, team=other, assignee=None, actor=alice, now=at(17, 12))
        resolve_incident(incident=incident, code="fixed", resolution="Renewed.", actor=alice, now=at(18, 17))
        teams = {s.place: s.likeness.team for s in read_samples(now=at(30, 9)) if s.likeness.metric == "resolution"}
        # Three hours were used at the hand-over: after 10 % and before 25 % of the 24.
        assert teams == {0: network.pk, 1: network.pk, 2: other.pk, 3: other.pk}

    def test_leaves_out_what_was_cancelled_or_promised_by_a_person(self, handle):
        handle(at(16, 9), 2)
        Clock.objects.update(state=Clock.State.CANCELLED)
        assert list(read_samples(now=at(30, 9))) == []


@pytest.fixture
def history(handle, settings):
    """Thirty P3 of which twenty were resolved in two hours, and ten in thirty; and a cache to remember them in."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "forecast"}}
    cache.clear()
    for number in range(30):
        handle(at(2, 9, number), 2 if number % 3 else 30)


@pytest.mark.usefixtures("history")
class TestTheDesk:
    def test_tells_the_chance_and_the_sample_on_the_clocks_page(self, open_for, bob, alice, client_of):
        services.refresh_table(now=timezone.now())
        incident = open_for(bob, impact=3, urgency=1, at=timezone.now())
        clock = incident.ticket.clocks.get(metric=Metric.RESOLUTION)
        chance = selectors.chances([clock], now=timezone.now())[clock.pk]
        assert chance.percent == 67
        assert chance.words == "7 of 10 like tickets made it from here"
        assert chance.sample.startswith("30 like tickets, alike in: metric, priority, service, team")
        page = client_of(alice).get(f"/tickets/{incident.ticket.number}/clocks/{clock.pk}/").content.decode()
        assert "67 %: 7 of 10 like tickets made it from here" in page

    def test_knows_that_what_is_still_open_is_likelier_late(self, open_for, bob):
        services.refresh_table(now=timezone.now())
        incident = open_for(bob, impact=3, urgency=1, at=at(23, 9))
        clock = incident.ticket.clocks.get(metric=Metric.RESOLUTION)
        # Fewer than 30 were ever open for so long: nothing is said of them.
        assert selectors.chances([clock], now=at(24, 13)) == {}

    def test_says_nothing_without_a_table_or_of_clocks_that_do_not_run(self, open_for, bob, alice):
        incident = open_for(bob, impact=3, urgency=1, at=at(23, 9))
        clocks = list(incident.ticket.clocks.all())
        assert selectors.chances(clocks, now=at(23, 9)) == {}
        services.refresh_table(now=at(23, 9))
        assert len(selectors.chances(clocks, now=at(23, 9))) == 2
        reply_to_ticket(ticket=incident.ticket, body="We look.", actor=alice, now=at(23, 10), channel="desk")
        resolve_incident(incident=incident, code="fixed", resolution="Renewed.", actor=alice, now=at(23, 11))
        assert selectors.chances(incident.ticket.clocks.all(), now=at(23, 12)) == {}

    def test_asks_no_query_for_a_page(self, open_for, bob, django_assert_num_queries):
        services.refresh_table(now=at(23, 9))
        incident = open_for(bob, impact=3, urgency=1, at=at(23, 9))
        clocks = list(incident.ticket.clocks.select_related("ticket"))
        selectors.chances(clocks, now=at(23, 9))
        with django_assert_num_queries(0):
            selectors.chances(clocks, now=at(23, 9))

    def test_shows_the_chance_in_the_list_of_tickets_at_risk(self, open_for, bob, manager_user, client_of):
        services.refresh_table(now=timezone.now())
        open_for(bob, impact=3, urgency=1, at=timezone.now())
        page = client_of(manager_user).get("/reports/service-levels/").content.decode()
        assert "chance 67 %" in page
        assert "7 of 10 like tickets made it from here" in page

    def test_learns_at_most_once_an_hour_and_only_from_news(self, handle):
        assert services.refresh_table(now=at(23, 9)) is True
        assert services.refresh_table(now=at(23, 9, 59)) is False
        assert services.refresh_table(now=at(23, 10, 1)) is False  # nothing ended
        handle(at(23, 9), 2)
        assert services.refresh_table(now=at(23, 10, 30)) is False
        assert services.refresh_table(now=at(23, 11, 30)) is True
        cache.delete(services.TABLE_KEY)
        assert services.refresh_table(now=at(23, 11, 31)) is True


class TestCalibrateForecast:
    def test_writes_down_what_it_finds(self, db, capsys):
        call_command("calibrate_forecast")
        assert "Too little history" in capsys.readouterr().out
        event = Event.objects.get(name=services.CALIBRATED)
        assert (event.actor, event.subject_kind) == (None, "forecast")
        assert Report(**event.data).score().n == 0

    def test_is_a_job_of_one_step_per_metric(self, handle, manager_user, alice, client_of):
        for number in range(2 * ENOUGH):
            handle(at(2 + number // 5, 9), 2 if number % 3 else 30)
        with pytest.raises(PermissionDenied):
            services.start_calibration(actor=alice, now=timezone.now())
        services.start_calibration(actor=manager_user, now=at(30, 12))
        job = jobs.run_next(now=timezone.now())
        assert (job.state, job.n_done) == (Job.State.DONE, job.n_total)
        report = Report(**selectors.newest_calibration().data)
        assert set(report.cuts) == {Metric.FIRST_RESPONSE, Metric.RESOLUTION}
        page = client_of(alice).get("/service-levels/forecast/").content.decode()
        assert report.score().n > 10
        assert "Brier score" in page
        assert "Measure now" not in page
        assert "Measure now" in client_of(manager_user).get("/service-levels/forecast/").content.decode()
