import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from files.models import StoredFile
from tickets.models import Channel, Priority, PublicEntry, Ticket

NEW = "/portal/requests/new/"


def words(**changes):
    return {
        "service": "vpn", "subject": "VPN is down", "body": "Nothing **works**.", "impact": "1", "urgency": "1", **changes,
    }  # fmt: skip


@pytest.fixture
def bobs(client_of, bob, agreement, vpn):
    return client_of(bob)


class TestCreate:
    def test_opens_the_incident_and_goes_to_its_page(self, bobs, bob, vpn, network, now):
        response = bobs.post(NEW, words())
        ticket = Ticket.objects.get()
        assert response.headers["Location"] == f"/portal/requests/{ticket.number}/"
        assert (ticket.requester, ticket.opened_by, ticket.service, ticket.team) == (bob, bob, vpn, network)
        assert (ticket.channel, ticket.priority, ticket.opened_at) == (Channel.PORTAL, Priority.P1, now)
        assert PublicEntry.objects.get().body == "Nothing **works**."

    def test_says_what_is_promised(self, bobs):
        html = bobs.post(NEW, words(), follow=True).content.decode()
        assert "First answer by today 10:15, usually solved by today 14:00." in html

    def test_never_takes_a_priority_from_the_customer(self, bobs):
        bobs.post(NEW, words(impact="3", urgency="3", priority="1", team="1", phase="closed", requester="1"))
        assert Ticket.objects.get().priority == Priority.P5

    def test_does_without_a_service(self, bobs):
        bobs.post(NEW, words(service=""))
        assert Ticket.objects.get().service is None

    def test_does_not_know_services_of_others(self, client_of, charlie, vpn):
        response = client_of(charlie).post(NEW, words())
        assert response.status_code == 422
        assert not Ticket.objects.exists()

    def test_keeps_what_was_typed_when_words_are_missing(self, bobs):
        response = bobs.post(NEW, words(subject="", body="My long story"))
        assert response.status_code == 422
        html = response.content.decode()
        assert "My long story" in html
        assert '<option value="vpn" selected>' in html
        assert 'value="1" id="id_impact_2" required checked' in html
        assert "This field is required." in html
        assert not Ticket.objects.exists()

    def test_stores_the_files(self, bobs):
        file = SimpleUploadedFile("vpn.log", b"rekey failed")
        page = bobs.post(NEW, {**words(), "files": [file]}, follow=True).content.decode()
        assert StoredFile.objects.get().name == "vpn.log"
        assert "vpn.log" in page

    def test_refuses_a_file_by_name_and_limit_and_keeps_the_rest(self, bobs, settings):
        settings.FILE_MAX_BYTES = 10
        files = [SimpleUploadedFile("big.log", b"x" * 11), SimpleUploadedFile("run.exe", b"MZ")]
        response = bobs.post(NEW, {**words(body="My long story"), "files": files})
        html = response.content.decode()
        assert response.status_code == 422
        assert "big.log is 11" in html
        assert "the limit is 10" in html
        assert "run.exe: files of the kind “.exe” are not accepted." in html
        assert "My long story" in html
        assert "Files have to be chosen again." in html
        assert not Ticket.objects.exists()
        assert not StoredFile.objects.exists()

    def test_is_refused_to_an_auditor(self, client_of, auditor, vpn):
        assert client_of(auditor).get(NEW).status_code == 403
        assert client_of(auditor).post(NEW, words()).status_code == 403
        assert not Ticket.objects.exists()

    def test_takes_the_words_of_a_search(self, bobs):
        assert 'value="broken coffee"' in bobs.get(f"{NEW}?subject=broken+coffee").content.decode()

    def test_says_the_limits_before_anything_is_sent(self, bobs):
        html = bobs.get(NEW).content.decode()
        assert 'data-files-max-bytes-value="26214400"' in html
        assert 'data-files-max-count-value="10"' in html
