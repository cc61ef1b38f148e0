"""The incident's page in the desk and its verbs: every answer that somebody can get."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from incidents.models import Incident
from incidents.services import close_incident, hold_incident, prioritise_incident, resolve_incident
from incidents.states import MACHINE, State
from tickets.models import Channel, Draft, LastSeen, PublicEntry, Ticket, WaitingReason
from tickets.services import save_draft
from work.services import edit_ticket, note_on_ticket, reply_to_ticket

VERBS = tuple(MACHINE.moves)
BODIES = {
    "hold": {"reason": "supplier"},
    "resolve": {"code": "fixed", "text": "Renewed the certificate."},
    "cancel": {"text": "Not needed."},
}


@pytest.fixture
def page(incident):
    """The address of the incident's page, or of one of its verbs."""

    def _page(verb=""):
        return f"/incidents/{incident.ticket.number}/" + (f"{verb}/" if verb else "")

    return _page


@pytest.fixture
def agent(alice, client_of):
    return client_of(alice)


def state_of(incident):
    return Incident.objects.get(pk=incident.pk).state


class TestDetail:
    def test_shows_list_conversation_and_properties(self, incident, alice, agent, page, now):
        note_on_ticket(ticket=incident.ticket, body="Only for us", actor=alice, now=now)
        html = agent.get(page() + "?view=open").content.decode()
        for part in (
            'id="queue"',
            'id="ticket"',
            'id="details"',
            "It drops <strong>every</strong> hour",
            "Only for us",
            "Internal note",
        ):
            assert part in html
        assert 'aria-current="true">\n  <span class="pd-prio' in html.replace("\r", "")

    def test_is_a_404_for_customers_and_for_unknown_numbers(self, incident, bob, bea, charlie, agent, client_of, page):
        for person in (bob, bea, charlie):
            response = client_of(person).get(page())
            assert response.status_code == 404
            assert b"VPN drops" not in response.content
        assert agent.get("/incidents/INC-999999/").status_code == 404

    def test_asks_a_stranger_to_sign_in(self, incident, client, page):
        assert client.get(page()).url.startswith("/account/login/")

    def test_offers_auditors_everything_to_read_and_nothing_to_do(self, incident, alice, auditor, client_of, page, now):
        note_on_ticket(ticket=incident.ticket, body="Only for us", actor=alice, now=now)
        html = client_of(auditor).get(page() + "?do=resolve&edit=assign").content.decode().partition("<main")[2]
        assert "Only for us" in html
        for control in (
            'class="pd-composer',
            "/resolve/",
            "/start/",
            "/assign/",
            "edit=assign",
            "do=resolve",
            'id="resolve"',
        ):
            assert control not in html

    @pytest.mark.parametrize(
        ("target", "begins", "lacks"),
        [
            ("section#ticket", '<section class="pd-pane pd-pane-main"', 'id="queue"'),
            ("main#main", "<title>", "<html"),
        ],
    )
    def test_answers_htmx_with_the_part_that_is_replaced(self, agent, page, target, begins, lacks):
        headers = {"HX-Request": "true", "HX-Target": target}
        html = agent.get(page() + "?do=resolve", headers=headers).content.decode().strip()
        assert html.startswith(begins)
        assert lacks not in html

    def test_gives_the_focus_to_a_form_that_is_opened_and_takes_it_from_nobody_who_types(self, agent, page):
        headers = {"HX-Request": "true", "HX-Target": "section#ticket"}
        opened = agent.get(page() + "?do=resolve", headers={**headers, "HX-Source": "a"}).content
        refreshed = agent.get(page() + "?do=resolve", headers={**headers, "HX-Source": "section#ticket"}).content
        assert b"autofocus" in opened
        assert b'id="resolve"' in refreshed
        assert b"autofocus" not in refreshed

    def test_answers_a_page_that_history_restores_as_a_whole(self, agent, page):
        assert b"<html" in agent.get(page(), headers={"HX-Request": "true", "HX-Target": "body"}).content

    def test_marks_the_ticket_as_seen(self, incident, alice, agent, page):
        agent.get(page())
        seen = LastSeen.objects.get(user=alice, ticket=incident.ticket)
        assert seen.at >= incident.ticket.updated_at

    def test_marks_what_is_new_since_the_last_look(self, incident, alice, bob, agent, page, now):
        LastSeen.objects.create(ticket=incident.ticket, user=alice, at=now + timedelta(minutes=1))
        assert b"New since you looked" not in agent.get(page()).content
        LastSeen.objects.update(at=now + timedelta(minutes=1))
        reply_to_ticket(
            ticket=incident.ticket, body="Still there?", actor=bob, now=now + timedelta(hours=1), channel=Channel.MAIL
        )
        assert b"New since you looked" in agent.get(page()).content

    def test_tells_every_event_in_words(self, incident, alice, agent, page, now):
        hold_incident(incident=incident, reason="supplier", actor=alice, now=now)
        assert b"</b> put this on hold: <b>Waiting for a supplier</b>" in agent.get(page()).content

    def test_names_who_gets_a_reply(self, agent, page):
        assert b"1 person will get this: Bob" in agent.get(page()).content

    def test_offers_only_verbs_that_are_possible(self, agent, page):
        html = agent.get(page()).content.decode()
        assert page("start") in html
        assert "do=resolve" in html
        assert page("resume") not in html
        assert page("close") not in html

    def test_takes_only_notes_once_it_is_closed(self, incident, alice, agent, page, now):
        resolve_incident(incident=incident, code="fixed", resolution="x", actor=alice, now=now)
        close_incident(incident=incident, actor=alice, now=now)
        html = agent.get(page()).content.decode()
        assert 'name="kind" value="note" checked' in html
        assert 'name="kind" value="reply"' not in html

    def test_costs_the_same_with_a_short_list_and_story_and_with_long_ones(
        self, incident, open_for, alice, bob, broker, client_of, page, now
    ):
        client = client_of(alice)

        def cost():
            client.get(page() + "?view=open")
            with CaptureQueriesContext(connection) as queries:
                assert client.get(page() + "?view=open").status_code == 200
            return len(queries)

        note_on_ticket(ticket=incident.ticket, body="One", actor=alice, now=now)
        short = cost()
        for number in range(29):
            open_for(bob)
            note_on_ticket(ticket=incident.ticket, body=f"Note {number}", actor=alice, now=now)
        assert cost() == short
        assert short <= 15


