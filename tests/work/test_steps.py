"""The escalation steps on a ticket: planned, reached, told, left out, and the next with its time."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from incidents.services import hold_incident, resolve_incident
from journal import outbox
from journal.models import Webhook
from slas import sweep
from slas.models import Clock, EscalationNotice, EscalationStep, Metric
from slas.sweep import sweep_due_clocks
from tickets.models import WaitingReason
from work.selectors.steps import next_step, steps_of, when


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def fire(now):
    sweep_due_clocks(now=now)
    outbox.dispatch(now=timezone.now() + timedelta(days=30), only=[sweep.TOPIC])


def clock_of(incident, metric=Metric.FIRST_RESPONSE):
    return Clock.objects.get(ticket=incident.ticket, metric=metric)


class TestStepsOf:
    def test_shows_what_was_reached_and_what_comes_next(self, incident):
        fire(at(23, 12))
        steps = steps_of(clock_of(incident), at(23, 12, 30))
        assert [(step.what, step.state, step.planned_at) for step in steps] == [
            ("50 % of the time", "done", at(23, 12)),
            ("75 % of the time", "next", at(23, 13)),
            ("at the deadline", "planned", at(23, 14)),
            ("1h after the deadline", "planned", at(23, 15)),
        ]
        assert (steps[0].told, steps[0].late, steps[0].why) == ("Lena", "", "")
        assert steps[0].fired_at == at(23, 12)
        assert next_step(steps) == steps[1]

    def test_says_what_each_will_do(self, incident):
        steps = steps_of(clock_of(incident), at(23, 11))
        assert [step.will for step in steps] == [
            "tells the assignee",
            "tells the assignee, the team lead",
            "tells the assignee, the team lead, the manager",
            "tells the assignee, the manager; raises the priority",
        ]

    def test_shows_collapsed_steps_and_how_late_the_newest_was(self, incident):
        fire(at(23, 14, 20))
        steps = steps_of(clock_of(incident), at(23, 14, 30))
        assert [(step.state, step.late) for step in steps] == [
            ("collapsed", "2h 20m"), ("collapsed", "1h 20m"), ("done", "20m"), ("next", ""),
        ]  # fmt: skip
        assert steps[0].told == ""
        assert steps[2].told == "Lena, Mona"

    def test_says_why_a_step_told_nobody(self, agreement, open_for, bob):
        agreement.steps.all().delete()
        EscalationStep.objects.create(agreement=agreement, percent=50, only_priorities=[1, 2])
        incident = open_for(bob, impact=3, urgency=1)
        fire(at(23, 12))
        (step,) = steps_of(clock_of(incident), at(23, 13))
        assert (step.state, step.why) == ("left_out", "it is for other priorities")
        assert step.will == "tells the assignee; only for P1 Critical, P2 High"

    def test_says_what_a_step_did_and_whom_it_calls(self, agreement, open_for, bob, network, our_organisation):
        from accounts.models import Team

        field = Team.objects.create(name="Field", organisation=our_organisation)
        pager = Webhook.objects.create(name="Pager", url="https://93.184.216.34/", secret="whsec_c2VjcmV0")
        agreement.steps.all().delete()
        EscalationStep.objects.create(
            agreement=agreement,
            percent=50,
            raises_priority=True,
            reassigns_to=field,
            webhook=pager,
            notifies_assignee=False,
        )
        incident = open_for(bob, impact=3, urgency=1)
        (before,) = steps_of(clock_of(incident), at(23, 11))
        assert before.will == "raises the priority; hands over to Field; calls Pager"
        fire(at(23, 12))
        old = Clock.objects.filter(ticket=incident.ticket, metric=Metric.FIRST_RESPONSE).order_by("id")[0]
        (step,) = steps_of(old, at(23, 13))
        assert step.did == "raised the priority to P2, handed it over to Field, called Pager"

    def test_has_no_time_for_what_comes_while_the_clock_stands_still(self, incident, alice):
        hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which client?", actor=alice, now=at(23, 11)
        )
        steps = steps_of(clock_of(incident, Metric.RESOLUTION), at(23, 12))
        assert [(step.state, step.planned_at) for step in steps] == [("waiting", None)] + [("planned", None)] * 3
        assert next_step(steps) == steps[0]

    def test_says_what_was_not_reached(self, incident, alice):
        fire(at(23, 12))
        resolve_incident(incident=incident, code="fixed", resolution="Done.", actor=alice, now=at(23, 12, 30))
        steps = steps_of(clock_of(incident), at(23, 16))
        assert [step.state for step in steps] == ["done", "not_reached", "not_reached", "not_reached"]
        assert next_step(steps) is None

    def test_says_who_was_told_in_a_digest(self, incident):
        fire(at(23, 12))
        EscalationNotice.objects.update(digest="letters:1:1:1")
        assert steps_of(clock_of(incident), at(23, 13))[0].is_in_digest

    def test_asks_the_database_once(self, incident, django_assert_num_queries):
        clock = clock_of(incident)
        fire(at(23, 15, 30))
        with django_assert_num_queries(1):
            steps_of(clock, at(23, 16))


@pytest.mark.parametrize(
    ("rung", "words"),
    [
        ({"percent": 75, "offset": 0}, "75 % of the time"),
        ({"percent": 100, "offset": 0}, "at the deadline"),
        ({"percent": 100, "offset": -1800}, "30m before the deadline"),
        ({"percent": 100, "offset": 5400, "any_hour": True}, "1h 30m after the deadline, at any hour"),
        ({"percent": 0, "offset": 900}, "15m after 0 % of the time"),
        ({"percent": 50, "offset": -900}, "15m before 50 % of the time"),
    ],
)
def test_when_a_step_fires_in_words(rung, words):
    assert when(rung) == words


def test_the_table_shows_them(incident):
    fire(at(23, 14, 20))
    html = render_to_string("work/steps.html", {"steps": steps_of(clock_of(incident), at(23, 14, 30))})
    assert html.count("Not sent: found late together with a later step") == 2
    assert "Told Lena, Mona" in html
    assert html.count('aria-current="step"') == 1
    assert "20m late" in html
