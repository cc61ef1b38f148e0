"""The queue: which tickets an address lists, in which order and groups, and what it costs."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from desk.models import SavedFilter
from desk.services import remove_filter, save_filter
from incidents.services import hold_incident, resolve_incident
from tickets.models import LastSeen, Ticket
from tickets.services import mark_seen
from work.selectors.lists import tickets_of
from work.selectors.queue import neighbours_of, queue_of
from work.services import assign_ticket, watch_ticket

HOUR = timedelta(hours=1)


@pytest.fixture
def listed(now):
    """listed("view=mine", alice) -> the subjects, in the list's order."""

    def _listed(address, user, at=now, **options):
        return [row.ticket.subject for row in queue_of(QueryDict(address), user=user, now=at, **options).rows]

    return _listed


def give(incident, person, now):
    assign_ticket(ticket=incident.ticket, team=incident.ticket.team, assignee=person, actor=person, now=now)


class TestView:
    def test_mine_lists_what_the_reader_works_on(self, open_for, bob, alice, lead, now, listed):
        give(open_for(bob, subject="Hers"), alice, now)
        give(open_for(bob, subject="His"), lead, now)
        open_for(bob, subject="Nobody's")
        assert listed("view=mine", alice) == ["Hers"]

    def test_unassigned_lists_what_nobody_has(self, open_for, bob, alice, now, listed):
        give(open_for(bob, subject="Hers"), alice, now)
        open_for(bob, subject="Nobody's")
        assert listed("view=unassigned", alice) == ["Nobody's"]

    def test_team_lists_the_work_of_the_readers_teams(self, open_for, bob, alice, manager_user, listed):
        open_for(bob, subject="Network's")
        assert listed("view=team", alice) == ["Network's"]
        assert listed("view=team", manager_user) == []

    def test_breached_lists_what_is_late_as_a_fact_of_the_data(self, incident, alice, now, listed):
        assert listed("view=breached", alice, at=now + 3 * HOUR) == []
        assert listed("view=breached", alice, at=now + 5 * HOUR) == ["VPN drops every hour"]

    def test_due_today_ends_with_the_readers_own_day(self, incident, alice, now, listed):
        assert listed("view=due-today", alice) == ["VPN drops every hour"]  # answer due at 14:00 UTC
        alice.time_zone = "Pacific/Auckland"  # there it is 23:00, and 14:00 UTC is tomorrow
        assert listed("view=due-today", alice) == []

    def test_watching_lists_what_the_reader_follows(self, incident, alice, lead, now, listed):
        watch_ticket(ticket=incident.ticket, user=lead, actor=lead, now=now)
        assert listed("view=watching", lead) == ["VPN drops every hour"]
        assert listed("view=watching", alice) == []

    def test_waiting_and_resolved_list_their_phase(self, open_for, bob, alice, now, listed):
        hold_incident(incident=open_for(bob, subject="Held"), reason="supplier", actor=alice, now=now)
        resolve_incident(incident=open_for(bob, subject="Done"), code="fixed", resolution="x", actor=alice, now=now)
        open_for(bob, subject="New")
        assert listed("view=waiting", alice) == ["Held"]
        assert listed("view=resolved", alice) == ["Done"]
        assert sorted(listed("view=open", alice)) == ["Held", "New"]
        assert sorted(listed("view=all", alice)) == ["Done", "Held", "New"]

    def test_an_unknown_one_is_the_readers_own_work(self, incident, alice):
        assert queue_of(QueryDict("view=nonsense"), user=alice, now=incident.ticket.opened_at).view.key == "mine"

    def test_never_shows_a_customer_the_tickets_of_another(self, incident, charlie, now):
        assert not tickets_of(QueryDict("view=all"), user=charlie, now=now).exists()


