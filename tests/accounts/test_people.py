import re

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import services
from accounts.models import Role, User
from journal import outbox
from journal.models import Event, Outbox
from tests.conftest import person

PEOPLE = "/me/people/"
PASSWORD = "correct horse battery staple"


def roles(*keys):
    return list(Role.objects.filter(key__in=keys))


@pytest.fixture
def invited(admin_user, acme, now) -> User:
    return services.invite_person(
        email="Dora@Example.org", name="Dora", organisation=acme, roles=roles("requester"), actor=admin_user, now=now
    )


@pytest.fixture
def link(invited, now, mailoutbox) -> str:
    """The path of the link in the invitation's mail."""
    outbox.dispatch(now=now)
    return re.search(r"http://[^/]+(/account/password/reset/key/\S+)", mailoutbox[0].body).group(1)


def choose_password(client, link, password=PASSWORD):
    """As a browser does: allauth keeps the key in the session and redirects to an address without it."""
    form = client.get(link, follow=True)
    return client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})


class TestInvite:
    def test_makes_a_person_without_a_password(self, invited, acme, admin_user):
        assert (invited.email, invited.organisation, invited.time_zone) == ("dora@example.org", acme, acme.time_zone)
        assert not invited.has_usable_password()
        event = Event.objects.get(name="person.invited")
        assert (event.actor, event.subject_id, event.data["roles"]) == (admin_user, invited.pk, ["requester"])

    def test_sends_one_mail_in_the_persons_language_and_no_password(self, invited, link, mailoutbox):
        (message,) = mailoutbox
        assert message.to == ["dora@example.org"]
        assert "Hello Dora," in message.body
        assert "good for one use" in message.body
        assert message.extra_headers["Message-ID"].startswith("<invitation.event-")
        assert Outbox.objects.get().answer == "sent to dora@example.org"

    def test_leads_to_a_password_of_ones_own_and_then_in(self, client, invited, link):
        choose_password(client, link)
        assert client.login(email="dora@example.org", password=PASSWORD)

    def test_is_good_for_one_use(self, client, invited, link):
        choose_password(client, link)
        choose_password(Client(), link, "another password entirely")
        invited.refresh_from_db()
        assert invited.check_password(PASSWORD)

    def test_is_not_good_for_somebody_else(self, client, link, bob):
        from allauth.account.utils import user_pk_to_url_str

        token = link.rstrip("/").rpartition("/")[2].partition("-")[2]
        choose_password(client, f"/account/password/reset/key/{user_pk_to_url_str(bob)}-{token}/")
        bob.refresh_from_db()
        assert not bob.has_usable_password()

    def test_runs_out(self, client, invited, link, settings):
        settings.PASSWORD_RESET_TIMEOUT = -1
        choose_password(client, link)
        invited.refresh_from_db()
        assert not invited.has_usable_password()

    def test_holds_the_password_to_the_rules(self, client, invited, link):
        choose_password(client, link, "short")
        invited.refresh_from_db()
        assert not invited.has_usable_password()

    def test_can_be_sent_again_until_there_is_a_password(self, client_of, admin_user, invited, link, now, mailoutbox):
        client = client_of(admin_user)
        client.post(f"{PEOPLE}{invited.pk}/remind/")
        outbox.dispatch(now=now)
        assert len(mailoutbox) == 2
        invited.set_password(PASSWORD)
        invited.save()
        page = client.post(f"{PEOPLE}{invited.pk}/remind/", follow=True).content.decode()
        assert "Dora does not need an invitation." in page
        outbox.dispatch(now=now)
        assert len(mailoutbox) == 2

    def test_is_not_sent_to_who_was_deactivated_meanwhile(self, invited, admin_user, now):
        services.deactivate_person(person=invited, actor=admin_user, now=now)
        outbox.dispatch(now=now)
        assert mail.outbox == []
        assert Outbox.objects.get().answer == "not needed any more"

    def test_refuses_an_address_that_is_here_already_whatever_its_case(self, invited, admin_user, acme, now):
        with pytest.raises(ValidationError) as refused:
            services.invite_person(
                email="DORA@example.org", name="Double", organisation=acme, roles=[], actor=admin_user, now=now
            )
        assert refused.value.message_dict == {"email": ["Somebody with this e-mail address is here already."]}
        assert User.objects.filter(email__iexact="dora@example.org").count() == 1

    @pytest.mark.parametrize("name", ["alice", "lead", "manager_user", "auditor", "bob", "bea"])
    def test_is_refused_to_everybody_but_administrators(self, name, request, acme, now):
        actor = request.getfixturevalue(name)
        with pytest.raises(PermissionDenied):
            services.invite_person(
                email="x@example.org", name="X", organisation=acme, roles=roles("admin"), actor=actor, now=now
            )
        assert not User.objects.filter(email="x@example.org").exists()

    def test_works_from_the_page_and_keeps_what_was_typed(self, client_of, admin_user, acme, network, bob):
        client = client_of(admin_user)
        typed = {
            "name": "Dora", "email": "bob@example.org", "organisation": acme.pk, "language": "zh-hans",
            "roles": [role.pk for role in roles("agent")], "teams": [network.pk],
        }  # fmt: skip
        refused = client.post(f"{PEOPLE}invite/", typed)
        assert refused.status_code == 422
        assert "Somebody with this e-mail address is here already." in refused.content.decode()
        assert 'value="Dora"' in refused.content.decode()
        assert client.post(f"{PEOPLE}invite/", {**typed, "email": "dora@example.org"}).status_code == 302
        dora = User.objects.get(email="dora@example.org")
        assert (dora.language, list(dora.teams.all()), dora.is_agent) == ("zh-hans", [network], True)


