"""What a letter says, to whom, in which language, and what it never says."""

from datetime import timedelta

import pytest
from django.utils import translation

from incidents import services as incidents
from incidents.models import ResolutionCode
from journal import outbox
from journal.models import Outbox
from mail.letters import one_line
from slas.sweep import sweep_due_clocks
from tests.conftest import person
from tickets.models import Channel, Ticket, WaitingReason
from work.services import assign_ticket, note_on_ticket, reply_to_ticket, watch_ticket

CANARY = "canary-7f3a-internal"


@pytest.fixture
def sent(letters, deliver):
    """sent("opened", bob): the one letter of that notice to that person."""

    def _sent(notice, reader):
        row = deliver(notice, reader)
        assert row.done_at is not None, row.answer
        assert len(letters) == 1, row.answer
        return letters[0]

    return _sent


@pytest.fixture
def resolved(incident, alice, now):
    incidents.resolve_incident(
        incident=incident, code=ResolutionCode.FIXED, resolution="Renewed the certificate.", actor=alice, now=now
    )
    return incident


class TestOpened:
    def test_acknowledges_to_the_requester(self, sent, incident, bob):
        letter = sent("opened", bob)
        number = incident.ticket.number
        assert letter.subject == f"[{number}] VPN drops every hour"
        assert letter.to == ["Bob <bob@example.org>"]
        assert f"http://127.0.0.1:8000/tickets/{number}/" in letter.body
        assert "You get this mail because you reported it." in letter.body

    def test_has_headers_that_thread_and_stop_robots(self, sent, incident, bob, settings):
        settings.MAIL_DOMAIN = "desk.example"
        headers = sent("opened", bob).extra_headers
        root = f"<{incident.ticket.number}@desk.example>"
        assert headers["Message-ID"].endswith("@desk.example>")
        assert (headers["In-Reply-To"], headers["References"]) == (root, root)
        assert headers["Auto-Submitted"] == "auto-generated"
        assert "Reply-To" not in headers

    def test_escapes_the_subject_in_html_and_not_in_text(self, sent, open_for, bob):
        open_for(bob, subject="<b>R&D</b> down")
        letter = sent("opened", bob)
        html = letter.alternatives[0].content
        assert "&lt;b&gt;R&amp;D&lt;/b&gt; down" in html
        assert "<b>R&D</b> down" in letter.body

    def test_cannot_be_given_a_header(self, sent, open_for, bob, letters):
        bob.name = "Bob\r\nBcc: all@example.org"
        bob.save()
        incident = open_for(bob)
        Ticket.objects.filter(pk=incident.pk).update(subject="Hello\r\nBcc: all@example.org")
        letter = sent("opened", bob)
        assert letter.subject == f"[{incident.ticket.number}] Hello Bcc: all@example.org"
        assert letter.message()["Bcc"] is None
        assert letter.recipients() == ['"Bob Bcc: all@example.org" <bob@example.org>']


class TestReply:
    def test_carries_the_words_and_names_the_files(self, sent, incident, alice, bob, now):
        reply_to_ticket(
            ticket=incident.ticket, body="Please try **again**.", actor=alice, now=now, channel=Channel.DESK
        )
        letter = sent("reply", bob)
        assert "Alice wrote:" in letter.body
        assert "Please try **again**." in letter.body
        assert "<strong>again</strong>" in letter.alternatives[0].content

    def test_tells_an_assignee_why(self, sent, incident, network, alice, bob, now):
        assign_ticket(ticket=incident.ticket, team=network, assignee=alice, actor=None, now=now)
        reply_to_ticket(ticket=incident.ticket, body="Any news?", actor=bob, now=now, channel=Channel.PORTAL)
        assert "the ticket is assigned to you" in sent("reply", alice).body


class TestResolved:
    def test_says_how_and_how_long_it_may_be_taken_back(self, sent, resolved, bob):
        letter = sent("resolved", bob)
        assert "Renewed the certificate." in letter.body
        assert "within 14 days" in letter.body


