from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from files.models import StoredFile
from incidents import services as incidents
from incidents.models import Incident
from incidents.states import State
from slas.models import Clock, Metric
from tests.conftest import person
from tickets.models import Draft, Link, PublicEntry, Ticket, WaitingReason, Watcher
from tickets.services import save_draft


def resolved(incident, alice, now):
    incidents.resolve_incident(incident=incident, code="fixed", resolution="Renewed the key.", actor=alice, now=now)
    return incident


def state_of(incident):
    return State(Incident.objects.get(pk=incident.pk).state)


class TestReply:
    def test_adds_to_the_conversation_with_files(self, client_of, bob, incident, address):
        response = client_of(bob).post(
            f"{address}reply/", {"text": "In *Berlin*.", "files": [SimpleUploadedFile("map.txt", b"here")]}
        )
        assert response.headers["Location"] == f"{address}#latest"
        entry = PublicEntry.objects.latest("id")
        assert (entry.author, entry.body, entry.is_from_agent) == (bob, "In *Berlin*.", False)
        assert StoredFile.objects.get().subject_id == entry.pk

    def test_ends_the_wait_for_him(self, client_of, bob, alice, incident, address, now):
        incidents.hold_incident(
            incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=now
        )
        client_of(bob).post(f"{address}reply/", {"text": "Berlin"})
        assert state_of(incident) == State.IN_PROGRESS

    def test_forgets_the_draft(self, client_of, bob, incident, address, now):
        save_draft(ticket=incident.ticket, user=bob, kind=Draft.Kind.REPLY, body="Half", now=now)
        client_of(bob).post(f"{address}reply/", {"text": "Whole"})
        assert not Draft.objects.exists()

    def test_needs_words(self, client_of, bob, incident, address):
        response = client_of(bob).post(f"{address}reply/", {"text": "  "})
        assert response.status_code == 422
        assert "Please write something first." in response.content.decode()

    def test_keeps_the_words_when_a_file_is_refused(self, client_of, bob, incident, address):
        response = client_of(bob).post(
            f"{address}reply/", {"text": "My long story", "files": [SimpleUploadedFile("run.exe", b"MZ")]}
        )
        html = response.content.decode()
        assert response.status_code == 422
        assert ">My long story</textarea>" in html
        assert "run.exe: files of the kind “.exe” are not accepted." in html
        assert PublicEntry.objects.count() == 1

    def test_by_the_organisations_manager_is_hers(self, client_of, bea, incident, address):
        client_of(bea).post(f"{address}reply/", {"text": "Me too"})
        assert PublicEntry.objects.latest("id").author == bea

    def test_that_comes_when_it_is_solved_is_kept_for_the_reopening(
        self, client_of, bob, alice, incident, address, now
    ):
        resolved(incident, alice, now)
        response = client_of(bob).post(f"{address}reply/", {"text": "It still drops"})
        html = response.content.decode()
        assert response.status_code == 409
        assert "Alice solved this." in html
        assert "Possible now: Reopen, Confirm the solution." in html
        assert ">It still drops</textarea>" in html
        assert PublicEntry.objects.count() == 1

    def test_that_comes_when_it_is_closed_is_kept_for_the_follow_up(
        self, client_of, bob, alice, incident, address, now
    ):
        resolved(incident, alice, now)
        incidents.close_incident(incident=incident, actor=None, now=now)
        response = client_of(bob).post(f"{address}reply/", {"text": "It still drops"})
        html = response.content.decode()
        assert response.status_code == 409
        assert "Closed, because nobody objected to the solution." in html
        assert "Possible now: Open a follow-up." in html
        assert ">It still drops</textarea>" in html

    def test_is_a_post(self, client_of, bob, address):
        assert client_of(bob).get(f"{address}reply/").status_code == 405


class TestDraft:
    def test_is_kept_on_the_server(self, client_of, bob, incident, address):
        assert client_of(bob).post(f"{address}draft/", {"text": "Half a tho", "kind": "note"}).status_code == 204
        draft = Draft.objects.get()
        assert (draft.user, draft.ticket, draft.kind, draft.body) == (bob, incident.ticket, "reply", "Half a tho")

    def test_is_removed_with_its_text(self, client_of, bob, incident, address):
        client = client_of(bob)
        client.post(f"{address}draft/", {"text": "Half"})
        client.post(f"{address}draft/", {"text": ""})
        assert not Draft.objects.exists()


class TestClose:
    def test_confirms_the_solution(self, client_of, bob, alice, incident, address, now):
        resolved(incident, alice, now)
        page = client_of(bob).post(f"{address}close/", follow=True).content.decode()
        assert state_of(incident) == State.CLOSED
        assert "Thank you. The request is closed." in page
        assert "Bob closed this" in page

    def test_of_an_open_one_is_a_conflict_that_says_what_is_possible(self, client_of, bob, incident, address):
        response = client_of(bob).post(f"{address}close/")
        assert response.status_code == 409
        assert "Possible now: Answer, Withdraw." in response.content.decode()
        assert state_of(incident) == State.NEW

    def test_is_refused_to_who_only_follows(self, client_of, alice, incident, address, acme, now):
        carl = person("carl", acme, "requester")
        Watcher.objects.create(ticket=incident.ticket, user=carl)
        resolved(incident, alice, now)
        assert client_of(carl).post(f"{address}close/").status_code == 403
        assert state_of(incident) == State.RESOLVED

    def test_that_somebody_was_faster_with_is_a_conflict(
        self, client_of, bob, alice, incident, address, now, monkeypatch
    ):
        resolved(incident, alice, now)
        stale = Incident.objects.select_related("ticket").get(pk=incident.pk)
        incidents.reopen_incident(incident=incident, comment="No", actor=alice, now=now)

        def close_as_it_was(**words):
            return _close(**{**words, "incident": stale})

        _close = incidents.close_incident
        monkeypatch.setattr(incidents, "close_incident", close_as_it_was)
        response = client_of(bob).post(f"{address}close/")
        assert response.status_code == 409
        assert "Alice reopened this." in response.content.decode()
        assert state_of(incident) == State.IN_PROGRESS


