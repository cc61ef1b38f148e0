from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from incidents import services as incidents
from journal.models import Visibility
from tests.conftest import HOUR
from tickets.models import Channel, Draft, WaitingReason
from tickets.services import record_event, save_draft
from work import services as work


@pytest.fixture
def answered(incident, alice, now):
    work.reply_to_ticket(
        ticket=incident.ticket, body="I am *looking* into it.", actor=alice, now=now, channel=Channel.DESK,
        uploads=[SimpleUploadedFile("steps.txt", b"1. Restart")],
    )  # fmt: skip
    return incident


class TestTicket:
    def test_shows_the_conversation_with_its_files(self, client_of, bob, answered, address):
        html = client_of(bob).get(address).content.decode()
        assert "<p>It drops <strong>every</strong> hour.</p>" in html
        assert "<p>I am <em>looking</em> into it.</p>" in html
        assert "steps.txt" in html

    def test_shows_where_it_stands_and_how_far_it_is(self, client_of, bob, answered, alice, network, address, now):
        work.assign_ticket(ticket=answered.ticket, team=network, assignee=alice, actor=alice, now=now)
        response = client_of(bob).get(address)
        assert response.context["stands"] == "In progress · Alice is working on it"
        assert [is_done for _label, is_done, _is_current in response.context["steps"]] == [True] * 3 + [False] * 2

    def test_tells_the_promised_times_in_the_readers_zone_and_names_it(self, client_of, bob, incident, address):
        bob.time_zone = "Europe/Berlin"
        bob.save()
        html = client_of(bob).get(address).content.decode()
        assert "by today 15:00" in html
        assert "by Thu 26 Nov 11:00" in html
        assert "All times are in the time zone Europe/Berlin." in html

    def test_tells_what_became_of_the_promises(self, client_of, bob, open_for, alice, now):
        incident = open_for(bob, impact=3, urgency=1, at=now - 72 * HOUR)
        work.reply_to_ticket(ticket=incident.ticket, body="Sorry.", actor=alice, now=now, channel=Channel.DESK)
        html = client_of(bob).get(f"/portal/requests/{incident.ticket.number}/").content.decode()
        assert "today 10:00, promised for Fri 20 Nov 14:00" in html
        assert "by Wed 25 Nov 10:00" in html

    def test_says_that_the_time_is_paused_while_we_wait_for_him(self, client_of, bob, incident, alice, address, now):
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=now
        )
        html = client_of(bob).get(address).content.decode()
        assert "We are waiting for your answer." in html
        assert "paused; the time goes on when the wait is over" in html

    def test_tells_public_facts_and_the_solution(self, client_of, bob, answered, alice, address, now):
        incidents.resolve_incident(
            incident=answered, code="fixed", resolution="Renewed the **key**.", actor=alice, now=now
        )
        html = client_of(bob).get(address).content.decode()
        assert "Alice solved this" in html
        assert "<p>Renewed the <strong>key</strong>.</p>" in html

    def test_tells_no_public_fact_it_has_no_words_for(self, client_of, bob, incident, address, now):
        record_event(
            ticket=incident.ticket, name="incident.weighed", actor=None, at=now, visibility=Visibility.PUBLIC,
            data={"secret": "CANARY"},
        )  # fmt: skip
        assert "CANARY" not in client_of(bob).get(address).content.decode()

    def test_brings_back_the_draft(self, client_of, bob, incident, address, now):
        save_draft(ticket=incident.ticket, user=bob, kind=Draft.Kind.REPLY, body="Half a tho", now=now)
        assert ">Half a tho</textarea>" in client_of(bob).get(address).content.decode()

    def test_works_without_scripts(self, client_of, bob, incident, address):
        """Everything that can be done is a form with an address of its own."""
        html = client_of(bob).get(address).content.decode()
        for verb in ("reply", "cancel"):
            assert f'method="post" action="{address}{verb}/"' in html


