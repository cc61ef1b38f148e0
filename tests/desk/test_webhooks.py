"""Webhooks are added, tried and switched off by administrators; the secret is shown once."""

import pytest
from django.urls import reverse

from journal import webhooks as engine
from journal.models import Event, Outbox, Webhook
from slas.models import EscalationStep

PUBLIC = "https://93.184.216.34/hook"


@pytest.fixture
def webhook(db):
    return Webhook.objects.create(name="Pager", url=PUBLIC, secret=engine.new_secret())


@pytest.fixture
def admin(client_of, admin_user):
    return client_of(admin_user)


class TestAdd:
    def test_makes_one_and_shows_its_secret_once(self, admin, admin_user):
        response = admin.post(reverse("desk:add_webhook"), {"name": "Chat", "url": PUBLIC})
        made = Webhook.objects.get()
        assert response.status_code == 201
        assert made.secret in response.content.decode()
        assert (made.name, made.url, made.is_active) == ("Chat", PUBLIC, True)
        event = Event.objects.get(name="webhook.added")
        assert (event.actor, event.subject_id, event.data) == (admin_user, made.pk, {"name": "Chat", "url": PUBLIC})
        for page in (reverse("desk:webhook", args=[made.pk]), reverse("desk:webhooks")):
            assert made.secret not in admin.get(page).content.decode()

    @pytest.mark.parametrize(
        "url",
        [
            "https://127.0.0.1/",
            "https://169.254.169.254/latest/",
            "http://93.184.216.34/",
            "https://93.184.216.34:22/",
            "no",
        ],
    )
    def test_refuses_an_address_that_is_not_called(self, admin, url):
        response = admin.post(reverse("desk:add_webhook"), {"name": "Chat", "url": url})
        assert response.status_code == 422
        assert response.context["form"].errors["url"]
        assert not Webhook.objects.exists()

    def test_takes_a_private_one_where_the_settings_allow_it(self, admin, settings):
        settings.WEBHOOKS_MAY_CALL_PRIVATE = True
        admin.post(reverse("desk:add_webhook"), {"name": "Chat", "url": "http://127.0.0.1:9000/hook"})
        assert Webhook.objects.get().url == "http://127.0.0.1:9000/hook"

    def test_refuses_a_name_that_is_taken(self, admin, webhook):
        response = admin.post(reverse("desk:add_webhook"), {"name": "Pager", "url": PUBLIC})
        assert response.status_code == 422
        assert response.context["form"].errors == {"name": ["There is a webhook of this name already."]}

    def test_is_refused_to_an_agent(self, client_of, alice):
        assert client_of(alice).post(reverse("desk:add_webhook"), {"name": "Chat", "url": PUBLIC}).status_code == 403
        assert not Webhook.objects.exists()


class TestSwitch:
    def test_off_and_on_each_once(self, admin, webhook):
        for verb, is_active in (("off", False), ("off", False), ("on", True)):
            admin.post(reverse(f"desk:switch_{verb}_webhook", args=[webhook.pk]))
            webhook.refresh_from_db()
            assert webhook.is_active == is_active
        names = list(Event.objects.filter(subject_kind="webhook").values_list("name", flat=True))
        assert names == ["webhook.switched_off", "webhook.switched_on"]

    def test_is_refused_to_a_manager(self, client_of, manager_user, webhook):
        assert client_of(manager_user).post(reverse("desk:switch_off_webhook", args=[webhook.pk])).status_code == 403
        webhook.refresh_from_db()
        assert webhook.is_active


class TestTest:
    def test_posts_a_call_that_says_so_and_shows_its_answer(self, admin, webhook):
        admin.post(reverse("desk:test_webhook", args=[webhook.pk]))
        row = Outbox.objects.get(topic="webhook")
        assert row.payload["type"] == "webhook.test"
        assert row.dedupe_key.startswith(f"webhook:{webhook.pk}:test:")
        Outbox.objects.update(answer="204 No Content, 31 ms", n_attempts=1)
        html = admin.get(reverse("desk:webhook", args=[webhook.pk])).content.decode()
        assert "Test call" in html
        assert "204 No Content, 31 ms" in html
        assert "test call sent" in html

    def test_twice_is_two_calls(self, admin, webhook):
        for _n in range(2):
            admin.post(reverse("desk:test_webhook", args=[webhook.pk]))
        assert Outbox.objects.filter(topic="webhook").count() == 2

    def test_is_not_posted_to_one_that_is_switched_off(self, admin, webhook):
        Webhook.objects.update(is_active=False)
        response = admin.post(reverse("desk:test_webhook", args=[webhook.pk]), follow=True)
        assert "It is switched off." in response.content.decode()
        assert not Outbox.objects.filter(topic="webhook").exists()


class TestPage:
    def test_names_the_agreements_that_call_it(self, admin, webhook, agreement):
        EscalationStep.objects.create(agreement=agreement, percent=90, webhook=webhook)
        html = admin.get(reverse("desk:webhook", args=[webhook.pk])).content.decode()
        assert "<li>Gold</li>" in html

    def test_shows_the_calls_of_this_one_alone(self, admin, webhook, now):
        other = Webhook.objects.create(pk=webhook.pk * 10, name="Other", url=PUBLIC, secret=engine.new_secret())
        for row, ticket in ((webhook, "INC-1"), (other, "INC-2")):
            engine.call(
                webhook=row, key=engine.key_prefix(row) + "clock:1:1:0", type="sla.warned", data={"ticket": ticket}, at=now,
                now=now,
            )  # fmt: skip
        html = admin.get(reverse("desk:webhook", args=[webhook.pk])).content.decode()
        assert "INC-1" in html
        assert "INC-2" not in html

    def test_asks_as_often_for_thirty_as_for_one(self, admin, webhook, django_assert_num_queries):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        admin.get(reverse("desk:webhooks"))
        with CaptureQueriesContext(connection) as one:
            admin.get(reverse("desk:webhooks"))
        Webhook.objects.bulk_create(Webhook(name=f"W{n}", url=PUBLIC, secret="x") for n in range(29))
        with django_assert_num_queries(len(one)):
            admin.get(reverse("desk:webhooks"))