class TestClockAccount:
    def test_says_where_every_minute_went(self, incident, alice, agent, page, now):
        hold_incident(
            incident=incident, reason="requester", comment="Which client?", actor=alice, now=now + timedelta(hours=1)
        )
        clock = incident.ticket.clocks.get(metric="resolution")
        html = agent.get(f"{page()}?account={clock.pk}").content.decode()
        assert "Resolution: where the time went" in html
        assert "Paused by Alice: Waiting for the requester" in html
        assert '<b class="pd-num">1h</b>' in html  # the sum: 10:00 to 11:00
        assert 'aria-expanded="true"' in html

    def test_is_closed_for_a_clock_of_another_ticket(self, incident, open_for, bob, agent, page):
        other = open_for(bob).ticket.clocks.first()
        assert b"where the time went" not in agent.get(f"{page()}?account={other.pk}").content


class TestVerb:
    @pytest.mark.parametrize("verb", VERBS)
    def test_is_post_only(self, agent, page, verb):
        assert agent.get(page(verb)).status_code == 405

    @pytest.mark.parametrize("verb", VERBS)
    def test_is_a_404_for_customers(self, incident, bob, charlie, client_of, page, verb):
        for person in (bob, charlie):
            assert client_of(person).post(page(verb), BODIES.get(verb, {})).status_code == 404
        assert state_of(incident) == State.NEW

    @pytest.mark.parametrize("verb", VERBS)
    def test_is_refused_to_auditors(self, incident, auditor, client_of, page, verb):
        assert client_of(auditor).post(page(verb), BODIES.get(verb, {})).status_code == 403
        assert state_of(incident) == State.NEW

    @pytest.mark.parametrize(
        ("verb", "before", "after"),
        [
            ("start", None, State.IN_PROGRESS),
            ("hold", None, State.ON_HOLD),
            ("resume", "hold", State.IN_PROGRESS),
            ("resolve", None, State.RESOLVED),
            ("reopen", "resolve", State.IN_PROGRESS),
            ("close", "resolve", State.CLOSED),
            ("cancel", None, State.CANCELLED),
        ],
    )
    def test_moves_the_incident_and_leads_back_to_its_list(self, incident, alice, agent, page, verb, before, after):
        if before == "hold":
            hold_incident(incident=incident, reason="supplier", actor=alice, now=timezone.now())
        if before == "resolve":
            resolve_incident(incident=incident, code="fixed", resolution="x", actor=alice, now=timezone.now())
        response = agent.post(page(verb) + "?view=team", BODIES.get(verb, {}))
        assert (response.status_code, response.url) == (302, page() + "?view=team")
        assert state_of(incident) == after

    def test_says_what_was_done_and_refreshes_the_list_for_htmx(self, agent, page):
        headers = {"HX-Request": "true", "HX-Target": "section#ticket"}
        html = agent.post(page("start"), headers=headers, follow=True).content.decode()
        assert "Work started." in html
        for target in ("#details", "#queue", "#toasts"):
            assert f'<hx-partial hx-target="{target}"' in html
        assert "<html" not in html

    def test_that_is_not_possible_says_what_is(self, incident, agent, page):
        response = agent.post(page("close"))
        html = response.content.decode()
        assert response.status_code == 409
        assert "This is not possible while the ticket is “New”." in html
        assert "Possible now: Start work, Put on hold, Resolve, Cancel" in " ".join(html.split())
        assert state_of(incident) == State.NEW

    def test_that_somebody_else_was_faster_with_says_who_and_keeps_the_words(self, incident, lead, agent, page, now):
        version = incident.ticket.version
        resolve_incident(incident=incident, code="fixed", resolution="Already done.", actor=lead, now=now)
        response = agent.post(page("resolve"), {"code": "advice", "text": "My long explanation.", "version": version})
        html = response.content.decode()
        assert response.status_code == 409
        assert "<b>Lena</b> resolved this: <b>Fixed</b>" in html
        assert "My long explanation." in html
        assert '<option value="advice" selected>' in html

    def test_names_what_is_missing_and_keeps_the_rest(self, incident, agent, page):
        response = agent.post(page("resolve"), {"code": "", "text": "Renewed the certificate."})
        html = response.content.decode()
        assert response.status_code == 422
        assert "This field is required." in html
        assert "Renewed the certificate." in html
        assert state_of(incident) == State.NEW

    def test_asks_for_a_question_when_it_waits_for_the_requester(self, incident, agent, page):
        response = agent.post(page("hold"), {"reason": "requester", "text": " "})
        assert response.status_code == 422
        assert b"This cannot be empty." in response.content
        assert state_of(incident) == State.NEW

    def test_publishes_the_question_it_waits_with(self, incident, agent, page):
        agent.post(page("hold"), {"reason": "requester", "text": "Which client version?"})
        incident.ticket.refresh_from_db()
        assert incident.ticket.waiting_reason == WaitingReason.REQUESTER
        assert PublicEntry.objects.filter(ticket=incident.ticket, body="Which client version?").count() == 1

    def test_opens_its_form_without_javascript(self, agent, page):
        html = agent.get(page() + "?do=resolve").content.decode()
        assert f'<form class="pd-panel" id="resolve" data-keep method="post" action="{page("resolve")}' in html

    def test_later_than_the_reopen_window_leads_to_the_new_incident(self, incident, alice, agent, page, now, settings):
        resolve_incident(incident=incident, code="fixed", resolution="x", actor=alice, now=now - timedelta(days=60))
        response = agent.post(page("reopen"), {"text": "It is back."})
        new = Ticket.objects.exclude(pk=incident.ticket.pk).get()
        assert response.url == f"/incidents/{new.number}/?view=mine"