class TestWhoSeesIt:
    @pytest.mark.parametrize("name", ["bob", "bea"])
    def test_the_requester_and_his_organisations_manager(self, client_of, address, name, request):
        assert client_of(request.getfixturevalue(name)).get(address).status_code == 200

    def test_a_colleague_only_when_he_follows_it(self, client_of, incident, address, acme, now):
        from tests.conftest import person

        carl = person("carl", acme, "requester")
        assert client_of(carl).get(address).status_code == 404
        work.watch_ticket(ticket=incident.ticket, user=carl, actor=incident.ticket.assignee or carl, now=now)
        assert client_of(carl).get(address).status_code == 200

    def test_a_stranger_gets_the_same_page_as_for_a_number_that_does_not_exist(self, client_of, charlie, address):
        client = client_of(charlie)
        foreign, wrong = client.get(address), client.get("/portal/requests/INC-999999/")
        assert (foreign.status_code, wrong.status_code) == (404, 404)
        assert without_tokens(foreign) == without_tokens(wrong)
        assert "VPN" not in foreign.content.decode()

    @pytest.mark.parametrize("verb", ["reply", "draft", "close", "reopen", "follow-up", "cancel", "watch", "unwatch"])
    def test_a_stranger_can_do_nothing_with_it(self, client_of, charlie, incident, address, verb):
        response = client_of(charlie).post(f"{address}{verb}/", {"text": "Let me in"})
        assert response.status_code == 404
        assert "VPN" not in response.content.decode()
        incident.refresh_from_db()
        assert incident.state == "new"
        assert incident.ticket.publicentrys.count() == 1

    def test_an_agent_is_sent_to_the_desks_page(self, client_of, alice, incident, address):
        response = client_of(alice).get(address)
        assert response.headers["Location"] == f"/tickets/{incident.ticket.number}/"

    def test_an_agent_sees_his_own_as_a_requester_without_notes(self, client_of, alice, lead, open_for, now):
        mine = open_for(alice)
        work.note_on_ticket(ticket=mine.ticket, body="CANARY", actor=lead, now=now)
        html = client_of(alice).get(f"/portal/requests/{mine.ticket.number}/").content.decode()
        assert "VPN drops every hour" in html
        assert "CANARY" not in html


class TestWhatIsInternal:
    """A canary in every internal field; nothing of it may reach a customer."""

    @pytest.fixture
    def planted(self, incident, alice, lead, network, now):
        ticket = incident.ticket
        incident.category = "CANARY-category"
        incident.save()
        work.note_on_ticket(
            ticket=ticket, body="Zebra CANARY-note", actor=alice, now=now,
            uploads=[SimpleUploadedFile("CANARY-file.txt", b"secret")],
        )  # fmt: skip
        network.name = "CANARY-team"
        network.save()
        save_draft(ticket=ticket, user=alice, kind=Draft.Kind.NOTE, body="CANARY-draft", now=now)
        save_draft(ticket=ticket, user=alice, kind=Draft.Kind.REPLY, body="CANARY-reply", now=now)
        record_event(ticket=ticket, name="incident.closed", actor=alice, at=now, data={"reason": "CANARY-event"})
        incidents.override_priority(incident=incident, priority=2, reason="CANARY-reason", actor=lead, now=now)
        return incident

    @pytest.mark.parametrize("name", ["bob", "bea", "charlie"])
    def test_is_on_no_page_of_the_portal(self, client_of, planted, address, name, request):
        client = client_of(request.getfixturevalue(name))
        pages = [
            address, "/portal/", "/portal/requests/", "/portal/requests/?scope=organisation", "/portal/status/",
            "/portal/requests/?q=zebra", "/portal/search/?q=zebra", "/portal/services/", "/portal/requests/new/",
        ]  # fmt: skip
        for page in pages:
            assert "CANARY" not in client.get(page).content.decode(), page

    def test_is_in_no_answer_to_a_verb(self, client_of, bob, planted, address):
        client = client_of(bob)
        for verb in ("reply", "cancel", "close", "reopen", "follow-up"):
            assert "CANARY" not in client.post(f"{address}{verb}/", {"text": ""}).content.decode(), verb

    def test_names_no_percentage_and_no_agreement(self, client_of, bob, planted, address):
        html = client_of(bob).get(address).content.decode()
        assert "Gold" not in html
        assert "P2" not in html


def without_tokens(response):
    """The body without what differs with every request."""
    import re

    html = response.content.decode().replace(response.request["PATH_INFO"], "")
    return re.sub(r'(name="csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', "", html)


class TestAfterwards:
    def test_a_closed_one_offers_a_follow_up_and_no_answer(self, client_of, bob, alice, incident, address, now):
        incidents.resolve_incident(incident=incident, code="fixed", resolution="Done.", actor=alice, now=now)
        incidents.close_incident(incident=incident, actor=bob, now=now + timedelta(hours=1))
        html = client_of(bob).get(address).content.decode()
        assert "This request is closed" in html
        assert f'action="{address}follow-up/"' in html
        assert f'action="{address}reply/"' not in html

    def test_a_solved_one_offers_to_confirm_or_reopen(self, client_of, bob, alice, incident, address, now):
        incidents.resolve_incident(incident=incident, code="fixed", resolution="Done.", actor=alice, now=now)
        html = client_of(bob).get(address).content.decode()
        assert f'action="{address}close/"' in html
        assert f'action="{address}reopen/"' in html
