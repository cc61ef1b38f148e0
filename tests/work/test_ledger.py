"""The account of a clock: on the page, in the ticket's side, on paper. Its lines add up to what the clock shows."""

import io
import random
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from pypdf import PdfReader

from accounts.models import Team
from incidents import services as incidents
from incidents.models import Incident
from slas.calendars import content_of, pure_calendar
from slas.ledger import SegmentKind
from slas.models import Agreement, BusinessCalendar, CalendarVersion, Clock, Metric, SpecialDay, Target
from slas.selectors import clock_ledger
from tickets.models import Channel, WaitingReason
from work.selectors.ledger import account_of, for_account, hours_words
from work.services import assign_ticket, promise_date, reply_to_ticket
from work.wording import exactly

HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def account(incident, now, metric=Metric.RESOLUTION, *, for_desk=True):
    clock = for_account(Clock.objects.filter(ticket=incident.ticket, metric=metric)).latest("generation")
    return account_of(clock, now=now, for_desk=for_desk)


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


@pytest.fixture
def page(client_of, alice, incident):
    clock = incident.ticket.clocks.get(metric=Metric.RESOLUTION)

    def _page(path=""):
        return client_of(alice).get(f"/tickets/{incident.ticket.number}/clocks/{clock.pk}/{path}")

    return _page


class TestTheSum:
    @pytest.mark.parametrize("seed", range(8))
    def test_is_the_number_shown_whatever_happened(self, open_for, bob, alice, lead, network, seed):
        """Random lives of weeks, at odd seconds: the lines' sum is the time used, to the second."""
        chance = random.Random(seed)
        incident = open_for(bob, impact=3, urgency=1, at=at(2, 8) + timedelta(seconds=chance.random() * 9000))
        now = incident.ticket.opened_at
        for _step in range(12):
            now += timedelta(seconds=chance.random() * 200_000)
            incident = Incident.objects.with_header().get(pk=incident.pk)
            if incident.ticket.phase == "waiting":
                incidents.resume_incident(incident=incident, actor=alice, now=now)
            elif chance.random() < 0.5:
                reason = chance.choice(WaitingReason.values)
                incidents.hold_incident(incident=incident, reason=reason, comment="Why?", actor=lead, now=now)
            else:
                urgency = chance.randint(1, 3)
                incidents.prioritise_incident(incident=incident, impact=3, urgency=urgency, actor=alice, now=now)
        for clock in for_account(Clock.objects.filter(ticket=incident.ticket)):
            found = account_of(clock, now=now + HOUR, for_desk=True)
            ledger = clock_ledger(clock, now=now + HOUR)
            running = sum((s.worked for s in ledger.segments if s.kind is SegmentKind.RUNNING), timedelta(0))
            assert running == ledger.used
            assert found.total == timedelta(seconds=round(ledger.used.total_seconds()))
            assert sum((entry.counted for entry in found.entries if entry.counted), timedelta(0)) == found.total
            assert sum((leaf.counted for leaf in found.leaves if leaf.counted), timedelta(0)) == found.total
            assert len(list(found.leaves)) == len(ledger.segments)

    def test_leaves_no_gap(self, incident, alice):
        incidents.hold_incident(
            incident=incident, reason="requester", comment="Which?", actor=alice, now=at(24, 11)
        )  # fmt: skip
        leaves = list(account(incident, at(30, 12)).leaves)
        assert leaves[0].starts_at == incident.ticket.opened_at
        assert leaves[-1].ends_at == at(30, 12)
        assert all(one.ends_at == other.starts_at for one, other in pairwise(leaves))


class TestFolding:
    def test_makes_two_months_readable(self, open_for, bob, office):
        SpecialDay.objects.create(calendar=office, date=date(2026, 10, 5), name="Republic Day")
        incident = open_for(bob, impact=3, urgency=1, at=datetime(2026, 9, 22, 9, 0, tzinfo=UTC))
        found = account(incident, at(23, 12))
        (line,) = found.entries
        assert line.words == "44 working days; Holiday: Republic Day"
        assert line.counted == 43 * 8 * HOUR + 3 * HOUR
        assert {part.words for part in line.parts} == {
            "Running", "Outside working hours", "Holiday: Republic Day",
        }  # fmt: skip

    def test_leaves_a_short_story_and_every_pause_open(self, incident, alice):
        incidents.hold_incident(
            incident=incident, reason="requester", comment="Which?", actor=alice, now=at(23, 11)
        )  # fmt: skip
        incidents.resume_incident(incident=incident, actor=alice, now=at(24, 10))
        assert [(entry.kind, entry.words, entry.counted_words) for entry in account(incident, at(24, 12)).entries] == [
            ("running", "Running", "1h"),
            ("paused", "Paused by Alice: Waiting for the requester", ""),
            ("running", "Running", "2h"),
        ]


class TestReasons:
    def test_say_which_team_and_supplier_matters(self, agreement, office, network, our_organisation, incident, alice):
        ola = Agreement.objects.create(
            kind=Agreement.Kind.OLA, name="OLA", team=network, calendar=office, start_date=date(2020, 1, 1)
        )
        Target.objects.create(agreement=ola, metric=Metric.TEAM, priority=3, duration=4 * HOUR)
        servers = Team.objects.create(name="Servers", organisation=our_organisation)
        assign_ticket(ticket=incident.ticket, team=servers, assignee=None, actor=alice, now=at(23, 11))
        assign_ticket(ticket=incident.ticket, team=network, assignee=None, actor=alice, now=at(23, 12))
        assign_ticket(ticket=incident.ticket, team=servers, assignee=None, actor=alice, now=at(23, 13))
        found = account(incident, at(23, 14), Metric.TEAM)
        assert found.title == "Share of Network"
        assert [entry.words for entry in found.entries] == ["Running", "Paused by Alice: Another team has it"]

    def test_tell_a_reopening(self, incident, alice, bob):
        incidents.resolve_incident(
            incident=incident, code="fixed", resolution="Done.", actor=alice, now=at(23, 12)
        )  # fmt: skip
        incidents.reopen_incident(incident=incident, actor=bob, now=at(23, 13))
        words = [entry.words for entry in account(incident, at(23, 14)).entries]
        assert words == ["Running", "Paused by Alice: Resolved, then reopened", "Running"]


