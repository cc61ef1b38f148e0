"""An agent's first page, the palette, the pulse and the side bar."""

import time
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from desk.selectors.finder import find
from desk.selectors.home import clockwork, home
from slas.sweep import SWEPT_AT
from tickets.models import Channel
from tickets.services import mark_seen, pulse_key
from work.services import assign_ticket, reply_to_ticket

HOUR = timedelta(hours=1)


@pytest.fixture
def blocks(now):
    """blocks(alice) -> {block: subjects}."""

    def _blocks(user, at=now):
        return {block.key: [row.ticket.subject for row in block.rows] for block in home(user=user, now=at)}

    return _blocks


def give(incident, person, now):
    assign_ticket(ticket=incident.ticket, team=incident.ticket.team, assignee=person, actor=None, now=now)


class TestHome:
    def test_needs_action_are_ones_own_that_are_late_or_due_within_an_hour(self, open_for, bob, alice, now, blocks):
        give(open_for(bob, subject="Soon", impact=1, urgency=1), alice, now)  # 15 min
        give(open_for(bob, subject="Later", impact=3, urgency=3), alice, now)
        assert blocks(alice)["now"] == ["Soon"]

    def test_waiting_on_me_are_those_in_which_the_customer_had_the_last_word(self, open_for, bob, alice, now, blocks):
        answered, asked = open_for(bob, subject="Answered"), open_for(bob, subject="Asked")
        for incident in (answered, asked):
            give(incident, alice, now)
            reply_to_ticket(ticket=incident.ticket, body="On it", actor=alice, now=now, channel=Channel.DESK)
        reply_to_ticket(ticket=asked.ticket, body="Any news?", actor=bob, now=now + HOUR, channel=Channel.PORTAL)
        assert blocks(alice, at=now + HOUR)["answers"] == ["Asked"]

    def test_recently_updated_is_what_changed_since_the_reader_looked(self, incident, alice, bob, now, blocks):
        give(incident, alice, now)
        assert blocks(alice)["news"] == ["VPN drops every hour"]
        mark_seen(ticket=incident.ticket, user=alice, now=now)
        assert blocks(alice)["news"] == []
        reply_to_ticket(ticket=incident.ticket, body="Again", actor=bob, now=now + HOUR, channel=Channel.PORTAL)
        assert blocks(alice)["news"] == ["VPN drops every hour"]

    def test_unassigned_are_those_of_the_readers_teams(self, incident, alice, manager_user, blocks):
        assert blocks(alice)["team"] == ["VPN drops every hour"]
        assert blocks(manager_user)["team"] == []

    def test_costs_the_same_with_1_ticket_and_with_30(self, open_for, bob, alice, now, broker, client_of):
        client = client_of(alice)

        def cost():
            client.get("/desk/")
            with CaptureQueriesContext(connection) as queries:
                assert client.get("/desk/").status_code == 200
            return len(queries)

        give(open_for(bob), alice, now)
        open_for(bob)
        few = cost()
        for number in range(28):
            incident = open_for(bob)
            if number % 2:
                give(incident, alice, now)
        assert cost() == few
        assert few <= 15


class TestClockwork:
    def test_says_how_long_ago_the_last_sweep_was(self, broker):
        cache.set(SWEPT_AT, time.time() - 3)
        assert clockwork().state == "fine"
        assert "3 s ago" in clockwork().words

    def test_is_slow_after_ten_seconds(self, broker):
        cache.set(SWEPT_AT, time.time() - 40)
        assert clockwork().state == "slow"

    def test_is_unknown_without_a_sweep_or_a_cache(self, broker):
        assert clockwork().state == "unknown"


