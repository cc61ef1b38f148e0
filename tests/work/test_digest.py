"""AC-A6d: more than twenty at once are one digest; the counts are exact, whatever order things come in."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from journal import outbox
from journal.models import Event, Outbox
from mail.letters import compose
from slas import sweep
from slas.models import Clock, Escalation, EscalationNotice, EscalationStep, Metric
from slas.sweep import sweep_due_clocks
from tests.crowd import crowd, multiply
from work import digest

LATER = timezone.now() + timedelta(days=30)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def many(open_for, bob):
    """many(30): that many clocks of first response whose steps are due at 12:00, 13:00, 14:00 and 15:00."""

    def _make(n):
        first = open_for(bob, impact=3, urgency=1)
        clock = Clock.objects.get(ticket=first.ticket, metric=Metric.FIRST_RESPONSE)
        multiply(clock, n - 1)
        Clock.objects.exclude(metric=Metric.FIRST_RESPONSE).update(next_fire_at=None)
        Outbox.objects.all().delete()
        return Clock.objects.filter(metric=Metric.FIRST_RESPONSE)

    return _make


def work_off(limit=50):
    """Dispatch what stays inside until nothing is left, as the worker's ticks of the next days do."""
    while outbox.dispatch(now=LATER, limit=limit, only=[sweep.TOPIC, digest.TOPIC]):
        pass


def letters(notice):
    return list(
        Outbox.objects.filter(topic="mail", payload__notice=notice)
        .values_list("payload__person", flat=True)
        .order_by("id")
    )


class TestAtOnce:
    def test_twenty_are_twenty_letters(self, many, lead):
        many(20)
        sweep_due_clocks(now=at(23, 12))
        work_off()
        assert letters("warning") == [lead.pk] * 20
        assert letters("digest") == []
        assert EscalationNotice.objects.filter(digest="").count() == 20

    def test_twenty_one_are_one_digest(self, many, lead):
        many(21)
        sweep_due_clocks(now=at(23, 12))
        work_off()
        assert letters("warning") == []
        assert letters("digest") == [lead.pk]
        key = Outbox.objects.get(topic=digest.TOPIC).dedupe_key
        assert list(EscalationNotice.objects.values_list("person", "digest")) == [(lead.pk, key)] * 21
        assert Event.objects.filter(name="sla.warned").count() == 21

    def test_counts_for_each_person(self, many, alice, lead):
        clocks = many(26)
        mine = [clock.ticket_id for clock in clocks.order_by("id")[:5]]
        type(clocks[0].ticket).objects.filter(pk__in=mine).update(assignee=alice)
        sweep_due_clocks(now=at(23, 12))
        work_off()
        assert letters("warning") == [alice.pk] * 5
        assert letters("digest") == [lead.pk]

    def test_two_sweeps_are_two_occasions(self, many, lead):
        clocks = many(30)
        clocks.filter(pk__in=[clock.pk for clock in clocks[:15]]).update(next_fire_at=at(23, 12, 1))
        clocks.update(fire_plan=[at(23, 12), at(24, 13), at(24, 14), at(24, 15)])
        sweep_due_clocks(now=at(23, 12))
        sweep_due_clocks(now=at(23, 12, 1))
        work_off()
        assert letters("warning") == [lead.pk] * 30
        assert letters("digest") == []

    def test_a_hand_over_in_a_storm_is_a_line_for_the_new_lead(self, many, agreement, our_organisation, alice):
        from accounts.models import Team

        agreement.steps.all().delete()
        field = Team.objects.create(name="Field", organisation=our_organisation, lead=alice)
        EscalationStep.objects.create(agreement=agreement, percent=50, reassigns_to=field)
        many(22)
        sweep_due_clocks(now=at(23, 12))
        work_off()
        assert letters("assigned") == []
        assert letters("digest").count(alice.pk) == 1
        row = Outbox.objects.get(topic="mail", payload__notice="digest", payload__person=alice.pk)
        assert compose(row).body.count("handed over to Field") == 22


class TestOutage:
    """Six hours in which nothing ran: 1,000 clocks, each past all its four steps."""

    @pytest.fixture
    def found(self, many, agreement):
        agreement.steps.update(raises_priority=False)
        many(1000)
        sweep_due_clocks(now=at(23, 18))
        return Escalation.objects.all()

    def test_every_missed_step_once_the_newest_sent_and_late(self, found, lead, manager_user):
        by_step = {
            step: found.filter(
                step=step, is_collapsed=step < 3, planned_at=at(23, 12 + step), fired_at=at(23, 18)
            ).count()
            for step in range(4)
        }
        assert by_step == {0: 1000, 1: 1000, 2: 1000, 3: 1000}
        assert Outbox.objects.filter(topic=sweep.TOPIC).count() == 1000
        work_off(limit=200)
        assert Event.objects.filter(name="sla.breached", data__late_by=3 * 3600).count() == 1000
        assert Event.objects.filter(name="sla.warned").count() == 0
        told = EscalationNotice.objects.exclude(digest="")
        assert told.count() == 2000  # assignee's stand-in and manager
        assert sorted(letters("digest")) == sorted([lead.pk, manager_user.pk])
        assert letters("breach") == []
        letter = compose(Outbox.objects.get(topic="mail", payload__notice="digest", payload__person=lead.pk))
        assert letter.subject == "Many deadlines at once: 1000"
        assert "Deadlines missed (1000)" in letter.body
        assert letter.body.count("told 3h 00m late") == 100
        assert "and 900 more" in letter.body
        assert sweep_due_clocks(now=at(23, 18, 1)) == 0