class TestOrder:
    def test_is_next_breach_first_in_groups(self, open_for, bob, alice, now):
        open_for(bob, subject="Next week", impact=3, urgency=3)  # P5: 16 h to answer
        open_for(bob, subject="At once", impact=1, urgency=1)  # P1: 15 min
        open_for(bob, subject="Today", impact=3, urgency=1)  # P3: 4 h
        held = open_for(bob, subject="Held", impact=3, urgency=1)
        hold_incident(incident=held, reason="requester", comment="Which one?", actor=alice, now=now)
        queue = queue_of(QueryDict("view=open"), user=alice, now=now)
        assert [(section.group.key, [row.ticket.subject for row in section.rows]) for section in queue.sections] == [
            ("now", ["At once"]),
            ("today", ["Today"]),
            ("week", ["Next week"]),
            ("none", ["Held"]),
        ]

    def test_pulls_what_is_at_risk_by_its_share_up(self, open_for, bob, alice, now):
        open_for(bob, subject="Tight", impact=3, urgency=2, at=now - timedelta(days=3))  # P4: 8 h to answer
        queue = queue_of(QueryDict("view=open"), user=alice, now=now - timedelta(days=3) + 6 * HOUR)
        assert queue.sections[0].group.key == "now"

    def test_pages_by_key_without_losing_or_repeating_a_row(self, open_for, bob, alice, now):
        for number in range(7):
            open_for(bob, subject=f"T{number}", impact=1 + number % 3, urgency=1)
        first_held = open_for(bob, subject="H1")
        hold_incident(incident=first_held, reason="requester", comment="?", actor=alice, now=now)
        everything = [row.ticket.pk for row in queue_of(QueryDict("view=open"), user=alice, now=now).rows]
        seen, cursor, pages = [], "", []
        while True:
            queue = queue_of(QueryDict(f"view=open&older={cursor}"), user=alice, now=now, size=3)
            seen += [row.ticket.pk for row in queue.rows]
            pages.append(queue)
            cursor = queue.older
            if not cursor:
                break
        assert seen == everything
        back = queue_of(QueryDict(f"view=open&newer={pages[-1].newer}"), user=alice, now=now, size=3)
        assert [row.ticket.pk for row in back.rows] == [row.ticket.pk for row in pages[-2].rows]

    def test_takes_a_broken_cursor_for_the_first_page(self, incident, alice, now, listed):
        assert listed("view=open&older=%00nonsense", alice) == ["VPN drops every hour"]

    def test_says_that_a_group_goes_on(self, open_for, bob, alice, now):
        for number in range(4):
            open_for(bob, subject=f"T{number}", impact=3, urgency=1)
        queue = queue_of(QueryDict("view=open"), user=alice, now=now, size=3)
        assert [section.count for section in queue.sections] == ["3+"]


class TestRow:
    def test_shows_the_clock_that_breaches_first(self, incident, alice, now):
        row = queue_of(QueryDict("view=open"), user=alice, now=now).rows[0]
        assert (row.clock.metric, row.state) == ("first_response", "on_track")

    def test_is_unread_until_it_is_looked_at_and_after_each_change(self, incident, alice, now):
        def is_unread():
            return queue_of(QueryDict("view=open"), user=alice, now=now).rows[0].is_unread

        assert is_unread()
        mark_seen(ticket=incident.ticket, user=alice, now=now + HOUR)
        assert not is_unread()
        Ticket.objects.update(updated_at=now + 2 * HOUR)
        assert is_unread()
        assert LastSeen.objects.count() == 1

    def test_knows_its_neighbours(self, open_for, bob, alice, now):
        for number in (1, 2, 3):
            open_for(bob, subject=f"T{number}", at=now - number * HOUR)
        queue = queue_of(QueryDict("view=open"), user=alice, now=now)
        found = neighbours_of(queue, queue.rows[1].ticket.number)
        assert (found.previous, found.next, found.position) == (queue.rows[0], queue.rows[2], 2)
        assert neighbours_of(queue, "INC-999999").position == 0


class TestSearch:
    def test_finds_words_of_the_subject_in_any_order(self, open_for, bob, alice, listed):
        open_for(bob, subject="Printer in hall 7 prints purple")
        open_for(bob, subject="Printer is offline")
        assert listed("view=open&q=purple+printer", alice) == ["Printer in hall 7 prints purple"]

    def test_puts_the_exact_number_first_wherever_the_ticket_is(self, open_for, bob, alice, now, listed):
        done = open_for(bob, subject="Done")
        resolve_incident(incident=done, code="fixed", resolution="x", actor=alice, now=now)
        digits = done.ticket.number.removeprefix("INC-")
        open_for(bob, subject=f"Again like {digits}")
        assert listed(f"view=open&q={digits}", alice) == ["Done", f"Again like {digits}"]
        assert listed(f"view=open&q=inc-{digits}", alice) == ["Done"]

    def test_finds_the_requester_by_e_mail_and_name(self, open_for, bob, charlie, alice, listed):
        open_for(bob, subject="Bob's")
        open_for(charlie, subject="Charlie's")
        assert listed("view=open&q=bob@example.org", alice) == ["Bob's"]
        assert listed("view=open&q=Charlie", alice) == ["Charlie's"]

    @pytest.mark.parametrize("q", ["(", "a\\", "%00", "100%25", "x" * 5000, "打印", "'; --"])
    def test_takes_any_text(self, incident, alice, listed, q):
        assert listed(f"view=open&q={q}", alice) in ([], ["VPN drops every hour"])


