"""Targets: what can be promised, and what is refused with the field and the rule."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from core.machine import IllegalMove
from slas.agreements import services
from slas.agreements.checks import Stage, problems_of
from slas.agreements.document import read_document
from slas.agreements.services import Goal
from slas.models import Agreement, BusinessCalendar, Metric, OpeningHours, SpecialDay

HOUR = timedelta(hours=1)


@pytest.fixture
def draft(agreement, manager_user, now) -> Agreement:
    return services.revise_agreement(agreement=agreement, actor=manager_user, now=now)


@pytest.fixture
def set_one(draft, manager_user, now):
    """Promise one resolution time for P1, and nothing else."""

    def _set(duration: timedelta, calendar: BusinessCalendar | None = None) -> None:
        goals = [Goal(Metric.RESOLUTION, 1, duration, calendar)]
        services.set_targets(agreement=draft, goals=goals, actor=manager_user, now=now)

    return _set


def refused(act) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as error:
        act()
    return error.value.message_dict


class TestSetTargets:
    def test_takes_the_place_of_those_before(self, draft, set_one, office):
        set_one(3 * HOUR, office)
        [target] = draft.targets.all()
        assert (target.metric, target.priority, target.duration, target.calendar) == ("resolution", 1, 3 * HOUR, office)

    @pytest.mark.parametrize("hours", [0, -1])
    def test_refuses_nothing_at_all(self, draft, set_one, hours):
        assert refused(lambda: set_one(hours * HOUR)) == {
            "resolution_1": ["A target must be longer than 0. Leave it empty to promise nothing."]
        }
        assert draft.targets.count() == 10

    def test_refuses_three_years(self, set_one):
        assert refused(lambda: set_one(timedelta(days=1095))) == {
            "resolution_1": ["A target must be shorter than three years."]
        }

    def test_refuses_what_takes_three_years_by_the_calendar(self, set_one, office):
        """2,200 working days of 8 hours are under three years of time, and over eight years on the wall."""
        [rule] = refused(lambda: set_one(2200 * 8 * HOUR, office))["resolution_1"]
        assert "Office hours" in rule
        assert "2035" in rule

    def test_takes_a_little_less(self, draft, set_one, always):
        set_one(timedelta(days=1094), always)
        assert draft.targets.get().duration == timedelta(days=1094)

    def test_refuses_a_calendar_that_never_opens(self, set_one):
        never = BusinessCalendar.objects.create(name="Never", time_zone="UTC")
        [rule] = refused(lambda: set_one(HOUR, never))["resolution_1"]
        assert rule == "The calendar “Never” never has so much working time."

    def test_refuses_a_calendar_that_has_not_so_much_time_left(self, set_one, draft, now):
        once = BusinessCalendar.objects.create(name="Once", time_zone="UTC")
        day = now.date() + timedelta(days=7)
        SpecialDay.objects.create(calendar=once, date=day, name="The one", intervals=["09:00-17:00"])
        set_one(8 * HOUR, once)
        assert list(refused(lambda: set_one(9 * HOUR, once))) == ["resolution_1"]
        assert draft.targets.get().duration == 8 * HOUR

    def test_refuses_what_another_kind_of_agreement_promises(self, draft, manager_user, now):
        goals = [Goal(Metric.TEAM, 1, HOUR)]
        assert list(
            refused(lambda: services.set_targets(agreement=draft, goals=goals, actor=manager_user, now=now))
        ) == ["team_1"]

    def test_names_every_field_that_is_wrong(self, draft, manager_user, now):
        goals = [Goal(Metric.RESOLUTION, 1, timedelta(0)), Goal(Metric.OWN, 3, timedelta(days=2000))]
        found = refused(lambda: services.set_targets(agreement=draft, goals=goals, actor=manager_user, now=now))
        assert sorted(found) == ["own_3", "resolution_1"]

    def test_never_touches_an_active_version(self, agreement, manager_user, now):
        with pytest.raises(IllegalMove):
            services.set_targets(agreement=agreement, goals=[], actor=manager_user, now=now)
        assert agreement.targets.count() == 10


class TestProblems:
    def problems(self, draft, now, stage):
        return [str(each) for each in problems_of(read_document(draft), now=now) if each.stage is stage]

    def test_warn_of_priorities_without_a_promise(self, draft, set_one, now):
        set_one(HOUR)
        assert "Resolution: Nothing is promised for P2, P3, P4, P5." in self.problems(draft, now, Stage.WARN)

    def test_warn_of_a_higher_priority_with_more_time(self, draft, manager_user, now, office):
        goals = [Goal(Metric.RESOLUTION, 1, 8 * HOUR), Goal(Metric.RESOLUTION, 2, 4 * HOUR)]
        services.set_targets(agreement=draft, goals=goals, actor=manager_user, now=now)
        assert "Resolution: P1 gets more time than P2." in self.problems(draft, now, Stage.WARN)

    def test_are_none_of_a_sound_draft_but_its_open_ends(self, draft, now):
        assert [each for each in problems_of(read_document(draft), now=now) if each.refuses] == []
        assert self.problems(draft, now, Stage.WARN) == [
            "Review on: No day is set on which it is looked at again.",
            "Signed by: Nobody has signed it.",
        ]

    def test_find_a_calendar_that_lost_its_hours_since(self, draft, office, now):
        OpeningHours.objects.filter(calendar=office).delete()
        office.version += 1
        office.save()
        draft.refresh_from_db()
        found = self.problems(draft, now, Stage.SAVE)
        assert found[0] == "First response, P3: The calendar “Office hours” never has so much working time."
        assert len(found) == 6
