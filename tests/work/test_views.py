"""The verbs every ticket shares, as agents use them."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Membership, Team
from tickets.models import Channel, Draft, InternalNote, Link, PublicEntry, Watcher
from tickets.services import save_draft
from work.services import edit_ticket, reply_to_ticket

VERBS = ("reply", "draft", "assign", "edit", "watch", "unwatch", "link")


@pytest.fixture
def address(incident):
    return lambda verb: f"/tickets/{incident.ticket.number}/{verb}/"


@pytest.fixture
def agent(alice, client_of):
    return client_of(alice)


class TestEveryVerb:
    @pytest.mark.parametrize("verb", VERBS)
    def test_is_post_only_and_not_there_for_customers(self, agent, bob, charlie, client_of, address, verb):
        assert agent.get(address(verb)).status_code == 405
        for person in (bob, charlie):
            assert client_of(person).post(address(verb), {"text": "x"}).status_code == 404

    @pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("watch", "unwatch")])
    def test_is_refused_to_auditors_whatever_they_send(self, incident, auditor, client_of, address, verb):
        client = client_of(auditor)
        assert client.post(address(verb), {}).status_code == 403
        assert client.post(address(verb), {"text": "x", "subject": "x"}).status_code == 403
        assert incident.ticket.publicentrys.count() == 1

    @pytest.mark.parametrize("verb", VERBS)
    def test_knows_no_foreign_number(self, agent, verb):
        assert agent.post(f"/tickets/INC-999999/{verb}/", {"text": "x"}).status_code == 404


class TestReply:
    def test_sends_a_public_reply_and_forgets_the_draft(self, incident, alice, agent, address, now):
        save_draft(ticket=incident.ticket, user=alice, kind=Draft.Kind.REPLY, body="On", now=now)
        response = agent.post(address("reply") + "?view=team", {"text": "On **it**.", "kind": "reply"})
        assert response.url == f"/incidents/{incident.ticket.number}/?view=team"
        entry = PublicEntry.objects.latest("pk")
        assert (entry.author, entry.is_from_agent, entry.channel) == (alice, True, Channel.DESK)
        assert not Draft.objects.exists()

    def test_keeps_an_internal_note_out_of_the_conversation(self, incident, agent, address):
        agent.post(address("reply"), {"text": "Careful here.", "kind": "note"})
        assert InternalNote.objects.get().body == "Careful here."
        assert PublicEntry.objects.count() == 1

    def test_needs_words(self, agent, address):
        response = agent.post(address("reply"), {"text": "  ", "kind": "reply"})
        assert response.status_code == 422
        assert b"Please write something first." in response.content
        assert PublicEntry.objects.count() == 1

    def test_keeps_the_text_and_names_the_files_when_one_is_refused(self, agent, address):
        files = [SimpleUploadedFile("ok.log", b"fine"), SimpleUploadedFile("setup.exe", b"MZ")]
        response = agent.post(address("reply"), {"text": "A long explanation", "kind": "reply", "files": files})
        html = response.content.decode()
        assert response.status_code == 422
        assert "files of the kind “.exe” are not accepted" in html
        assert "Please choose these files again: ok.log, setup.exe" in html
        assert "A long explanation</textarea>" in html
        assert PublicEntry.objects.count() == 1

    def test_refuses_a_file_over_the_limit_by_name(self, agent, address, settings):
        settings.FILE_MAX_BYTES = 10
        big = SimpleUploadedFile("big.log", b"x" * 11)
        html = agent.post(address("reply"), {"text": "See", "kind": "note", "files": big}).content.decode()
        assert "the limit is 10" in html
        assert 'value="note" checked' in html

    def test_shows_a_newer_message_before_it_sends(self, incident, alice, bob, agent, address, now):
        seen = PublicEntry.objects.latest("pk").pk
        reply_to_ticket(ticket=incident.ticket, body="It works again!", actor=bob, now=now, channel=Channel.MAIL)
        response = agent.post(address("reply"), {"text": "Please restart.", "kind": "reply", "seen": seen})
        html = response.content.decode()
        assert response.status_code == 409
        assert "<b>Bob</b>: It works again!" in html
        assert "Please restart.</textarea>" in html
        assert not PublicEntry.objects.filter(author=alice).exists()
        newest = PublicEntry.objects.latest("pk").pk
        assert f'name="seen" value="{newest}"' in html
        assert agent.post(address("reply"), {"text": "Fine.", "kind": "reply", "seen": newest}).status_code == 302

    def test_is_not_held_up_by_ones_own_message(self, incident, alice, agent, address, now):
        seen = PublicEntry.objects.latest("pk").pk
        reply_to_ticket(ticket=incident.ticket, body="First", actor=alice, now=now, channel=Channel.DESK)
        assert agent.post(address("reply"), {"text": "Second", "kind": "reply", "seen": seen}).status_code == 302


class TestDraft:
    def test_survives_until_the_page_is_opened_again(self, incident, alice, lead, agent, client_of, address):
        assert agent.post(address("draft"), {"text": "Half a sent", "kind": "note"}).status_code == 204
        page = f"/incidents/{incident.ticket.number}/"
        html = agent.get(page).content.decode()
        assert "Half a sent</textarea>" in html
        assert 'value="note" checked' in html
        assert "Half a sent" not in client_of(lead).get(page).content.decode()

    def test_is_one_text_whatever_its_kind(self, alice, agent, address):
        agent.post(address("draft"), {"text": "Half", "kind": "reply"})
        agent.post(address("draft"), {"text": "Half a", "kind": "note"})
        draft = Draft.objects.get()
        assert (draft.user, draft.kind, draft.body) == (alice, "note", "Half a")

    def test_goes_with_its_last_letter(self, agent, address):
        agent.post(address("draft"), {"text": "Half", "kind": "reply"})
        agent.post(address("draft"), {"text": "", "kind": "reply"})
        assert not Draft.objects.exists()


class TestAssign:
    def test_gives_the_ticket_to_a_team_and_a_person(self, incident, alice, network, agent, address):
        body = {"new-team": network.pk, "new-assignee": alice.pk, "version": incident.ticket.version}
        assert agent.post(address("assign"), body).status_code == 302
        incident.ticket.refresh_from_db()
        assert incident.ticket.assignee == alice

    def test_says_who_does_not_fit_and_keeps_the_choice(self, incident, alice, our_organisation, agent, address):
        other = Team.objects.create(name="Applications", organisation=our_organisation)
        body = {"new-team": other.pk, "new-assignee": alice.pk, "version": incident.ticket.version}
        response = agent.post(address("assign"), body)
        html = response.content.decode()
        assert response.status_code == 422
        assert "Alice is not a member of Applications." in html
        assert f'<option value="{other.pk}" selected>' in html

    def test_offers_the_members_of_the_team_that_is_chosen(self, incident, alice, lead, our_organisation, agent):
        other = Team.objects.create(name="Applications", organisation=our_organisation)
        Membership.objects.create(team=other, user=alice)
        html = agent.get(f"/incidents/{incident.ticket.number}/?edit=assign&new-team={other.pk}").content.decode()
        choices = html.partition('name="new-assignee"')[2].partition("</select>")[0]
        assert "Alice" in choices
        assert "Lena" not in choices

    def test_against_an_older_page_is_stale(self, incident, alice, lead, network, agent, address, now):
        version = incident.ticket.version
        edit_ticket(ticket=incident.ticket, actor=lead, now=now, subject="Something else")
        body = {"new-team": network.pk, "new-assignee": alice.pk, "version": version}
        response = agent.post(address("assign"), body)
        html = response.content.decode()
        assert response.status_code == 409
        assert "Somebody changed this while you were at it." in html
        assert "<b>Lena</b> changed the subject" in html
        assert f'<option value="{alice.pk}" selected>' in html
        incident.ticket.refresh_from_db()
        assert incident.ticket.assignee is None


class TestEdit:
    def test_changes_the_subject(self, incident, agent, address):
        agent.post(address("edit"), {"subject": "VPN drops in Lisbon", "version": incident.ticket.version})
        incident.ticket.refresh_from_db()
        assert incident.ticket.subject == "VPN drops in Lisbon"
        assert incident.ticket.service is not None

    def test_does_not_empty_it(self, incident, agent, address):
        response = agent.post(address("edit"), {"subject": " ", "version": incident.ticket.version})
        assert response.status_code == 422
        assert b"This cannot be empty." in response.content

    def test_changes_the_service_alone(self, incident, agent, address):
        agent.post(address("edit"), {"service": "", "version": incident.ticket.version})
        incident.ticket.refresh_from_db()
        assert incident.ticket.service is None
        assert incident.ticket.subject == "VPN drops every hour"


class TestWatch:
    def test_follows_and_stops(self, incident, alice, agent, address):
        agent.post(address("watch"))
        assert Watcher.objects.get().user == alice
        agent.post(address("unwatch"))
        assert not Watcher.objects.exists()

    def test_adds_a_colleague_by_address(self, incident, lead, agent, address):
        agent.post(address("watch"), {"email": "Lena@example.org"})
        assert Watcher.objects.get().user == lead

    def test_says_that_nobody_has_the_address(self, agent, address):
        response = agent.post(address("watch"), {"email": "nobody@example.org"})
        assert response.status_code == 422
        assert b"Nobody here has the address nobody@example.org." in response.content


class TestLink:
    def test_joins_two_tickets_and_shows_at_both_ends(self, incident, open_for, bob, agent, address, now):
        other = open_for(bob, subject="The cause", at=now + timedelta(hours=1))
        response = agent.post(address("link"), {"number": other.ticket.number.lower(), "type": "caused_by"})
        assert response.status_code == 302
        assert Link.objects.get().type == "caused_by"
        assert b"The cause" in agent.get(f"/incidents/{incident.ticket.number}/").content
        far_end = agent.get(f"/incidents/{other.ticket.number}/").content.decode()
        assert "caused · New" in far_end

    def test_names_an_unknown_number(self, agent, address):
        response = agent.post(address("link"), {"number": "INC-999999", "type": "relates"})
        assert response.status_code == 422
        assert b"There is no ticket INC-999999." in response.content

    def test_does_not_join_a_ticket_with_itself(self, incident, agent, address):
        response = agent.post(address("link"), {"number": incident.ticket.number, "type": "relates"})
        assert response.status_code == 422
        assert b"A ticket cannot be linked to itself." in response.content