class TestSendWithAVerb:
    """The composer's menu sends its text with the verb."""

    def test_resolves_with_the_words_and_forgets_the_draft(self, incident, alice, agent, page, now):
        save_draft(ticket=incident.ticket, user=alice, kind=Draft.Kind.REPLY, body="Solved", now=now)
        agent.post(page("resolve"), {"kind": "reply", "code": "fixed", "text": "Solved by a restart."})
        incident.refresh_from_db()
        assert (incident.state, incident.resolution) == (State.RESOLVED, "Solved by a restart.")
        assert not Draft.objects.exists()

    def test_keeps_files_with_the_words(self, incident, agent, page, files_in_tmp):
        log = SimpleUploadedFile("after.log", b"all green")
        agent.post(page("resolve"), {"kind": "reply", "code": "fixed", "text": "See the log.", "files": log})
        assert b"after.log" in agent.get(page()).content

    @pytest.mark.parametrize(("verb", "body"), [("resolve", {"code": "fixed"}), ("hold", {"reason": "requester"})])
    def test_never_publishes_what_was_written_as_an_internal_note(self, incident, agent, page, verb, body):
        response = agent.post(page(verb), {**body, "kind": "note", "text": "The customer is wrong."})
        assert response.status_code == 422
        assert b"This was written as an internal note" in response.content
        assert state_of(incident) == State.NEW
        assert not PublicEntry.objects.filter(body__contains="wrong").exists()

    def test_names_refused_files_so_that_they_can_be_chosen_again(self, incident, agent, page):
        program = SimpleUploadedFile("setup.exe", b"MZ")
        response = agent.post(page("resolve"), {"kind": "reply", "code": "fixed", "text": "See.", "files": program})
        assert response.status_code == 422
        assert "Please choose these files again: setup.exe" in response.content.decode()


