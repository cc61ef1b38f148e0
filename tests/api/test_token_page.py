"""Where people make, see and revoke their tokens."""

import time
from datetime import timedelta

import pytest

from api.models import ApiToken
from api.services import create_token

FORM = {"name": "Monitoring", "scopes": ["read"], "life": "30"}


@pytest.fixture
def signed_in(client_of):
    """A browser that has just given the password, as creating a token asks for."""

    def _signed_in(user):
        client = client_of(user)
        session = client.session
        session["account_authentication_methods"] = [
            {"method": "password", "at": time.time(), "reauthenticated": True, "email": user.email}
        ]
        session.save()
        return client

    return _signed_in


@pytest.fixture
def token_of(now):
    def _token_of(user):
        token, _secret = create_token(
            owner=user, name=f"Of {user.name}", scopes=["read"], expires_at=now + timedelta(days=300), now=now
        )
        return token

    return _token_of


def test_a_token_is_shown_this_once(signed_in, bob):
    client = signed_in(bob)
    page = client.post("/api/tokens/create/", FORM)
    assert page.status_code == 201
    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert (
        client.get("/api/v1/me/", headers={"Authorization": f"Bearer {secret}"}).json()["token"]["name"] == "Monitoring"
    )
    later = client.get("/api/tokens/").content.decode()
    assert secret not in later
    assert secret[:12] in later


def test_making_one_asks_for_the_password_first(client_of, bob):
    bob.set_password("a long password")
    bob.save()
    answer = client_of(bob).post("/api/tokens/create/", FORM)
    assert answer.status_code == 302
    assert answer.url.startswith("/account/reauthenticate/")
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("wrong", [{"name": ""}, {"scopes": []}, {"scopes": ["admin"]}, {"life": "4000"}])
def test_a_wrong_form_comes_back_with_its_words(signed_in, bob, wrong):
    page = signed_in(bob).post("/api/tokens/create/", FORM | wrong)
    assert page.status_code == 422
    assert list(page.context["form"].errors) == list(wrong)
    assert not ApiToken.objects.exists()


def test_one_is_revoked_by_its_owner_or_an_administrator(client_of, token_of, bob, alice, admin_user, charlie):
    token = token_of(bob)
    for stranger in (alice, charlie):
        assert client_of(stranger).post(f"/api/tokens/{token.pk}/revoke/").status_code == 404
        assert token.name not in client_of(stranger).get("/api/tokens/").content.decode()
    token.refresh_from_db()
    assert token.revoked_at is None
    assert token.name in client_of(admin_user).get("/api/tokens/").content.decode()
    assert client_of(admin_user).post(f"/api/tokens/{token.pk}/revoke/").status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert client_of(bob).post(f"/api/tokens/{token_of(bob).pk}/revoke/").status_code == 302


def test_strangers_are_asked_to_sign_in(client):
    assert client.get("/api/tokens/").url.startswith("/account/login/")
    assert client.post("/api/tokens/create/", FORM).url.startswith("/account/login/")