class TestLetters:
    """The row that waits for the sweep's steps."""

    def test_waits_for_steps_that_nobody_has_carried_out_and_that_is_no_try(self, many):
        many(30)
        sweep_due_clocks(now=at(23, 12))
        outbox.dispatch(now=at(23, 12), limit=10, only=[sweep.TOPIC])
        later = timezone.now() + timedelta(seconds=30)
        assert outbox.dispatch(now=later, only=[digest.TOPIC]) == 0
        row = Outbox.objects.get(topic=digest.TOPIC)
        assert (row.done_at, row.n_attempts, row.is_dead, row.lease_until) == (None, 0, False, None)
        work_off()
        assert EscalationNotice.objects.exclude(digest="").count() == 30
        assert len(letters("digest")) == 1

    def test_does_not_wait_for_a_step_that_failed_which_gets_a_letter_later(self, many, lead):
        many(30)
        sweep_due_clocks(now=at(23, 12))
        bad = Outbox.objects.filter(topic=sweep.TOPIC).first()
        Outbox.objects.filter(pk=bad.pk).update(
            answer="OSError: disk", available_at=LATER + timedelta(hours=1), n_attempts=3
        )
        work_off()
        assert (len(letters("digest")), len(letters("warning"))) == (1, 0)
        Outbox.objects.filter(pk=bad.pk).update(available_at=timezone.now())
        work_off()
        assert (len(letters("digest")), letters("warning")) == (1, [lead.pk])
        assert EscalationNotice.objects.count() == 30
        assert EscalationNotice.objects.filter(digest="").count() == 1

    def test_a_late_batch_of_the_same_sweep_is_told_once_more_and_nothing_twice(self, many, lead):
        many(30)
        sweep_due_clocks(now=at(23, 12))
        work_off()
        clock = crowd().order_by("-id").first()
        multiply(clock, 25, first=1001, clock_columns={"step": "0", "next_fire_at": "source.fire_plan[1]"})
        sweep_due_clocks(now=at(23, 12))
        work_off()
        assert letters("digest") == [lead.pk] * 2
        assert EscalationNotice.objects.exclude(digest="").count() == 55
        sizes = {key: EscalationNotice.objects.filter(digest=key).count() for key in digests()}
        assert sorted(sizes.values()) == [25, 30]

    def test_writes_nothing_twice_when_its_row_is_delivered_twice(self, many):
        many(30)
        sweep_due_clocks(now=at(23, 12))
        work_off()
        row = Outbox.objects.get(topic=digest.TOPIC)
        digest.write_letters(row, timezone.now())
        assert (len(letters("digest")), len(letters("warning"))) == (1, 0)


def digests():
    return set(EscalationNotice.objects.exclude(digest="").values_list("digest", flat=True))


class TestLetter:
    @pytest.fixture
    def row(self, many, lead):
        many(21)
        sweep_due_clocks(now=at(23, 12))
        work_off()
        return Outbox.objects.get(topic="mail", payload__notice="digest")

    def test_lists_each_ticket_with_its_address(self, row):
        letter = compose(row)
        number = crowd().first().ticket.number
        assert letter.subject == "Many deadlines at once: 21"
        assert "21 deadlines concern you; they were found at once, so this is one letter." in letter.body
        assert "Deadlines ahead (21)" in letter.body
        assert f"{number}  VPN drops every hour" in letter.body
        assert "late" not in letter.body
        html = letter.alternatives[0][0]
        assert f'<a href="http://127.0.0.1:8000/tickets/{number}/">{number}</a>' in html
        assert "In-Reply-To" not in letter.extra_headers

    def test_is_in_the_readers_language_and_zone(self, row, lead):
        lead.language, lead.time_zone = "zh-hans", "Asia/Shanghai"
        lead.save()
        letter = compose(row)
        assert letter.extra_headers["Content-Language"] == "zh-hans"
        assert "2026年11月23日 22:00" in letter.body
        assert "本邮件由 Portico 自动发送" in letter.body

    def test_leaves_out_what_the_person_may_no_longer_see(self, row, lead, mailless):
        lead.roles.set(mailless)
        with pytest.raises(Exception, match="not an agent"):
            compose(row)

    @pytest.fixture
    def mailless(self, db):
        from accounts.models import Role

        return Role.objects.filter(key="requester")


def test_the_outbox_page_says_whose_digest_it_is(many, client_of, admin_user):
    many(21)
    sweep_due_clocks(now=at(23, 12))
    work_off()
    html = client_of(admin_user).get("/desk/outbox/", {"state": "waiting", "topic": "mail"}).content.decode()
    assert "Many deadlines at once, to Lena" in html
