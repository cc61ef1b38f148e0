"""The pages of the time machine: who asks, who reads, and what the list says."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from incidents.services import resolve_incident
from journal import jobs
from journal.models import Job
from slas.models import Metric
from slas.replay import start_replay
from tests.slas.test_replay import draft  # noqa: F401 (a fixture)


def at(day: int, hour: int) -> datetime:
    """November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, tzinfo=UTC)


@pytest.fixture
def replayed(open_for, bob, alice, manager_user, draft) -> Job:  # noqa: F811
    """Two tickets of 24 working hours, resolved after 1 and 20: the draft promises 10, and no first response."""
    for hour, ended_at in ((9, at(16, 10)), (10, at(18, 14))):
        incident = open_for(bob, impact=3, urgency=1, at=at(16, hour))
        resolve_incident(incident=incident, code="fixed", resolution="Renewed.", actor=alice, now=ended_at)
    draft.targets.filter(metric=Metric.RESOLUTION).update(duration=timedelta(hours=10))
    draft.targets.filter(metric=Metric.FIRST_RESPONSE).delete()
    start_replay(agreement=draft, days=30, actor=manager_user, now=at(23, 10))
    return jobs.run_next(now=timezone.now())


class TestReplays:
    def test_asks_for_a_job_and_leads_to_its_progress(self, client_of, manager_user, agreement):
        client = client_of(manager_user)
        page = client.get(reverse("slas:replays"), {"agreement": agreement.pk}).content.decode()
        assert f'<option value="{agreement.pk}" selected>' in page
        answer = client.post(
            reverse("slas:create_replay"),
            {"agreement": agreement.pk, "days": 7, "pauses": "other", "pauses_on": ["supplier"]},
        )
        job = Job.objects.get()
        assert answer["Location"] == reverse("slas:job", args=[job.pk])
        assert job.params == {"agreement": agreement.pk, "days": 7, "calendar": None, "pauses_on": ["supplier"]}

    @pytest.mark.parametrize("days", ["", "0", "8", "99999", "x"])
    def test_refuses_what_makes_no_sense(self, days, client_of, manager_user, agreement):
        answer = client_of(manager_user).post(reverse("slas:create_replay"), {"agreement": agreement.pk, "days": days})
        assert answer.status_code == 422
        assert not Job.objects.exists()

    def test_is_read_by_agents_and_asked_for_by_managers(self, client_of, alice, bob, agreement):
        assert "New replay" not in client_of(alice).get(reverse("slas:replays")).content.decode()
        asked = {"agreement": agreement.pk, "days": 30}
        assert client_of(alice).post(reverse("slas:create_replay"), asked).status_code == 403
        assert client_of(bob).post(reverse("slas:create_replay"), asked).status_code == 404
        assert client_of(bob).get(reverse("slas:replays")).status_code == 404
        assert not Job.objects.exists()


class TestReplay:
    def test_says_what_would_change_and_by_how_much(self, replayed, client_of, alice):
        page = client_of(alice).get(reverse("slas:replay", args=[replayed.pk])).content.decode()
        assert "Breaches 1 → 1; 2 tickets change" in page
        assert "in time, 4h left" in page  # 24 promised, 20 used
        assert "late by 10h" in page

    def test_narrows_the_list(self, replayed, client_of, alice):
        client, address = client_of(alice), reverse("slas:replay", args=[replayed.pk])
        shown = {
            key: client.get(address, {"show": key}, headers={"HX-Request": "true"}).content.decode().count("<tr>") - 1
            for key in ("all", "breached", "met", "other", "nonsense")
        }
        assert shown == {"all": 3, "breached": 1, "met": -1, "other": 2, "nonsense": 3}  # no table without lines

    @pytest.mark.parametrize("start", ["-5", "x", "99999999999999", "50"])
    def test_survives_any_place_in_the_list(self, start, replayed, client_of, alice):
        address = reverse("slas:replay", args=[replayed.pk])
        assert client_of(alice).get(address, {"from": start}).status_code == 200

    def test_is_not_there_for_customers_nor_for_other_jobs(self, replayed, client_of, alice, bob):
        assert client_of(bob).get(reverse("slas:replay", args=[replayed.pk])).status_code == 404
        Job.objects.update(kind="slas.calibrate")
        assert client_of(alice).get(reverse("slas:replay", args=[replayed.pk])).status_code == 404
