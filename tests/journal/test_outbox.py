"""The outbox delivers at least once, loses nothing, and shows what it gave up on."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.utils import timezone

from journal import outbox
from journal.models import Outbox
from journal.services import post
from journal.tasks import purge_outbox

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@pytest.fixture
def delivered(monkeypatch):
    """A topic "test" whose handler notes the keys it was given."""
    keys: list[str] = []

    def handle(row: Outbox, now: datetime) -> str:
        if row.payload.get("fails"):
            raise ConnectionError("the receiver is away")
        keys.append(row.dedupe_key)
        return "250 ok"

    monkeypatch.setitem(outbox._handlers, "test", handle)
    return keys


def put(key: str, **payload: object) -> Outbox:
    post(key=key, topic="test", payload=payload, now=NOW)
    return Outbox.objects.get(dedupe_key=key)


class TestPost:
    def test_the_same_thing_twice_is_once(self, db):
        put("a", n=1)
        assert put("a", n=2).payload == {"n": 1}
        assert Outbox.objects.count() == 1


class TestDispatch:
    def test_delivers_once_and_keeps_the_answer(self, db, delivered):
        row = put("a")
        assert outbox.dispatch(now=NOW) == 1
        assert outbox.dispatch(now=NOW) == 0
        row.refresh_from_db()
        assert (delivered, row.answer, row.is_dead) == (["a"], "250 ok", False)
        assert row.done_at is not None

    def test_tries_a_failure_again_later_and_lets_the_others_pass(self, db, delivered):
        bad, good = put("bad", fails=True), put("good")
        assert outbox.dispatch(now=NOW) == 1
        bad.refresh_from_db()
        assert (bad.n_attempts, bad.done_at, bad.is_dead) == (1, None, False)
        assert bad.available_at > timezone.now()
        assert "the receiver is away" in bad.answer
        assert delivered == [good.dedupe_key]

    def test_gives_up_in_the_end_and_can_be_told_to_try_again(self, db, delivered):
        row = put("bad", fails=True)
        Outbox.objects.update(n_attempts=len(outbox.PAUSES) - 1)
        outbox.dispatch(now=NOW)
        row.refresh_from_db()
        assert row.is_dead
        assert outbox.dispatch(now=NOW + timedelta(days=30)) == 0
        Outbox.objects.update(payload={})
        outbox.retry(row=row, now=NOW)
        assert outbox.dispatch(now=NOW) == 1

    def test_a_topic_nobody_handles_is_dead_at_once(self, db):
        post(key="x", topic="nowhere", payload={}, now=NOW)
        outbox.dispatch(now=NOW)
        assert Outbox.objects.get().is_dead

    def test_delivers_again_what_a_killed_dispatcher_had_claimed(self, db, delivered):
        put("a")
        assert [row.dedupe_key for row in outbox._claim(now=NOW, limit=10)] == ["a"]  # and then it was killed
        assert outbox.dispatch(now=NOW + outbox.LEASE) == 0
        assert outbox.dispatch(now=NOW + outbox.LEASE + timedelta(seconds=1)) == 1
        assert delivered == ["a"]

    def test_undoes_what_a_failing_handler_wrote(self, db, monkeypatch):
        def half(row: Outbox, now: datetime) -> str:
            post(key="half", topic="test", payload={}, now=now)
            raise ConnectionError

        monkeypatch.setitem(outbox._handlers, "test", half)
        put("a")
        outbox.dispatch(now=NOW)
        assert not Outbox.objects.filter(dedupe_key="half").exists()


@pytest.mark.django_db(transaction=True)
def test_two_dispatchers_share_the_work(delivered):
    for n in range(60):
        put(f"row-{n}")

    def run() -> None:
        while outbox.dispatch(now=NOW, limit=5):
            pass
        connections.close_all()

    threads = [threading.Thread(target=run) for _n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(delivered) == sorted(f"row-{n}" for n in range(60))


class TestPurge:
    def test_forgets_what_was_delivered_long_ago_and_nothing_else(self, db, delivered, settings):
        old, long_ago = timezone.now() - timedelta(days=91), timedelta(days=settings.OUTBOX_KEEP_DAYS - 1)
        ages = {"old": old, "recent": timezone.now() - long_ago, "waits": old, "dead": old}
        for key, at in ages.items():
            post(key=key, topic="test", payload={}, now=at)
        Outbox.objects.filter(dedupe_key="old").update(done_at=old)
        Outbox.objects.filter(dedupe_key="recent").update(done_at=timezone.now() - long_ago)
        Outbox.objects.filter(dedupe_key="dead").update(is_dead=True)
        purge_outbox()
        purge_outbox()
        assert set(Outbox.objects.values_list("dedupe_key", flat=True)) == {"recent", "waits", "dead"}

    def test_keeps_what_was_delivered_late(self, db):
        post(key="late", topic="test", payload={}, now=NOW - timedelta(days=100))
        Outbox.objects.update(done_at=NOW)
        assert outbox.purge(before=NOW - timedelta(days=90)) == 0

    def test_goes_on_until_nothing_is_left(self, db):
        for n in range(7):
            post(key=str(n), topic="test", payload={}, now=NOW)
        Outbox.objects.update(done_at=NOW)
        assert outbox.purge(before=NOW + timedelta(days=1), batch=3) == 7
        assert not Outbox.objects.exists()


class TestNotYet:
    def test_waits_without_using_up_a_try(self, db, now, monkeypatch):
        post(key="waits", topic="waiting", payload={}, now=now)
        pause = timedelta(minutes=3)

        def refuse(row, now):
            raise outbox.NotYet("another thing comes first", pause=pause)

        monkeypatch.setitem(outbox._handlers, "waiting", refuse)
        before = timezone.now()
        for _n in range(len(outbox.PAUSES) + 1):
            Outbox.objects.update(available_at=now)
            assert outbox.dispatch(now=now, only=["waiting"]) == 0
        row = Outbox.objects.get()
        assert (row.n_attempts, row.is_dead, row.done_at, row.lease_until) == (0, False, None, None)
        assert before + pause <= row.available_at <= timezone.now() + pause


def taken(row, now):
    return ""


class TestClaim:
    def test_takes_no_more_than_its_limit_however_the_rows_lie(self, db, now, monkeypatch):
        monkeypatch.setitem(outbox._handlers, "many", taken)
        for n in range(30):
            post(key=f"many-{n}", topic="many", payload={}, now=now)
        assert outbox.dispatch(now=now, limit=1, but=["other"]) == 1
        assert Outbox.objects.filter(n_attempts=1).count() == 1

    def test_leaves_the_topics_alone_that_somebody_else_delivers(self, db, now, monkeypatch):
        for topic in ("fast", "slow"):
            monkeypatch.setitem(outbox._handlers, topic, taken)
            post(key=topic, topic=topic, payload={}, now=now)
        assert outbox.dispatch(now=now, but=["slow"]) == 1
        assert list(Outbox.objects.filter(done_at=None).values_list("topic", flat=True)) == ["slow"]