class TestReopen:
    def test_goes_on_with_the_words_as_an_answer(self, client_of, bob, alice, incident, address, now):
        resolved(incident, alice, now)
        response = client_of(bob).post(f"{address}reopen/", {"text": "It still drops"})
        assert response.headers["Location"] == f"{address}#latest"
        assert state_of(incident) == State.IN_PROGRESS
        assert PublicEntry.objects.latest("id").body == "It still drops"
        assert Clock.objects.get(metric=Metric.RESOLUTION).state == Clock.State.RUNNING

    def test_needs_a_reason(self, client_of, bob, alice, incident, address, now):
        resolved(incident, alice, now)
        response = client_of(bob).post(f"{address}reopen/", {"text": ""})
        assert response.status_code == 422
        assert "Please say what is still wrong." in response.content.decode()
        assert state_of(incident) == State.RESOLVED

    def test_after_the_window_opens_a_new_one_and_goes_there(self, client_of, bob, alice, open_for, now):
        old = open_for(bob, at=now - timedelta(days=20))
        resolved(old, alice, now - timedelta(days=15))
        response = client_of(bob).post(f"/portal/requests/{old.ticket.number}/reopen/", {"text": "Again"}, follow=True)
        new = Ticket.objects.latest("id")
        assert response.redirect_chain[-1][0] == f"/portal/requests/{new.number}/#latest"
        assert (new.subject, new.requester) == (old.ticket.subject, bob)
        assert Link.objects.get().target == old.ticket
        assert f"A new request, {new.number}, goes on from {old.ticket.number}." in response.content.decode()
        assert state_of(old) == State.RESOLVED


class TestFollowUp:
    @pytest.fixture
    def closed(self, incident, alice, bob, now):
        resolved(incident, alice, now)
        incidents.close_incident(incident=incident, actor=bob, now=now)
        return incident

    def test_opens_a_linked_incident_with_files(self, client_of, bob, closed, address):
        client_of(bob).post(
            f"{address}follow-up/", {"text": "It is back", "files": [SimpleUploadedFile("new.log", b"x")]}
        )
        new = Ticket.objects.latest("id")
        assert new.number != closed.ticket.number
        assert (new.service, new.phase) == (closed.ticket.service, "new")
        assert PublicEntry.objects.latest("id").body == "It is back"
        assert StoredFile.objects.get().name == "new.log"

    def test_is_linked_on_both_pages(self, client_of, bob, closed, address):
        client = client_of(bob)
        client.post(f"{address}follow-up/", {"text": "It is back"})
        new = Ticket.objects.latest("id")
        assert f'href="/portal/requests/{new.number}/"' in client.get(address).content.decode()
        assert f'href="{address}"' in client.get(f"/portal/requests/{new.number}/").content.decode()

    def test_of_the_organisations_manager_is_hers(self, client_of, bea, closed, address):
        client_of(bea).post(f"{address}follow-up/", {"text": "It is back"})
        assert Ticket.objects.latest("id").requester == bea
        assert PublicEntry.objects.latest("id").author == bea

    def test_needs_words(self, client_of, bob, closed, address):
        response = client_of(bob).post(f"{address}follow-up/", {"text": ""})
        assert response.status_code == 422
        assert Ticket.objects.count() == 1

    def test_of_an_open_one_is_a_conflict(self, client_of, bob, incident, address):
        response = client_of(bob).post(f"{address}follow-up/", {"text": "And this"})
        assert response.status_code == 409
        assert Ticket.objects.count() == 1


class TestCancel:
    def test_withdraws_it_with_the_reason(self, client_of, bob, incident, address):
        page = client_of(bob).post(f"{address}cancel/", {"text": "It was my cable"}, follow=True).content.decode()
        assert state_of(incident) == State.CANCELLED
        assert "Bob withdrew this: It was my cable" in page

    def test_needs_a_reason(self, client_of, bob, incident, address):
        response = client_of(bob).post(f"{address}cancel/", {"text": ""})
        assert response.status_code == 422
        assert "This cannot be empty." in response.content.decode()

    def test_is_the_requesters_own(self, client_of, bea, incident, address):
        assert client_of(bea).post(f"{address}cancel/", {"text": "No need"}).status_code == 403
        assert state_of(incident) == State.NEW

    def test_that_comes_too_late_shows_what_was_typed(self, client_of, bob, alice, incident, address, now):
        resolved(incident, alice, now)
        response = client_of(bob).post(f"{address}cancel/", {"text": "It was my cable"})
        assert response.status_code == 409
        assert "It was my cable" in response.content.decode()


class TestWatch:
    def test_follows_and_stops(self, client_of, bea, incident, address):
        client = client_of(bea)
        client.post(f"{address}watch/")
        assert Watcher.objects.get().user == bea
        assert "Stop following" in client.get(address).content.decode()
        assert client.post(f"{address}unwatch/").headers["Location"] == address
        assert not Watcher.objects.exists()

    def test_who_loses_sight_of_it_lands_on_his_list(self, client_of, incident, address, acme):
        carl = person("carl", acme, "requester")
        Watcher.objects.create(ticket=incident.ticket, user=carl)
        assert client_of(carl).post(f"{address}unwatch/").headers["Location"] == "/portal/requests/"