class TestProperty:
    def test_opens_in_place(self, agent, page):
        html = agent.get(page() + "?edit=prioritise").content.decode()
        assert 'id="edit-prioritise"' in html
        assert '<option value="1" selected>High: work has stopped' in html

    def test_shows_what_a_priority_would_promise_before_it_is_set(self, incident, agent, page):
        html = agent.get(page() + "?edit=prioritise&impact=1&urgency=1").content.decode()
        preview = html.partition('<div class="pd-preview">')[2].partition("</form>")[0]
        assert "P1 Critical" in preview.replace("<span>", "").replace("</span>", "")
        assert "First response by" in preview
        incident.ticket.refresh_from_db()
        assert incident.ticket.priority == 3

    def test_priority_follows_from_impact_and_urgency(self, incident, agent, page):
        agent.post(page("prioritise"), {"impact": 1, "urgency": 1, "version": incident.ticket.version})
        incident.ticket.refresh_from_db()
        assert incident.ticket.priority == 1

    def test_priority_against_the_table_needs_the_right_and_a_reason(self, incident, alice, lead, client_of, page):
        body = {"new-priority": 1, "new-reason": "Board meeting", "version": incident.ticket.version}
        assert client_of(alice).post(page("override-priority"), body).status_code == 403
        assert client_of(lead).post(page("override-priority"), {**body, "new-reason": ""}).status_code == 422
        assert client_of(lead).post(page("override-priority"), body).status_code == 302
        assert b"Board meeting" in client_of(lead).get(page()).content

    def test_category_is_changed_and_told(self, incident, agent, page):
        agent.post(page("categorise"), {"category": "Network / VPN", "version": incident.ticket.version})
        assert b"set the category to <b>Network / VPN</b>" in agent.get(page()).content

    def test_stale_edit_shows_who_changed_what_and_keeps_what_was_chosen(self, incident, lead, agent, page, now):
        version = incident.ticket.version
        edit_ticket(ticket=incident.ticket, actor=lead, now=now, subject="VPN drops in Lisbon")
        response = agent.post(page("prioritise"), {"impact": 2, "urgency": 2, "version": version})
        html = response.content.decode()
        assert response.status_code == 409
        assert "<b>Lena</b> changed the subject from" in html
        assert '<option value="2" selected>Medium: a department or site' in html
        incident.ticket.refresh_from_db()
        assert incident.ticket.impact == 3
        again = agent.post(page("prioritise"), {"impact": 2, "urgency": 2, "version": incident.ticket.version})
        assert again.status_code == 302

    def test_edit_that_another_prioritised_meanwhile_is_stale_too(self, incident, lead, agent, page, now):
        version = incident.ticket.version
        prioritise_incident(incident=incident, impact=1, urgency=1, actor=lead, now=now)
        response = agent.post(page("categorise"), {"category": "VPN", "version": version})
        assert response.status_code == 409
        assert Incident.objects.get(pk=incident.pk).category == ""


