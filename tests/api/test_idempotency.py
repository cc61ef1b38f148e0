"""A POST with an Idempotency-Key is done once, however often and however fast it is repeated."""

import threading
import time
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections

from api import services
from api.models import IdempotentCall
from api.tasks import purge_calls
from incidents.models import Incident
from itsm.schedule import BEAT
from tickets.models import PublicEntry

WORDS = {"subject": "No tunnel", "body": "It fails."}
KEY = {"Idempotency-Key": "order-66"}


class TestARepeatedCall:
    def test_is_answered_and_not_done_again(self, call_as, bob):
        caller = call_as(bob)
        first, again = caller.post("incidents/", WORDS, **KEY), caller.post("incidents/", WORDS, **KEY)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.content == again.content
        assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
        assert Incident.objects.count() == 1

    def test_may_spell_the_same_content_otherwise(self, call_as, bob):
        caller = call_as(bob)
        caller.post("incidents/", WORDS, **KEY)
        again = caller.post("incidents/", dict(reversed(WORDS.items())), **KEY)
        assert again.headers["Idempotency-Replayed"] == "true"

    def test_may_carry_files(self, call_as, bob, incident, tmp_path, settings):
        settings.STORAGES = {
            **settings.STORAGES,
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
        }
        caller, address = call_as(bob), f"tickets/{incident.ticket.number}/entries/"

        def send(content):
            return caller.upload(address, {"body": "Log", "files": [SimpleUploadedFile("vpn.log", content)]}, **KEY)

        first, again, other = send(b"rekey failed"), send(b"rekey failed"), send(b"something else")
        assert (first.status_code, again.content == first.content, other.status_code) == (201, True, 422)
        assert PublicEntry.objects.filter(ticket=incident.ticket, body="Log").count() == 1

    def test_with_other_content_is_refused(self, call_as, bob, incident):
        caller = call_as(bob)
        caller.post("incidents/", WORDS, **KEY)
        for answer in (
            caller.post("incidents/", WORDS | {"subject": "Other"}, **KEY),
            caller.post(f"tickets/{incident.ticket.number}/watch/", **KEY),
        ):
            assert (answer.status_code, answer.json()["type"]) == (422, "urn:portico:problem:key-reused")
        assert Incident.objects.count() == 2

    def test_is_another_call_when_another_person_sends_it(self, call_as, bob, bea):
        assert (
            call_as(bob).post("incidents/", WORDS, **KEY).json() != call_as(bea).post("incidents/", WORDS, **KEY).json()
        )
        assert Incident.objects.count() == 2

    def test_may_be_corrected_after_an_error(self, call_as, bob):
        """What was refused left nothing behind: the key is free."""
        caller = call_as(bob)
        assert caller.post("incidents/", {"subject": "No tunnel"}, **KEY).status_code == 422
        assert not IdempotentCall.objects.exists()
        assert caller.post("incidents/", WORDS, **KEY).status_code == 201

    def test_is_refused_once_its_caller_may_not_see_it(self, call_as, bea, incident):
        from accounts.models import Role

        caller, address = call_as(bea), f"tickets/{incident.ticket.number}/entries/"
        assert caller.post(address, {"body": "Mine too"}, **KEY).status_code == 201
        bea.roles.set(Role.objects.filter(key="requester"))
        assert caller.post(address, {"body": "Mine too"}, **KEY).status_code == 404

    @pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel"])
    def test_needs_a_key_that_is_one(self, call_as, bob, key):
        answer = call_as(bob).post("incidents/", WORDS, **{"Idempotency-Key": key})
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == ["Idempotency-Key"]
        assert not Incident.objects.exists()

    def test_is_forgotten_after_a_day(self, call_as, bob, at_work):
        call_as(bob).post("incidents/", WORDS, **KEY)
        assert services.purge_calls(now=at_work + timedelta(hours=24)) == 0
        assert services.purge_calls(now=at_work + timedelta(hours=24, seconds=1)) == 1


def test_the_purge_is_in_the_beat_table():
    entry = BEAT["purge answered API calls"]
    assert (entry["task"], entry["options"]["expires"]) == (purge_calls.name, 3600)


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    """Real threads, real transactions: the second comes while the first is still at work."""

    @pytest.fixture
    def race(self, call_as, bob, monkeypatch):
        """Runs two equal calls; the first goes on when `until(n waiting)` says so. Their answers, first the first's."""
        from api.v1 import incidents

        caller, is_inside, may_go_on = call_as(bob), threading.Event(), threading.Event()
        open_incident = incidents.services.open_incident

        def slow_open_incident(**words):
            is_inside.set()
            assert may_go_on.wait(20)
            return open_incident(**words)

        monkeypatch.setattr(incidents.services, "open_incident", slow_open_incident)
        answers = {}

        def call(name):
            answers[name] = caller.post("incidents/", WORDS, **KEY)
            connections.close_all()

        def _race(until):
            first, second = (threading.Thread(target=call, args=[name]) for name in ("first", "second"))
            first.start()
            assert is_inside.wait(20)
            second.start()
            deadline = time.monotonic() + 20
            while not until(answers) and time.monotonic() < deadline:
                time.sleep(0.02)
            may_go_on.set()
            first.join()
            second.join()
            return answers["first"], answers["second"]

        return _race

    @staticmethod
    def one_waits(_answers):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
            return cursor.fetchone()[0] > 0

    def test_the_second_waits_for_the_answer_of_the_first(self, race):
        first, second = race(self.one_waits)
        assert (first.status_code, second.status_code) == (201, 201)
        assert second.headers["Idempotency-Replayed"] == "true"
        assert first.content == second.content
        assert Incident.objects.count() == 1

    def test_the_second_is_told_to_come_back_when_the_first_takes_long(self, race, monkeypatch):
        monkeypatch.setattr(services, "PATIENCE", "200ms")
        first, second = race(lambda answers: "second" in answers)
        assert first.status_code == 201
        assert (second.status_code, second.json()["type"]) == (409, "urn:portico:problem:call-in-progress")
        assert second.headers["Retry-After"] == "5"
        assert Incident.objects.count() == 1
