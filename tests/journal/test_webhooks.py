"""A webhook is called signed, again with the same id while it fails, and no more once it is gone."""

import json
from datetime import datetime, timedelta

import pytest
import standardwebhooks
from django.utils import timezone

from journal import outbox, webhooks
from journal.models import Event, Outbox, Webhook
from mail.services import empty_outbox
from tests.receiver import listening

DATA = {"ticket": "INC-7", "metric": "resolution", "percent": 100, "due_at": None, "late_by": 0, "link": "http://x/"}


@pytest.fixture
def receiver():
    with listening() as made:
        yield made


@pytest.fixture
def webhook(db, broker, receiver, settings):
    settings.WEBHOOKS_MAY_CALL_PRIVATE = True
    return Webhook.objects.create(name="Pager", url=receiver.url, secret=webhooks.new_secret())


@pytest.fixture
def row(webhook):
    return post(webhook)


def post(webhook, key="clock:1:1:0"):
    now = timezone.now()
    webhooks.call(
        webhook=webhook, key=webhooks.key_prefix(webhook) + key, type="sla.breached", data=DATA, at=now - timedelta(hours=1),
        now=now,
    )  # fmt: skip
    return Outbox.objects.latest("id")


def again(row: Outbox) -> Outbox:
    """The next try, as if its pause were over and the receiver rested."""
    webhooks.cache.clear()
    Outbox.objects.filter(pk=row.pk).update(available_at=timezone.now())
    webhooks.call_due(now=timezone.now())
    row.refresh_from_db()
    return row


class TestCall:
    def test_is_signed_and_has_its_facts(self, row, webhook, receiver):
        again(row)
        ((_path, headers, body),) = receiver.got
        assert standardwebhooks.Webhook(webhook.secret).verify(body, headers) == json.loads(body)
        assert headers["webhook-id"] == row.dedupe_key == f"webhook:{webhook.pk}:clock:1:1:0"
        assert headers["content-type"] == "application/json"
        told = json.loads(body)
        assert (told["type"], told["data"]) == ("sla.breached", DATA)
        assert datetime.fromisoformat(told["timestamp"]) == datetime.fromisoformat(row.payload["timestamp"])
        assert row.done_at is not None
        assert row.answer.startswith("204 No Content, ")

    def test_another_secret_does_not_verify(self, row, receiver):
        again(row)
        ((_path, headers, body),) = receiver.got
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(webhooks.new_secret()).verify(body, headers)

    def test_is_tried_again_with_the_same_id_until_it_is_taken(self, row, receiver):
        receiver.answers = [(500, {}), (503, {}), (200, {})]
        assert again(row).answer.startswith("Failed: 500 Internal Server Error")
        assert again(row).n_attempts == 2
        assert row.done_at is None
        again(row)
        assert row.answer.startswith("200 OK")
        assert {headers["webhook-id"] for _path, headers, _body in receiver.got} == {row.dedupe_key}
        assert len(receiver.got) == 3

    def test_is_given_up_after_the_last_pause(self, row, receiver):
        receiver.answers = [(500, {})]
        for _n in outbox.PAUSES:
            again(row)
        assert row.is_dead
        assert len(receiver.got) == len(outbox.PAUSES)

    def test_a_redirect_is_a_failure(self, row, receiver):
        receiver.answers = [(302, {"Location": "http://127.0.0.1:1/"})]
        assert "no redirect is followed" in again(row).answer

    def test_410_switches_the_webhook_off(self, row, webhook, receiver):
        receiver.answers = [(410, {})]
        again(row)
        webhook.refresh_from_db()
        assert not webhook.is_active
        assert row.done_at is not None
        assert row.answer.endswith("switched off")
        assert Event.objects.get(name="webhook.gone").subject_id == webhook.pk
        assert again(post(webhook, key="later")).answer == "not called: the webhook is switched off"
        assert len(receiver.got) == 1

    def test_a_private_address_is_given_up_at_once_unless_the_settings_allow_it(self, row, receiver, settings):
        settings.WEBHOOKS_MAY_CALL_PRIVATE = False
        again(row)
        assert row.is_dead
        assert row.n_attempts == 1
        assert receiver.got == []

    def test_what_the_receiver_writes_is_kept_nowhere(self, row, receiver):
        receiver.answers = [(500, {"X-Secret": "canary-7f3a"})]
        assert "canary" not in again(row).answer


class TestFailing:
    def test_a_receiver_that_failed_rests_and_its_rows_lose_no_try(self, webhook, receiver):
        receiver.answers = [(500, {})]
        rows = [post(webhook, key=f"clock:{n}:1:0") for n in range(5)]
        webhooks.call_due(now=timezone.now())
        assert len(receiver.got) == 1
        tries = sorted(Outbox.objects.values_list("n_attempts", flat=True))
        assert tries == [0, 0, 0, 0, 1]
        assert not Outbox.objects.filter(pk__in=[row.pk for row in rows], available_at__lte=timezone.now()).exists()

    def test_does_not_hold_up_another_s_calls(self, webhook, receiver):
        with listening() as other:
            well = Webhook.objects.create(name="Chat", url=other.url, secret=webhooks.new_secret())
            receiver.answers = [(500, {})]
            for n in range(3):
                post(webhook, key=f"clock:{n}:1:0")
                post(well, key=f"clock:{n}:1:0")
            webhooks.call_due(now=timezone.now())
            assert len(other.got) == 3

    def test_is_no_affair_of_the_mail_run(self, row, receiver):
        empty_outbox(now=timezone.now())
        row.refresh_from_db()
        assert (row.n_attempts, receiver.got) == (0, [])

    def test_a_webhook_that_is_gone_is_given_up(self, row, webhook):
        webhook.delete()
        assert again(row).is_dead


def test_secrets_are_long_and_never_the_same():
    made = {webhooks.new_secret() for _n in range(50)}
    assert len(made) == 50
    assert all(secret.startswith("whsec_") and len(secret) == 50 for secret in made)
