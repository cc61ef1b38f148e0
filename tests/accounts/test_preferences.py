import pytest
from django.core.exceptions import ValidationError

from accounts.services import update_preferences
from journal.models import Event

ME = "/me/"


def choices(**changes):
    return {"name": "Bob", "language": "en", "time_zone": "Europe/Berlin", "theme": "dark", **changes}


class TestPreferences:
    def test_are_for_people_who_are_signed_in(self, client, db):
        assert client.get(ME).headers["Location"] == "/account/login/?next=/me/"

    def test_are_saved(self, client_of, bob):
        response = client_of(bob).post(ME, choices(name="Bob Stone"))
        assert response.headers["Location"] == ME
        bob.refresh_from_db()
        assert (bob.name, bob.language, bob.time_zone, bob.theme) == ("Bob Stone", "en", "Europe/Berlin", "dark")

    def test_record_a_new_name_and_nothing_else(self, client_of, bob):
        client = client_of(bob)
        client.post(ME, choices())
        assert not Event.objects.exists()
        client.post(ME, choices(name="Bob Stone"))
        event = Event.objects.get()
        assert (event.name, event.actor, event.data) == ("person.renamed", bob, {"name": ["Bob", "Bob Stone"]})

    def test_keep_what_was_typed_when_something_is_wrong(self, client_of, bob):
        response = client_of(bob).post(ME, choices(name="Bob Stone", time_zone="Mars/Olympus"))
        assert response.status_code == 422
        assert 'value="Bob Stone"' in response.content.decode()
        bob.refresh_from_db()
        assert bob.time_zone == "UTC"

    def test_change_no_rights(self, client_of, bob):
        client_of(bob).post(ME, choices(roles="7", is_active="", organisation="1", email="ceo@example.org"))
        bob.refresh_from_db()
        assert bob.email == "bob@example.org"
        assert [role.key for role in bob.roles.all()] == ["requester"]

    def test_say_what_time_it_is_there(self, client_of, bob):
        bob.time_zone = "Asia/Shanghai"
        bob.save()
        assert "It is 18:00 now." in client_of(bob).get(ME).content.decode()

    def test_lead_to_password_second_step_and_sessions(self, client_of, bob):
        html = client_of(bob).get(ME).content.decode()
        for address in ("/account/password/change/", "/account/2fa/", "/account/sessions/"):
            assert f'href="{address}"' in html

    def test_refuse_a_wrong_value_at_every_door(self, bob, now):
        with pytest.raises(ValidationError):
            update_preferences(person=bob, now=now, theme="pink")
        bob.refresh_from_db()
        assert bob.theme == "system"

    def test_are_four(self, bob, now):
        with pytest.raises(ValueError, match="is_active"):
            update_preferences(person=bob, now=now, is_active="")


class TestTheme:
    def test_is_kept_for_the_person(self, client_of, bob):
        response = client_of(bob).post("/me/theme/", {"theme": "dark", "next": "/portal/requests/"})
        assert response.headers["Location"] == "/portal/requests/"
        bob.refresh_from_db()
        assert bob.theme == "dark"

    def test_is_painted_by_the_server(self, client_of, bob):
        bob.theme = "dark"
        bob.save()
        assert 'data-bs-theme="dark"' in client_of(bob).get(ME).content.decode()

    def test_of_a_stranger_is_a_cookie(self, client, db):
        client.post("/me/theme/", {"theme": "dark", "next": "/account/login/"})
        assert client.cookies["theme"]["httponly"]
        assert 'data-bs-theme="dark"' in client.get("/account/login/").content.decode()

    def test_that_does_not_exist_changes_nothing(self, client_of, bob):
        client_of(bob).post("/me/theme/", {"theme": "pink"})
        bob.refresh_from_db()
        assert bob.theme == "system"

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
    def test_never_leads_out_of_the_house(self, client_of, bob, target):
        assert client_of(bob).post("/me/theme/", {"theme": "dark", "next": target}).headers["Location"] == "/"

    def test_is_a_post(self, client_of, bob):
        assert client_of(bob).get("/me/theme/").status_code == 405


class TestLanguage:
    def test_is_kept_for_the_person_and_spoken_at_once(self, client_of, bob):
        client = client_of(bob)
        page = client.post("/me/language/", {"language": "zh-hans", "next": "/portal/"}, follow=True)
        bob.refresh_from_db()
        assert bob.language == "zh-hans"
        assert '<html lang="zh-Hans"' in page.content.decode()
        assert page.headers["Content-Language"] == "zh-hans"

    def test_of_a_stranger_is_a_cookie(self, client, db):
        client.post("/me/language/", {"language": "zh-hans", "next": "/account/login/"})
        assert '<html lang="zh-Hans"' in client.get("/account/login/").content.decode()

    def test_that_is_not_spoken_here_changes_nothing(self, client_of, bob):
        client_of(bob).post("/me/language/", {"language": "tlh"})
        bob.refresh_from_db()
        assert bob.language == "en"

    def test_never_leads_out_of_the_house(self, client, db):
        response = client.post("/me/language/", {"language": "en", "next": "https://evil.example/"})
        assert response.headers["Location"] == "/"
