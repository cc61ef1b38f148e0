"""Sending: what the server's answer means, and that nothing is lost or doubled when something dies."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import timedelta
from email import message_from_bytes

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections
from django.utils import timezone

from journal import outbox
from journal.models import Event, Outbox
from journal.services import post
from mail import services, tasks
from tickets.notices import TOPIC


def post_letters(incident, person, n: int) -> None:
    payload = {"notice": "opened", "ticket": incident.pk, "person": person.pk}
    for number in range(n):
        post(key=f"opened:test-{number}:{person.pk}", topic=TOPIC, payload=payload, now=timezone.now())


def message_ids(mailbox) -> Counter[str]:
    return Counter(message_from_bytes(message)["Message-ID"] for message in mailbox.messages)


class TestSendNotice:
    def test_keeps_the_servers_answer(self, mailbox, incident, bob, deliver):
        row = deliver("opened", bob)
        assert row.answer == "Bob <bob@example.org>: 250 2.0.0 queued as 1"
        assert message_from_bytes(mailbox.messages[0])["Auto-Submitted"] == "auto-generated"

    @pytest.mark.parametrize("verb", ["RCPT", "DATA"])
    def test_gives_up_on_a_permanent_refusal(self, mailbox, incident, bob, deliver, verb):
        mailbox.answers[verb] = "550 5.1.1 no such user"
        row = deliver("opened", bob)
        assert (row.is_dead, row.done_at, mailbox.messages) == (True, None, [])
        assert row.answer == "Undeliverable: 550 5.1.1 no such user"

    @pytest.mark.parametrize("verb", ["RCPT", "DATA"])
    def test_tries_again_after_a_temporary_refusal(self, mailbox, incident, bob, deliver, verb):
        mailbox.answers[verb] = "451 4.7.1 come back later"
        row = deliver("opened", bob)
        assert (row.is_dead, row.done_at, row.n_attempts) == (False, None, 1)
        assert row.answer == "TemporarilyRefused: 451 4.7.1 come back later"
        mailbox.answers.clear()
        assert outbox.dispatch(now=row.available_at) == 1
        assert len(mailbox.messages) == 1

    def test_tries_again_while_there_is_no_server(self, settings, incident, bob, deliver):
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = "mail.backends.SmtpBackend", "127.0.0.1", 9
        row = deliver("opened", bob)
        assert (row.is_dead, row.done_at) == (False, None)
        assert row.answer.startswith("ConnectionRefusedError")


class TestRetrySchedule:
    def test_grows_over_three_days_and_then_gives_up(self, settings, incident, bob, deliver):
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = "mail.backends.SmtpBackend", "127.0.0.1", 9
        row = deliver("opened", bob)
        waited = []
        while not row.is_dead:
            waited.append(row.available_at - timezone.now())
            assert outbox.dispatch(now=row.available_at - timedelta(seconds=1)) == 0  # not before its time
            outbox.dispatch(now=row.available_at)
            row.refresh_from_db()
        assert len(waited) == len(outbox.PAUSES) - 1
        assert timedelta(days=2) * 0.8 < sum(waited, timedelta(0)) < timedelta(days=3) * 1.2
        assert timedelta(seconds=3) < waited[0] < timedelta(seconds=7)


class TestRetryDelivery:
    @pytest.fixture
    def dead(self, mailbox, incident, bob, deliver):
        mailbox.answers["RCPT"] = "550 5.1.1 no such user"
        row = deliver("opened", bob)
        mailbox.answers.clear()
        return row

    def test_sends_a_dead_letter_and_records_who_asked(self, dead, admin_user, mailbox, now):
        services.retry_delivery(row=dead, actor=admin_user, now=now)
        assert outbox.dispatch(now=now) == 1
        assert len(mailbox.messages) == 1
        event = Event.objects.get(name="outbox.retried")
        assert (event.actor, event.subject_kind, event.subject_id) == (admin_user, "outbox", dead.pk)
        assert event.data["answer"] == "Undeliverable: 550 5.1.1 no such user"

    def test_is_refused_to_a_manager(self, dead, manager_user, now):
        with pytest.raises(PermissionDenied):
            services.retry_delivery(row=dead, actor=manager_user, now=now)
        dead.refresh_from_db()
        assert dead.is_dead
        assert not Event.objects.filter(name="outbox.retried").exists()


class TestEmptyOutbox:
    def test_delivers_all_that_is_due(self, broker, mailbox, incident, bob):
        post_letters(incident, bob, 5)
        services.empty_outbox(now=timezone.now())
        assert len(mailbox.messages) == 6
        assert not Outbox.objects.filter(topic=TOPIC, done_at=None).exists()

    def test_carries_out_escalations_while_the_mail_server_is_down(self, broker, settings, incident, bob, monkeypatch):
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = "mail.backends.SmtpBackend", "127.0.0.1", 9
        carried_out = []

        def carry_out(row, now):
            carried_out.append(row.dedupe_key)
            return ""

        monkeypatch.setitem(outbox._handlers, "clock.step", carry_out)
        post_letters(incident, bob, 20)
        post(key="late", topic="clock.step", payload={}, now=timezone.now())
        services.empty_outbox(now=timezone.now())
        assert carried_out == ["late"]
        assert Outbox.objects.filter(topic=TOPIC, n_attempts=1).count() == 1  # asked once, not twenty times

    def test_leaves_the_mail_to_the_run_that_is_sending(self, broker, mailbox, incident):
        from django.core.cache import cache

        cache.add(f"sending:{services.socket.gethostname()}", 1, 30)
        services.empty_outbox(now=timezone.now())
        assert mailbox.messages == []

    def test_stops_quietly_when_the_database_is_gone(self, monkeypatch, caplog):
        def gone(**kwargs):
            raise tasks.OperationalError("server closed the connection")

        monkeypatch.setattr(outbox, "dispatch", gone)
        tasks.dispatch_outbox()
        assert "the outbox waits" in caplog.text


@pytest.mark.django_db(transaction=True)
class TestDeaths:
    def test_two_dispatchers_send_each_letter_once(self, mailbox, incident, bob):
        post_letters(incident, bob, 40)

        def run() -> None:
            while outbox.dispatch(now=timezone.now(), limit=3, only=[TOPIC]):
                pass
            connections.close_all()

        threads = [threading.Thread(target=run) for _n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sent = message_ids(mailbox)
        assert len(sent) == 41
        assert set(sent.values()) == {1}

    def test_a_killed_dispatcher_s_letter_is_sent_again_once_with_the_same_message_id(self, mailbox, incident, bob):
        """The other process sends the letter and is killed before it can say so."""
        Outbox.objects.exclude(payload__notice="opened").delete()
        program = (
            "import os, signal, django; django.setup()\n"
            "from django.utils import timezone\n"
            "from journal import outbox\n"
            "from mail.letters import Letter\n"
            "send = Letter.send\n"
            "def send_and_die(letter): send(letter); os.kill(os.getpid(), signal.SIGKILL)\n"
            "Letter.send = send_and_die\n"
            "outbox.dispatch(now=timezone.now(), only=['mail'])\n"
        )
        place = connection.settings_dict
        url = (
            f"postgres://{place['USER']}:{place['PASSWORD']}@:5432/{place['HOST'].replace('/', '%2F')}/{place['NAME']}"
        )
        env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "itsm.settings", "DATABASE_URL": url,
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(mailbox.port),
        }  # fmt: skip
        killed = subprocess.run([sys.executable, "-c", program], env=env, check=False)
        assert killed.returncode == -signal.SIGKILL
        assert len(mailbox.messages) == 1
        row = Outbox.objects.get()
        assert (row.done_at, row.n_attempts) == (None, 1)

        later = timezone.now() + outbox.LEASE
        assert outbox.dispatch(now=later - timedelta(seconds=30)) == 0  # still leased
        assert outbox.dispatch(now=later + timedelta(seconds=1)) == 1
        assert outbox.dispatch(now=later + timedelta(seconds=2)) == 0
        assert list(message_ids(mailbox).values()) == [2]