class TestFacts:
    def test_name_agreement_calendar_and_their_versions(self, agreement, office, incident):
        facts = {fact.label: fact.words for fact in account(incident, at(23, 12)).facts}
        assert facts["Agreement"] == "Gold, version 1"
        assert facts["Calendar"] == "Office hours, version 1: Mon–Fri 09:00–17:00 (UTC)"
        assert facts["Target"] == "P3 Moderate, 24h"

    def test_keep_the_calendar_the_promise_was_made_with(self, office, incident):
        CalendarVersion.objects.create(calendar=office, number=1, content=content_of(office), made_at=at(23, 10))
        office.opening_hours.update(interval="10:00-12:00")
        BusinessCalendar.objects.filter(pk=office.pk).update(version=2)
        found = account(incident, at(24, 9))
        assert "version 1: Mon–Fri 09:00–17:00" in {fact.label: fact.words for fact in found.facts}["Calendar"]
        assert found.total == 7 * HOUR

    def test_say_what_comes_next_and_was_promised_before(self, incident, alice):
        found = account(incident, at(23, 11))
        assert found.next_step == "24 Nov 2026, 14:00, 50 % of the time: tells the assignee"
        incidents.prioritise_incident(incident=incident, impact=2, urgency=1, actor=alice, now=at(23, 11))
        assert account(incident, at(23, 12)).past == ["P3 Moderate, Gold, 24h"]

    def test_of_a_commitment_name_who_made_it(self, incident, alice):
        promise_date(
            ticket=incident.ticket, due_at=at(25, 12), words="With the new router.", actor=alice, now=at(23, 11)
        )
        facts = {fact.label: fact.words for fact in account(incident, at(23, 12), Metric.COMMITMENT).facts}
        assert (facts["Promised by"], facts["In these words"]) == ("Alice", "With the new router.")


class TestThePage:
    def test_stands_alone(self, page, time_machine):
        time_machine.move_to(at(24, 10), tick=False)
        html = page().content.decode()
        assert '<h1 class="pd-grow" id="account-title">Resolution: where the time went</h1>' in html
        assert "8h</b>" in html
        assert 'href="/tickets/' in html

    def test_is_on_paper_too(self, page, incident, time_machine):
        time_machine.move_to(at(24, 10), tick=False)
        answer = page("ledger.pdf")
        assert answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"] == (
            f'inline; filename="{incident.ticket.number}-resolution.pdf"'
        )  # fmt: skip
        text = text_of(answer.content)
        for words in ("Resolution: where the time went", incident.ticket.number, "Outside working hours", "Sum", "8h"):
            assert words in text

    def test_speaks_chinese_on_paper(self, page, alice):
        alice.language = "zh-hans"
        alice.save()
        text = text_of(page("ledger.pdf").content)
        for words in ("解决：时间去向", "协议", "合计"):
            assert words in text

    def test_of_another_ticket_is_not_there(self, client_of, alice, incident, open_for, bob):
        other = open_for(bob).ticket
        clock = incident.ticket.clocks.first()
        assert client_of(alice).get(f"/tickets/{other.number}/clocks/{clock.pk}/").status_code == 404

    @pytest.mark.parametrize("path", ["", "ledger.pdf"])
    def test_is_for_the_desk(self, client_of, bob, incident, path):
        clock = incident.ticket.clocks.first()
        assert client_of(bob).get(f"/tickets/{incident.ticket.number}/clocks/{clock.pk}/{path}").status_code == 404

    def test_is_linked_from_the_ticket_and_the_list(self, client_of, alice, incident):
        client, number = client_of(alice), incident.ticket.number
        first = incident.ticket.clocks.get(metric=Metric.FIRST_RESPONSE)
        address = f'href="/tickets/{number}/clocks/{first.pk}/"'
        assert address in client.get(f"/incidents/{number}/").content.decode()
        assert address in client.get("/desk/queue/?view=all").content.decode()


class TestExactly:
    @pytest.mark.parametrize(
        ("seconds", "words"),
        [(0, "0s"), (5, "5s"), (65, "1m 05s"), (3600, "1h"), (3605, "1h 00m 05s"), (27000, "7h 30m"), (-60, "1m")],
    )
    def test_says_every_second(self, seconds, words):
        assert exactly(timedelta(seconds=seconds)) == words


def test_hours_of_a_week_in_words(office, always):
    assert hours_words(pure_calendar(office)) == "Mon–Fri 09:00–17:00"
    assert hours_words(pure_calendar(always)) == "Round the clock"


def test_a_reply_is_told_by_the_clock_it_ends(incident, alice):
    reply_to_ticket(ticket=incident.ticket, body="Hi.", actor=alice, now=at(23, 11), channel=Channel.DESK)
    found = account(incident, at(24, 11), Metric.FIRST_RESPONSE)
    assert (found.total, found.face.words) == (HOUR, "Met in 1h")