class TestPulse:
    def test_is_silent_while_nothing_changed(self, incident, alice, broker, client_of):
        client = client_of(alice)
        assert client.get("/desk/pulse/?seen=").status_code == 204
        cache.set(pulse_key(None), 17)
        assert client.get("/desk/pulse/?seen=17").status_code == 204

    def test_gives_the_new_mark_after_a_change(self, incident, alice, broker, client_of):
        cache.set(pulse_key(incident.ticket.pk), 18)
        response = client_of(alice).get(f"/desk/pulse/?ticket={incident.ticket.number}&seen=17")
        assert (response.status_code, response.content) == (200, b"18")

    def test_beats_with_every_fact_that_was_committed(
        self, incident, alice, bob, now, broker, client_of, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            reply_to_ticket(ticket=incident.ticket, body="News", actor=bob, now=now, channel=Channel.PORTAL)
        client = client_of(alice)
        for address in ("/desk/pulse/?seen=0", f"/desk/pulse/?ticket={incident.ticket.number}&seen=0"):
            assert client.get(address).status_code == 200

    def test_knows_no_foreign_number(self, alice, broker, client_of):
        assert client_of(alice).get("/desk/pulse/?ticket=INC-999999&seen=0").status_code == 404

    def test_costs_no_more_than_knowing_who_asks(self, incident, alice, broker, client_of):
        client = client_of(alice)
        with CaptureQueriesContext(connection) as queries:
            client.get("/desk/pulse/?seen=0")
        assert len(queries) <= 3


class TestFind:
    def test_puts_the_ticket_whose_number_was_typed_first(self, incident, alice):
        found = find(incident.ticket.number.lower(), user=alice)
        assert [ticket.pk for ticket in found.exact] == [incident.ticket.pk]
        assert found.tickets == []

    def test_finds_subjects_and_people(self, incident, alice, bob):
        assert [ticket.subject for ticket in find("vpn", user=alice).tickets] == ["VPN drops every hour"]
        assert find("bob@", user=alice).people == [bob]

    def test_offers_what_was_seen_last_before_anything_is_typed(self, open_for, bob, alice, now):
        first, second = open_for(bob, subject="First"), open_for(bob, subject="Second")
        mark_seen(ticket=second.ticket, user=alice, now=now)
        mark_seen(ticket=first.ticket, user=alice, now=now + HOUR)
        assert [ticket.subject for ticket in find("", user=alice).tickets] == ["First", "Second"]

    def test_shows_nobody_more_than_he_may_see(self, incident, charlie):
        found = find(incident.ticket.number, user=charlie)
        assert (found.exact, found.tickets, found.people) == ([], [], [])

    def test_answers_the_palette_with_a_part_and_everybody_else_with_a_page(self, incident, alice, client_of):
        client = client_of(alice)
        part = client.get("/desk/find/?q=vpn", headers={"HX-Request": "true", "HX-Target": "div#pd-palette-results"})
        assert b"VPN drops" in part.content
        assert b"<html" not in part.content
        assert b"<html" in client.get("/desk/find/?q=vpn").content

    def test_goes_to_places_by_their_name(self, alice, auditor, client_of):
        assert b"/incidents/new/" in client_of(alice).get("/desk/find/?q=new").content
        page = client_of(auditor).get("/desk/find/?q=new inc").content
        assert b"/incidents/new/" not in page


class TestSideBar:
    def test_counts_each_view(self, open_for, bob, alice, now, broker, client_of):
        give(open_for(bob), alice, now)
        open_for(bob)
        page = client_of(alice).get("/desk/").content.decode()
        assert page.count('class="pd-count">2<') == 2  # all open, my teams
        assert 'aria-current="page"' in page

    def test_stops_counting_at_the_cap(self, incident, alice, now):
        from tickets.models import Ticket
        from work.selectors.counts import capped_counts, count_label

        assert capped_counts({"all": Ticket.objects.all(), "none": Ticket.objects.none()}, cap=0) == {
            "all": 1,
            "none": 0,
        }
        assert [count_label(n) for n in (0, 7, 99, 100)] == ["", "7", "99", "99+"]

    def test_offers_no_new_ticket_to_auditors(self, auditor, client_of):
        assert b"/incidents/new/" not in client_of(auditor).get("/desk/").content

    def test_offers_administration_to_administrators(self, admin_user, alice, client_of):
        assert b"/me/people/" in client_of(admin_user).get("/desk/").content
        assert b"/me/people/" not in client_of(alice).get("/desk/").content
