"""Outages and availability through the API: times in UTC, and nothing of the desk for customers."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine

from slas.models import Outage
from slas.outages.services import record_outage

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def outage(vpn, alice, incident, now):
    with time_machine.travel(now, tick=False):
        yield record_outage(
            service=vpn, starts_at=now - DAY, ends_at=now - DAY + HOUR, cause="canary-7f3a", ticket=incident.ticket,
            actor=alice, now=now,
        )  # fmt: skip


class TestOutages:
    def test_are_told_to_the_desk(self, outage, call_as, alice, incident):
        (row,) = call_as(alice).get("outages/").json()["results"]
        assert row == {
            "id": outage.pk,
            "service": {"key": "vpn", "name": "VPN & remote access"},
            "starts_at": "2026-11-22T10:00:00Z",
            "ends_at": "2026-11-22T11:00:00Z",
            "is_planned": False,
            "cause": "canary-7f3a",
            "ticket": incident.ticket.number,
        }

    def test_are_told_to_customers_of_the_service_without_what_is_ours(self, outage, call_as, bob, charlie):
        (row,) = call_as(bob).get("outages/").json()["results"]
        assert (row["cause"], row["ticket"]) == ("", None)
        assert call_as(charlie).get("outages/").json()["results"] == []

    @pytest.mark.parametrize(
        ("query", "n"), [("kind=now", 1), ("kind=planned", 0), ("service=vpn", 2), ("service=x", 0)]
    )
    def test_are_narrowed(self, outage, vpn, call_as, alice, now, query, n):
        Outage.objects.create(service=vpn, starts_at=now - HOUR)
        assert len(call_as(alice).get(f"outages/?{query}").json()["results"]) == n

    def test_refuse_what_they_do_not_know(self, outage, call_as, alice):
        assert call_as(alice).get("outages/?kind=odd").status_code == 400


class TestAvailability:
    def test_is_what_the_page_shows(self, outage, agreement, always, call_as, alice):
        agreement.availability_target, agreement.calendar = Decimal("99.9"), always
        agreement.save()
        answer = call_as(alice).get("availability/?period=day&day=2026-11-22").json()
        assert (answer["starts_at"], answer["ends_at"]) == ("2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z")
        (row,) = answer["results"]
        assert row["agreement"] == "Gold"
        assert (row["achieved_percent"], row["target_percent"], row["is_broken"]) == (95.833, 99.9, True)
        assert (row["down_seconds"], row["allowed_seconds"], row["left_seconds"]) == (3600.0, 86.4, 86.4 - 3600)

    @pytest.mark.parametrize("query", ["period=century", "day=yesterday", "day=1066-10-14", "limit=5"])
    def test_refuses_what_makes_no_sense(self, call_as, alice, query):
        assert call_as(alice).get(f"availability/?{query}").status_code == 400

    def test_is_for_the_desk(self, outage, call_as, bob):
        assert call_as(bob).get("availability/").status_code == 403