class TestCreate:
    BODY = {"requester": "bob@example.org", "subject": "No dial tone", "body": "Since nine.", "channel": "phone", "impact": 3, "urgency": 2}  # fmt: skip

    def test_files_an_incident_for_somebody(self, bob, alice, vpn, agreement, agent):
        response = agent.post("/incidents/new/", {**self.BODY, "service": vpn.pk, "category": "Phones"})
        ticket = Ticket.objects.get()
        assert response.url == f"/incidents/{ticket.number}/"
        assert (ticket.requester, ticket.opened_by, ticket.channel) == (bob, alice, Channel.PHONE)
        assert (ticket.organisation, ticket.team) == (bob.organisation, vpn.support_team)
        assert ticket.incident.category == "Phones"

    def test_keeps_everything_typed_when_something_is_wrong(self, bob, agent):
        response = agent.post("/incidents/new/", {**self.BODY, "subject": ""})
        html = response.content.decode()
        assert response.status_code == 422
        assert "Please say in a few words what is wrong." in html
        assert "Since nine." in html
        assert not Ticket.objects.exists()

    def test_offers_those_who_may_be_meant(self, bob, bea, agent):
        response = agent.post("/incidents/new/", {**self.BODY, "requester": "example"})
        assert response.status_code == 422
        response = agent.post("/incidents/new/", {**self.BODY, "requester": "b"})
        assert b"Nobody is called that" in response.content
        response = agent.post("/incidents/new/", {**self.BODY, "requester": "be"})
        assert response.status_code == 302  # only Bea begins so

    def test_names_refused_files_and_their_limit(self, bob, agent):
        program = SimpleUploadedFile("setup.exe", b"MZ")
        html = agent.post("/incidents/new/", {**self.BODY, "files": program}).content.decode()
        assert "files of the kind “.exe” are not accepted" in html
        assert "Please choose these files again: setup.exe" in html
        assert not Ticket.objects.exists()

    def test_shows_who_calls_and_what_he_has_open(self, incident, agent):
        headers = {"HX-Request": "true", "HX-Target": "div#caller"}
        html = agent.get("/incidents/new/?requester=bob@example.org", headers=headers).content.decode()
        assert "VPN drops every hour" in html
        assert "<form" not in html

    def test_shows_the_priority_of_the_table(self, agent):
        headers = {"HX-Request": "true", "HX-Target": "p#priority"}
        html = agent.get("/incidents/new/?impact=1&urgency=1", headers=headers).content.decode()
        assert "P1 Critical" in html

    def test_is_not_for_auditors_and_not_there_for_customers(self, auditor, bob, client_of):
        assert client_of(auditor).get("/incidents/new/").status_code == 403
        assert client_of(bob).get("/incidents/new/").status_code == 404
        assert client_of(bob).post("/incidents/new/", self.BODY).status_code == 404


@pytest.fixture
def files_in_tmp(settings, tmp_path):
    place = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": place}