class TestPeople:
    @pytest.mark.parametrize("name", ["alice", "lead", "manager_user", "auditor", "bob", "bea"])
    def test_are_for_administrators(self, client_of, name, request, charlie):
        client = client_of(request.getfixturevalue(name))
        for address in (PEOPLE, f"{PEOPLE}invite/", f"{PEOPLE}{charlie.pk}/"):
            response = client.get(address)
            assert response.status_code == 403
            assert "Charlie" not in response.content.decode()
        for verb in ("remind", "deactivate", "reactivate"):
            assert client.post(f"{PEOPLE}{charlie.pk}/{verb}/").status_code == 403
        charlie.refresh_from_db()
        assert charlie.is_active

    def test_are_found_by_name_mail_and_organisation(self, client_of, admin_user, bob, charlie):
        client = client_of(admin_user)
        for query in ("bob", "bob@exam", "acme"):
            assert [row.name for row in client.get(f"{PEOPLE}?q={query}").context["page"].rows] == ["Bob"]

    def test_are_listed_by_who_may_sign_in(self, client_of, admin_user, bob, now):
        services.deactivate_person(person=bob, actor=admin_user, now=now)
        client = client_of(admin_user)
        assert bob not in client.get(PEOPLE).context["page"].rows
        assert client.get(f"{PEOPLE}?state=inactive").context["page"].rows == [bob]

    def test_cost_the_same_for_one_and_for_thirty(self, client_of, admin_user, acme):
        client = client_of(admin_user)
        client.get(PEOPLE)

        def count():
            with CaptureQueriesContext(connection) as queries:
                client.get(PEOPLE)
            return len(queries)

        few = count()
        for number in range(30):
            person(f"person{number}", acme, "requester")
        assert count() == few <= 15


class TestChange:
    def test_sets_roles_teams_and_organisation(self, client_of, admin_user, bob, globex, network):
        client_of(admin_user).post(
            f"{PEOPLE}{bob.pk}/",
            {"organisation": globex.pk, "roles": [role.pk for role in roles("agent")], "teams": [network.pk]},
        )
        bob = User.objects.get(pk=bob.pk)
        assert (bob.organisation, bob.is_agent, list(bob.teams.all())) == (globex, True, [network])
        assert Event.objects.get(name="person.changed").data["changes"] == {
            "organisation": ["Acme", "Globex"], "roles": [["requester"], ["agent"]], "teams": [[], ["Network"]],
        }  # fmt: skip

    def test_of_nothing_is_no_event(self, admin_user, bob, acme, now):
        services.change_person(
            person=bob, organisation=acme, roles=roles("requester"), teams=[], actor=admin_user, now=now
        )
        assert not Event.objects.exists()

    def test_takes_effect_with_the_next_request(self, client_of, admin_user, alice, our_organisation, now):
        client = client_of(alice)
        assert client.get("/").headers["Location"] == "/desk/"
        services.change_person(
            person=alice, organisation=our_organisation, roles=roles("requester"), teams=[], actor=admin_user, now=now
        )
        assert client.get("/").headers["Location"] == "/portal/"

    def test_never_takes_the_administration_from_oneself(self, admin_user, our_organisation, now):
        with pytest.raises(ValidationError):
            services.change_person(
                person=admin_user,
                organisation=our_organisation,
                roles=roles("agent"),
                teams=[],
                actor=admin_user,
                now=now,
            )
        assert User.objects.get(pk=admin_user.pk).roles.get().key == "admin"


class TestDeactivate:
    def test_ends_open_sessions_with_the_next_request(self, client_of, admin_user, bob):
        session = client_of(bob)
        client_of(admin_user).post(f"{PEOPLE}{bob.pk}/deactivate/")
        assert session.get("/portal/").headers["Location"] == "/account/login/?next=/portal/"
        assert Event.objects.get(name="person.deactivated").subject_id == bob.pk

    def test_refuses_the_sign_in(self, client, bob, admin_user, now):
        bob.set_password(PASSWORD)
        bob.save()
        services.deactivate_person(person=bob, actor=admin_user, now=now)
        client.post("/account/login/", {"login": bob.email, "password": PASSWORD})
        assert "_auth_user_id" not in client.session

    def test_is_not_for_oneself(self, client_of, admin_user):
        assert client_of(admin_user).post(f"{PEOPLE}{admin_user.pk}/deactivate/").status_code == 403

    def test_can_be_taken_back(self, client_of, admin_user, bob):
        client = client_of(admin_user)
        client.post(f"{PEOPLE}{bob.pk}/deactivate/")
        client.post(f"{PEOPLE}{bob.pk}/reactivate/")
        bob.refresh_from_db()
        assert bob.is_active


class TestSignIn:
    def test_is_by_mail_address_in_any_case(self, client, bob):
        bob.set_password(PASSWORD)
        bob.save()
        response = client.post("/account/login/", {"login": "BOB@example.org", "password": PASSWORD})
        assert response.headers["Location"] == "/"
        assert client.get("/").headers["Location"] == "/portal/"

    def test_nobody_signs_himself_up(self, client, db):
        client.post("/account/signup/", {"email": "x@example.org", "password1": PASSWORD})
        assert not User.objects.exists()