class TestConditions:
    """The dashboard's: figure and list are made by one function (reports.filters)."""

    def test_narrow_the_list(self, open_for, bob, alice, listed):
        open_for(bob, subject="P1", impact=1, urgency=1)
        open_for(bob, subject="P3", impact=3, urgency=1)
        assert listed("priority=1", alice) == ["P1"]
        assert listed("view=open&priority=3", alice) == ["P3"]

    def test_alone_mean_every_ticket_in_every_state(self, open_for, bob, alice, now, listed):
        late = open_for(bob, subject="Late", impact=1, urgency=1)
        resolve_incident(incident=late, code="fixed", resolution="x", actor=alice, now=now + HOUR)
        assert listed("metric=first_response&outcome=breached", alice) == ["Late"]
        assert listed("metric=resolution&outcome=breached", alice) == []

    def test_that_make_no_sense_are_named_and_list_nothing(self, incident, alice, client_of):
        response = client_of(alice).get("/desk/queue/?priority=seven")
        assert response.status_code == 400
        assert b"priority is not understood" in response.content
        assert b"VPN drops" not in response.content

    def test_show_as_chips_that_can_be_taken_out(self, incident, vpn, alice, client_of):
        page = client_of(alice).get(f"/desk/queue/?view=open&service={vpn.pk}&priority=3").content.decode()
        assert "VPN &amp; remote access</b>" in page
        assert 'href="/desk/queue/?view=open&amp;priority=3"' in page


class TestQueuePage:
    def test_is_not_there_for_customers(self, incident, bob, bea, charlie, client_of):
        for person in (bob, bea, charlie):
            for address in ("/desk/", "/desk/queue/", "/desk/find/", "/desk/pulse/"):
                response = client_of(person).get(address)
                assert response.status_code == 404
                assert b"VPN drops" not in response.content

    def test_asks_a_stranger_to_sign_in(self, client, db):
        assert client.get("/desk/queue/").status_code == 302

    def test_is_read_by_auditors(self, incident, auditor, client_of):
        assert b"VPN drops" in client_of(auditor).get("/desk/queue/?view=open").content

    def test_answers_its_rows_alone_while_it_refreshes_itself(self, incident, alice, client_of):
        headers = {"HX-Request": "true", "HX-Target": "div#queue"}
        page = client_of(alice).get("/desk/queue/?view=open", headers=headers).content.decode()
        assert page.strip().startswith('<div class="pd-rows" id="queue"')
        assert "<html" not in page

    def test_opens_its_filter_panel_without_javascript(self, incident, alice, client_of):
        page = client_of(alice).get("/desk/queue/?view=open&panel=filters").content.decode()
        assert 'name="customer"' in page
        assert "Acme" in page

    def test_costs_the_same_with_1_row_and_with_30(self, open_for, bob, alice, broker, client_of):
        client = client_of(alice)

        def cost():
            client.get("/desk/queue/?view=open")
            with CaptureQueriesContext(connection) as queries:
                assert client.get("/desk/queue/?view=open").status_code == 200
            return len(queries)

        open_for(bob)
        one = cost()
        for _ in range(29):
            open_for(bob)
        assert cost() == one
        assert one <= 15


class TestSavedFilter:
    def test_keeps_an_address_under_a_name(self, alice, client_of):
        response = client_of(alice).post(
            "/desk/filters/save/", {"name": "Hot", "query": "view=open&priority=1&x=1&older=abc"}
        )
        saved = SavedFilter.objects.get()
        assert (saved.user, saved.name, saved.query) == (alice, "Hot", "view=open&priority=1")
        assert response.status_code == 302
        assert response.url == "/desk/queue/?view=open&priority=1"

    def test_stands_in_the_side_bar_of_its_owner_and_shared_in_everybodys(self, alice, lead, client_of):
        save_filter(name="Mine alone", query="view=open", is_shared=False, actor=alice)
        save_filter(name="For all", query="view=open&priority=1", is_shared=True, actor=alice)
        own, others = (client_of(person).get("/desk/").content for person in (alice, lead))
        assert b"Mine alone" in own
        assert b"For all" in own
        assert b"Mine alone" not in others
        assert b"For all" in others

    def test_replaces_the_address_when_the_name_is_there(self, alice):
        first = save_filter(name="Hot", query="view=open", is_shared=False, actor=alice)
        again = save_filter(name="Hot", query="view=team", is_shared=True, actor=alice)
        assert (again.pk, again.query, again.is_shared, again.position) == (first.pk, "view=team", True, first.position)

    def test_needs_a_name(self, alice, client_of):
        response = client_of(alice).post("/desk/filters/save/", {"name": " ", "query": "view=open&priority=1"})
        assert response.status_code == 422
        assert b"P1 Critical</b>" in response.content
        assert not SavedFilter.objects.exists()

    def test_is_removed_by_its_owner_only(self, alice, lead, client_of):
        saved = save_filter(name="For all", query="view=open", is_shared=True, actor=alice)
        assert client_of(lead).post(f"/desk/filters/{saved.pk}/remove/").status_code == 404
        with pytest.raises(PermissionDenied):
            remove_filter(saved=saved, actor=lead)
        assert client_of(alice).post(f"/desk/filters/{saved.pk}/remove/").status_code == 302
        assert not SavedFilter.objects.exists()
