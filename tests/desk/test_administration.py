"""The outbox and the kept letters: for administrators only, safely shown, and a dead row can be tried again."""

import pytest
from django.urls import reverse

from journal.models import Event, Outbox
from journal.services import post
from mail.letters import Letter
from tickets.notices import TOPIC


@pytest.fixture
def dead(incident, bob):
    row = Outbox.objects.get(topic=TOPIC)
    row.is_dead, row.n_attempts, row.answer = True, 1, "Undeliverable: 550 <script>alert(1)</script>"
    row.save()
    return row


@pytest.fixture
def kept(settings, tmp_path):
    """A folder of letters; gives a function that writes one and says its name."""
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "mail.backends.ReadableFileBackend", tmp_path / "mail"

    def _keep(subject="[INC-1] Hello", html="<p>Hello</p>") -> str:
        before = set((tmp_path / "mail").glob("*.eml"))
        letter = Letter(subject=subject, body="Hello & <b>goodbye</b>", to=["bob@example.org"])
        letter.attach_alternative(html, "text/html")
        letter.send()
        (made,) = set((tmp_path / "mail").glob("*.eml")) - before
        return made.name

    return _keep


class TestOutbox:
    def test_shows_the_dead_first_and_says_what_they_are(self, dead, client_of, admin_user):
        html = client_of(admin_user).get(reverse("desk:outbox")).content.decode()
        assert "We have received your request: INC-" in html
        assert "to Bob" in html
        assert "<script>alert(1)" not in html
        assert 'aria-current="true">Given up' in html

    def test_shows_each_row_in_one_state(self, dead, client_of, admin_user, now):
        post(key="waits", topic="nowhere", payload={}, now=now)
        client = client_of(admin_user)
        found = {
            state: client.get(reverse("desk:outbox"), {"state": state}).content.decode().count('<th scope="row">')
            for state in ("waiting", "dead", "done")
        }
        assert found == {"waiting": 1, "dead": 1, "done": 0}

    def test_narrows_to_a_topic(self, dead, client_of, admin_user):
        html = (
            client_of(admin_user).get(reverse("desk:outbox"), {"state": "dead", "topic": "clock.step"}).content.decode()
        )
        assert "to Bob" not in html

    def test_has_pages(self, client_of, admin_user, now):
        for number in range(55):
            post(key=f"row-{number}", topic="nowhere", payload={}, now=now)
        client = client_of(admin_user)
        response = client.get(reverse("desk:outbox"))
        assert response.content.decode().count('<th scope="row">') == 50
        older = response.context["page"].older
        html = client.get(reverse("desk:outbox"), {"state": "waiting", "older": older}).content.decode()
        assert html.count('<th scope="row">') == 5

    def test_counts_the_dead_in_the_side_bar(self, dead, client_of, admin_user):
        response = client_of(admin_user).get(reverse("desk:home"))
        (item,) = [
            item for _title, items in response.context["nav"] for item in items if item["url"] == "/desk/outbox/"
        ]
        assert (item["count"], item["is_hot"]) == ("1", True)


class TestOutboxRow:
    def test_shows_payload_and_answer_as_text(self, dead, client_of, admin_user):
        html = client_of(admin_user).get(reverse("desk:outbox_row", args=[dead.pk])).content.decode()
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
        assert f"ticket: {dead.payload['ticket']}" in html
        assert "1 of 11" in html


class TestRetry:
    def test_wakes_a_dead_row_and_records_who(self, dead, client_of, admin_user):
        response = client_of(admin_user).post(reverse("desk:retry_delivery", args=[dead.pk]), follow=True)
        assert "It is tried again now." in response.content.decode()
        dead.refresh_from_db()
        assert (dead.is_dead, dead.n_attempts) == (False, 0)
        assert Event.objects.get(name="outbox.retried").actor == admin_user

    def test_is_not_done_by_looking(self, dead, client_of, admin_user):
        assert client_of(admin_user).get(reverse("desk:retry_delivery", args=[dead.pk])).status_code == 405
        dead.refresh_from_db()
        assert dead.is_dead


class TestMailFiles:
    def test_lists_and_opens_letters(self, kept, client_of, admin_user):
        name = kept(subject="[INC-1] 打印机")
        client = client_of(admin_user)
        assert "[INC-1] 打印机" in client.get(reverse("desk:mail_files")).content.decode()
        html = client.get(reverse("desk:mail_file", args=[name])).content.decode()
        assert "Hello &amp; &lt;b&gt;goodbye&lt;/b&gt;" in html
        assert "bob@example.org" in html

    def test_cleans_what_a_letter_brings(self, kept, client_of, admin_user):
        evil = (
            "<style>body{display:none}</style><script>alert(1)</script><img src=https://spy.example/x.png>"
            '<p onclick="x()" style="color:red">words</p><a href="javascript:x()">go</a>'
        )
        html = client_of(admin_user).get(reverse("desk:mail_file", args=[kept(html=evil)])).content.decode()
        body = html.partition('id="html"')[2]
        assert "<p>words</p>" in body
        for trace in ("alert(1)", "spy.example", "onclick", "style=", "javascript:", "display:none"):
            assert trace not in body, trace

    @pytest.mark.parametrize("name", ["..%2Fsecrets.json", "secrets.json", "20261123T100000-000000000000.eml", "x.eml"])
    def test_opens_nothing_else(self, kept, client_of, admin_user, name, tmp_path):
        kept()
        (tmp_path / "mail" / "secrets.json").write_text("{}")
        assert client_of(admin_user).get(f"/desk/mail/{name}/").status_code == 404

    def test_is_not_there_where_letters_are_sent(self, client_of, admin_user):
        assert client_of(admin_user).get(reverse("desk:mail_files")).status_code == 404


class TestAccess:
    def test_is_for_administrators(self, dead, kept, client_of, manager_user, alice, auditor, bob):
        name = kept()
        urls = [
            reverse("desk:outbox"), reverse("desk:outbox_row", args=[dead.pk]), reverse("desk:mail_files"),
            reverse("desk:mail_file", args=[name]),
        ]  # fmt: skip
        for url in urls:
            for agent in (manager_user, alice, auditor):
                assert client_of(agent).get(url).status_code == 403
            assert client_of(bob).get(url).status_code == 404
        retry = reverse("desk:retry_delivery", args=[dead.pk])
        assert client_of(manager_user).post(retry).status_code == 403
        assert client_of(bob).post(retry).status_code == 404
        dead.refresh_from_db()
        assert dead.is_dead
