"""Lists that go on while one reads them."""

from datetime import timedelta

import pytest

from incidents.models import Incident
from tickets.models import Kind, Ticket


@pytest.fixture
def fill(bob, now):
    """Adds `count` incidents of bob's, opened a minute apart from `first_minute` on; three share each minute."""
    numbers = iter(range(500_000, 600_000))

    def _fill(count, first_minute=0):
        rows = [
            Ticket(
                number=f"INC-{next(numbers)}", kind=Kind.INCIDENT, subject=f"No {n}", requester=bob, opened_by=bob,
                organisation=bob.organisation, opened_at=now + timedelta(minutes=first_minute + n // 3), updated_at=now,
            )
            for n in range(count)
        ]  # fmt: skip
        Ticket.objects.bulk_create(rows)
        Incident.objects.bulk_create(Incident(ticket=ticket) for ticket in rows)
        return [ticket.number for ticket in rows]

    return _fill


def test_a_thousand_rows_come_once_each_while_others_are_filed(call_as, bob, fill):
    expected = fill(1000)
    caller, seen, n_pages = call_as(bob), [], 0
    address = "incidents/?limit=70"
    while address:
        page = caller.get(address).json()
        seen += [row["number"] for row in page["results"]]
        n_pages += 1
        fill(7, first_minute=1000 + n_pages)
        address = page["next"]
    assert n_pages == 15
    assert seen == sorted(expected, reverse=True)


def test_the_total_is_told_on_request_only(call_as, bob, fill):
    fill(5)
    caller = call_as(bob)
    assert "total" not in caller.get("incidents/?limit=2").json()
    page = caller.get("incidents/?limit=2&total=1&phase=new").json()
    assert (len(page["results"]), page["total"]) == (2, 5)
    assert caller.get(page["next"]).json()["total"] == 5


def test_the_filters_go_along_to_the_next_page(call_as, bob, fill):
    fill(4)
    page = call_as(bob).get("incidents/?limit=1&q=No+3&phase=new&phase=open").json()
    assert [row["subject"] for row in page["results"]] == ["No 3"]
    assert page["next"] is None


@pytest.mark.parametrize(
    "cursor",
    ["x", "e30", "WzFd", "WyJ4IiwxXQ", "W251bGwsIDFd", "WzEsMV0", "WyIyMDI2LTExLTIzVDEwOjAwOjAwWiIsICJ4Il0", "WyIyMDI2LTExLTIzVDEwOjAwOjAwWiIsIDFlOTk5XQ", "%00", "🙂"],
)  # fmt: skip
def test_a_broken_cursor_is_named(call_as, bob, fill, cursor):
    fill(2)
    answer = call_as(bob).get("incidents/", {"cursor": cursor})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["cursor"]
