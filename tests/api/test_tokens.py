"""The life of a token: made, used, out of date, taken away; and what it can never do."""

from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import Role
from api.models import LONGEST_LIFE, ApiToken, Scope
from api.services import create_token, revoke_token
from journal.models import Event


def make(owner, now, scopes=tuple(Scope), days=1):
    return create_token(owner=owner, name="Script", scopes=scopes, expires_at=now + timedelta(days=days), now=now)


def detail(answer):
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.json()["detail"]


class TestAToken:
    def test_is_kept_as_a_hash_only(self, bob, now):
        token, secret = make(bob, now)
        assert secret.startswith("ptk_")
        assert len(secret) == 47
        assert secret not in str(ApiToken.objects.values().get(pk=token.pk))
        assert token.prefix == secret[:12]
        event = Event.objects.get(name="api_token.created")
        assert (event.actor, event.subject_id, secret in str(event.data)) == (bob, token.pk, False)

    def test_acts_for_its_owner(self, call_as, bob):
        me = call_as(bob).get("me/").json()
        assert (me["name"], me["permissions"]) == ("Bob", [])
        assert me["token"]["scopes"] == ["read", "write"]

    def test_notes_when_it_was_used_once_a_minute(self, call_as, bob, at_work, django_assert_num_queries):
        caller = call_as(bob)
        caller.get("me/")
        assert ApiToken.objects.get().last_used_at == at_work
        with time_machine.travel(at_work + timedelta(seconds=59), tick=False):
            caller.get("me/")
        assert ApiToken.objects.get().last_used_at == at_work
        with time_machine.travel(at_work + timedelta(seconds=60), tick=False):
            caller.get("me/")
        assert ApiToken.objects.get().last_used_at == at_work + timedelta(seconds=60)

    def test_loses_what_its_owner_loses(self, call_as, alice, incident):
        caller = call_as(alice)
        assert caller.get(f"incidents/{incident.ticket.number}/").status_code == 200
        alice.roles.set(Role.objects.filter(key="requester"))
        assert caller.get(f"incidents/{incident.ticket.number}/").status_code == 404
        alice.is_active = False
        alice.save()
        answer = caller.get("me/")
        assert (answer.status_code, detail(answer)) == (401, "The owner of this token is no longer active.")

    def test_ends(self, call_as, bob, at_work):
        caller = call_as(bob)
        with time_machine.travel(at_work + timedelta(days=1, seconds=-1), tick=False):
            assert caller.get("me/").status_code == 200
        with time_machine.travel(at_work + timedelta(days=1), tick=False):
            answer = caller.get("me/")
        assert (answer.status_code, detail(answer)) == (401, "This token has expired.")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Portico"'

    def test_can_be_taken_away_once(self, call_as, bob, at_work):
        caller = call_as(bob)
        token = ApiToken.objects.get()
        revoke_token(token=token, actor=bob, now=at_work)
        revoke_token(token=token, actor=bob, now=at_work)
        answer = caller.get("me/")
        assert (answer.status_code, detail(answer)) == (401, "This token was revoked.")
        assert Event.objects.filter(name="api_token.revoked").count() == 1

    @pytest.mark.parametrize(("scope", "read", "write"), [(Scope.READ, 200, 403), (Scope.WRITE, 403, 200)])
    def test_does_what_its_scopes_say(self, call_as, bob, incident, scope, read, write):
        caller = call_as(bob, scope)
        assert caller.get("incidents/").status_code == read
        answer = caller.post(f"tickets/{incident.ticket.number}/watch/")
        assert answer.status_code == write
        if write == 403:
            assert detail(answer) == "This token has not the scope that is needed."

    @pytest.mark.parametrize(
        "header", ["Bearer", "Bearer ", "Bearer ptk_wrong", "Bearer ü", "bearer x y", "Basic YTpi", "ptk_x", ""]
    )
    def test_must_be_known(self, call_as, bob, header):
        answer = call_as(None).get("me/", Authorization=header)
        assert answer.status_code == 401
        assert answer.json()["status"] == 401


class TestMakingOne:
    def test_refuses_what_is_missing_or_lives_too_long(self, bob, now):
        with pytest.raises(ValidationError) as refusal:
            create_token(owner=bob, name=" ", scopes=["admin"], expires_at=now + LONGEST_LIFE * 2, now=now)
        assert set(refusal.value.message_dict) == {"name", "scopes", "expires_at"}
        with pytest.raises(ValidationError):
            make(bob, now, days=0)
        assert not ApiToken.objects.exists()

    @pytest.mark.parametrize("field", [{"expires_at": LONGEST_LIFE * 2}, {"expires_at": -LONGEST_LIFE}, {"scopes": []}])
    def test_is_held_to_it_by_the_database(self, bob, now, field):
        token, _secret = make(bob, now)
        change = {name: now + value if isinstance(value, timedelta) else value for name, value in field.items()}
        with pytest.raises(IntegrityError), transaction.atomic():
            ApiToken.objects.filter(pk=token.pk).update(**change)