class TestEscalation:
    def test_warns_in_the_readers_time_zone(self, sent, incident, network, lead, now):
        lead.time_zone = "Asia/Shanghai"
        lead.save()
        sweep_due_clocks(now=now + timedelta(hours=2))  # half of four hours
        outbox.dispatch(now=now + timedelta(hours=2), only=["clock.step"])
        letter = sent("warning", lead)
        assert letter.subject == f"[{incident.ticket.number}] Deadline ahead: VPN drops every hour"
        assert "50 % of the time for “First response” is used." in letter.body
        assert "22:00" in letter.body  # 14:00 UTC

    def test_says_how_late_it_comes_after_an_outage(self, sent, incident, network, lead, manager_user, now):
        sweep_due_clocks(now=now + timedelta(hours=4, minutes=30))
        outbox.dispatch(now=now + timedelta(hours=5), only=["clock.step"])
        letter = sent("breach", manager_user)
        assert "This notice comes 30m late." in letter.body
        assert "the ticket belongs to Network" in letter.body


class TestLanguage:
    def test_is_the_recipients_and_does_not_leak_out(self, sent, incident, bob, monkeypatch):
        bob.language = "zh-hans"
        bob.save()
        seen = []

        def render(template, context):
            seen.append(translation.get_language())
            return ""

        monkeypatch.setattr("mail.letters.render_to_string", render)
        letter = sent("opened", bob)
        assert set(seen) == {"zh-hans"}
        assert letter.extra_headers["Content-Language"] == "zh-hans"
        assert translation.get_language() == "en"


class TestRightsAreAskedAgain:
    def test_of_a_person_who_left(self, deliver, letters, incident, bob):
        bob.is_active = False
        bob.save()
        assert deliver("opened", bob).answer == "not sent: the person is no longer active"
        assert letters == []

    def test_of_an_agent_who_became_a_requester(self, deliver, letters, incident, network, alice, lead, now):
        assign_ticket(ticket=incident.ticket, team=network, assignee=alice, actor=lead, now=now)
        note_on_ticket(ticket=incident.ticket, body=CANARY, actor=lead, now=now)
        alice.roles.clear()
        assert deliver("note", alice).answer == "not sent: the person may not see the ticket"
        assert letters == []

    def test_of_a_watcher_who_lost_the_internal_view(self, deliver, letters, incident, alice, lead, now):
        watch_ticket(ticket=incident.ticket, user=alice, actor=alice, now=now)
        note_on_ticket(ticket=incident.ticket, body=CANARY, actor=lead, now=now)
        alice.roles.clear()  # still a watcher: sees the ticket as a customer would
        assert deliver("note", alice).answer == "not sent: the person is not an agent"
        assert letters == []


class TestInternalWords:
    def test_never_reach_a_customer(self, incident, network, acme, alice, lead, bob, bea, letters, now):
        """Every verb, everybody who can hear of it, every part of every letter."""
        ticket = incident.ticket
        watcher = person("wendy", acme, "requester")
        for user in (bea, watcher):
            watch_ticket(ticket=ticket, user=user, actor=alice, now=now)
        assign_ticket(ticket=ticket, team=network, assignee=alice, actor=lead, now=now)
        note_on_ticket(ticket=ticket, body=f"{CANARY} **note**", actor=lead, now=now)
        reply_to_ticket(ticket=ticket, body="Public words", actor=alice, now=now, channel=Channel.DESK)
        incidents.override_priority(incident=incident, priority=2, reason=CANARY, actor=lead, now=now)
        incidents.hold_incident(incident=incident, reason=WaitingReason.SUPPLIER, actor=alice, now=now)
        incidents.resume_incident(incident=incident, actor=alice, now=now)
        sweep_due_clocks(now=now + timedelta(days=9))
        incidents.resolve_incident(
            incident=incident, code=ResolutionCode.FIXED, resolution="Solved", actor=alice, now=now
        )
        incidents.reopen_incident(incident=incident, comment="no", actor=bob, now=now)
        incidents.cancel_incident(incident=incident, reason="Not needed", actor=alice, now=now)
        for _round in range(2):  # the first round of escalations posts letters
            outbox.dispatch(now=now + timedelta(days=9), limit=500)
        assert not Outbox.objects.filter(done_at=None).exists()
        told = {address for letter in letters for address in letter.recipients()}
        assert {"Bob <bob@example.org>", "Bea <bea@example.org>", "Wendy <wendy@example.org>"} <= told
        to_agents = {"Alice <alice@example.org>", "Lena <lena@example.org>", "Mona <mona@example.org>"}
        for letter in letters:
            if not set(letter.recipients()) <= to_agents:
                assert CANARY not in letter.message().as_string()
                assert CANARY not in letter.body + letter.alternatives[0].content
        assert any(CANARY in letter.body for letter in letters)  # the canary is alive: an agent did read it


def test_one_line_takes_what_a_header_must_not_have():
    assert one_line(" a\r\n\tb\x00\u2028c  d ") == "a b c d"
