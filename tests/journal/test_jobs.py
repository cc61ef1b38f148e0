"""Long work in steps: watched, cancelled, resumed where a dead worker stopped, never done twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Organisation
from journal import jobs
from journal.models import Job


@pytest.fixture
def count(monkeypatch):
    """A job that counts to `params["to"]`, one a step, and makes an organisation for each number."""

    def step(job, now):
        n = job.cursor or 0
        if n == job.params.get("fails_at"):
            Organisation.objects.create(name=f"half {n}", kind="supplier")
            raise ValueError("the seventh is missing")
        Organisation.objects.create(name=f"number {n}", kind="supplier")
        job.cursor, job.n_done, job.n_total = n + 1, n + 1, job.params["to"]
        return n + 1 < job.params["to"]

    monkeypatch.setitem(jobs._steps, "count", step)


def names():
    return sorted(Organisation.objects.filter(kind="supplier").values_list("name", flat=True))


@pytest.fixture
def job(count, alice, now):
    return jobs.start(kind="count", params={"to": 3}, owner=alice, now=now)


class TestRunNext:
    def test_carries_it_to_its_end(self, job):
        done = jobs.run_next(now=timezone.now())
        assert (done.pk, done.state, done.n_done, done.n_total) == (job.pk, Job.State.DONE, 3, 3)
        assert names() == ["number 0", "number 1", "number 2"]
        assert jobs.run_next(now=timezone.now()) is None

    def test_goes_on_where_a_dead_worker_stopped(self, job):
        at = timezone.now()
        Job.objects.update(state=Job.State.RUNNING, cursor=2, n_done=2, lease_until=at - timedelta(seconds=1))
        assert jobs.run_next(now=at).state == Job.State.DONE
        assert names() == ["number 2"]

    def test_leaves_alone_what_another_works_on(self, job, alice, now):
        at = timezone.now()
        Job.objects.update(state=Job.State.RUNNING, lease_until=at + timedelta(seconds=30))
        jobs.start(kind="count", params={"to": 1}, owner=alice, now=now)
        assert jobs.run_next(now=at) is None
        assert names() == []

    def test_undoes_the_step_that_fails_and_says_why(self, count, alice, now):
        jobs.start(kind="count", params={"to": 3, "fails_at": 1}, owner=alice, now=now)
        failed = jobs.run_next(now=timezone.now())
        assert (failed.state, failed.problem) == (Job.State.FAILED, "ValueError: the seventh is missing")
        assert (failed.cursor, names()) == (1, ["number 0"])


class TestCancel:
    def test_stops_it_before_the_next_step(self, job, now):
        assert jobs.cancel(job=job, now=now)
        assert jobs.run_next(now=timezone.now()) is None
        assert names() == []

    def test_is_too_late_when_it_is_over(self, job, now):
        jobs.run_next(now=timezone.now())
        assert not jobs.cancel(job=job, now=now)
        job.refresh_from_db()
        assert job.state == Job.State.DONE


def test_only_registered_kinds_start(alice, now):
    with pytest.raises(ValueError, match="nonsense"):
        jobs.start(kind="nonsense", params={}, owner=alice, now=now)
