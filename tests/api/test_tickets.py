"""Conversation, notes, files, clocks, events, links and watching by API."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from files.models import StoredFile
from incidents.services import cancel_incident, hold_incident, resume_incident
from slas.models import Clock, Metric
from tickets.models import Channel, InternalNote, Link, PublicEntry
from work.services import link_tickets, note_on_ticket, reply_to_ticket


@pytest.fixture(autouse=True)
def storage(tmp_path, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


@pytest.fixture
def address(incident):
    return f"tickets/{incident.ticket.number}/"


def log(content=b"rekey failed", name="vpn.log"):
    return SimpleUploadedFile(name, content)


class TestConversation:
    def test_reads_as_it_was_written(self, call_as, alice, bob, incident, address):
        answer = call_as(alice).post(f"{address}entries/", {"body": "Please **restart** it."})
        assert answer.status_code == 201
        first, second = call_as(bob).get(f"{address}entries/").json()["results"]
        assert (first["author"]["name"], first["is_from_agent"], first["channel"]) == ("Bob", False, "portal")
        assert second == answer.json()
        assert second["body_html"] == "<p>Please <strong>restart</strong> it.</p>\n"
        assert (second["author"], second["is_from_agent"]) == ({"id": alice.pk, "name": "Alice"}, True)

    def test_carries_files_to_who_may_read_them(self, call_as, bob, bea, charlie, alice, incident, address):
        form = {"body": "See the logs", "files": [log(), log(b"second", "other.log")]}
        answer = call_as(bob).upload(f"{address}entries/", form)
        assert answer.status_code == 201, answer.content
        one, two = answer.json()["files"]
        assert (one["name"], one["content_type"], one["size"]) == ("vpn.log", "text/plain", 12)
        for reader in (bob, bea, alice):
            file = call_as(reader).get(one["url"], Accept="text/plain")
            assert (file.status_code, b"".join(file.streaming_content)) == (200, b"rekey failed")
            assert file.headers["Content-Disposition"] == 'attachment; filename="vpn.log"'
        assert call_as(charlie).get(two["url"]).status_code == 404
        assert call_as(None).get(two["url"]).status_code == 401

    def test_keeps_nothing_of_a_refused_file(self, call_as, bob, incident, address):
        form = {"body": "See this", "files": [log(), SimpleUploadedFile("page.html", b"<html>")]}
        answer = call_as(bob).upload(f"{address}entries/", form)
        assert answer.status_code == 422
        assert "page.html" in str(answer.json()["errors"])
        assert PublicEntry.objects.filter(ticket=incident.ticket).count() == 1
        assert not StoredFile.objects.exists()

    @pytest.mark.parametrize(
        "body", [{}, {"body": "  "}, {"body": None}, {"body": "x", "author": 1}, {"body": ["x"]}, ["x"]]
    )
    def test_refuses_what_is_no_message(self, call_as, bob, incident, address, body):
        assert call_as(bob).post(f"{address}entries/", body).status_code == 422
        assert PublicEntry.objects.filter(ticket=incident.ticket).count() == 1

    def test_ends_a_wait_for_the_requester(self, call_as, alice, bob, incident, address, at_work):
        hold_incident(incident=incident, reason="requester", comment="Which host?", actor=alice, now=at_work)
        call_as(bob).post(f"{address}entries/", {"body": "vpn-7"})
        incident.refresh_from_db()
        assert incident.state == "in_progress"

    def test_is_refused_on_what_has_ended_with_what_is_possible(self, call_as, alice, bob, incident, address, at_work):
        cancel_incident(incident=incident, reason="Filed twice.", actor=alice, now=at_work)
        answer = call_as(bob).post(f"{address}entries/", {"body": "Hello?"})
        assert (answer.status_code, answer.json().get("allowed")) == (409, [])

    def test_is_not_joined_by_who_only_reads(self, call_as, auditor, incident, address):
        assert call_as(auditor).post(f"{address}entries/", {"body": "Hm."}).status_code == 403


class TestNotes:
    def test_are_the_desks(self, call_as, alice, auditor, incident, address):
        form = {"body": "He **pays** late", "files": [log(b"secret", "secret.log")]}
        assert call_as(alice).upload(f"{address}notes/", form).status_code == 201
        (note,) = call_as(auditor).get(f"{address}notes/").json()["results"]
        assert (note["body"], note["files"][0]["name"]) == ("He **pays** late", "secret.log")
        assert call_as(auditor).post(f"{address}notes/", {"body": "Hm."}).status_code == 403
        assert InternalNote.objects.count() == 1

    def test_are_nothing_a_customer_hears_of(self, call_as, alice, bob, bea, incident, address, at_work):
        note_on_ticket(
            ticket=incident.ticket,
            body="He pays late",
            actor=alice,
            now=at_work,
            uploads=[log(b"secret", "secret.log")],
        )
        secret = f"files/{StoredFile.objects.get().key}/"
        for customer in (bob, bea):
            caller = call_as(customer)
            assert caller.get(f"{address}notes/").status_code == 403
            assert caller.post(f"{address}notes/", {"body": "x"}).status_code == 403
            assert caller.get(secret).status_code == 404


class TestClocks:
    def test_add_up(self, call_as, alice, bob, incident, address, now, at_work):
        hold_incident(
            incident=incident, reason="requester", comment="Which host?", actor=alice, now=now + timedelta(minutes=1)
        )
        resume_incident(incident=incident, actor=alice, now=now + timedelta(minutes=3))
        response, resolution = call_as(alice).get(f"{address}clocks/").json()["results"]
        assert (response["metric"], response["state"], response["used"]) == ("first_response", "met", 60.0)
        assert (resolution["state"], resolution["goal"], resolution["used"]) == ("running", 24 * 3600.0, 180.0)
        assert resolution["remaining"] == 24 * 3600 - 180
        assert resolution["breached"] is False
        assert [(s["kind"], s["worked"], s["label"], s["actor"]) for s in resolution["ledger"]] == [
            ("running", 60.0, "", ""),
            ("paused", 120.0, "requester", "Alice"),
            ("running", 120.0, "", ""),
        ]
        running = [s["worked"] for s in resolution["ledger"] if s["kind"] == "running"]
        assert sum(running) == resolution["used"]

    def test_keep_their_account_from_customers(self, call_as, bob, incident, address):
        rows = call_as(bob).get(f"{address}clocks/").json()["results"]
        assert [(row["metric"], row["ledger"]) for row in rows] == [("first_response", None), ("resolution", None)]
        assert all(row["due_at"] for row in rows)

    def test_of_ours_are_not_shown_to_customers(self, call_as, alice, bob, agreement, open_for, now):
        agreement.targets.create(metric=Metric.OWN, priority=3, duration=timedelta(minutes=5))
        ticket = open_for(bob, impact=3, urgency=1).ticket
        path = f"tickets/{ticket.number}/clocks/"
        metrics = {row["metric"] for row in call_as(alice).get(path).json()["results"]}
        assert metrics == {"own", "first_response", "resolution"}
        theirs = {row["metric"] for row in call_as(bob).get(path).json()["results"]}
        assert theirs == {"first_response", "resolution"}
        desk = call_as(alice).get(f"incidents/{ticket.number}/").json()["next_due_at"]
        customer = call_as(bob).get(f"incidents/{ticket.number}/").json()["next_due_at"]
        assert (desk, customer) == ("2026-11-23T10:05:00Z", "2026-11-23T14:00:00Z")

    def test_of_ours_broken_say_nothing_to_customers(self, call_as, alice, bob, agreement, open_for, at_work):
        agreement.targets.create(metric=Metric.OWN, priority=3, duration=timedelta(minutes=5))
        ticket = open_for(bob, impact=3, urgency=1).ticket
        Clock.objects.filter(ticket=ticket).exclude(metric=Metric.OWN).update(due_at=at_work + timedelta(days=900))
        Clock.objects.filter(ticket=ticket, metric=Metric.OWN).update(due_at=at_work - timedelta(days=900))
        assert len(call_as(alice).get("incidents/?breached=1").json()["results"]) == 1
        assert call_as(bob).get("incidents/?breached=1").json()["results"] == []

    def test_say_that_a_promise_is_broken(self, call_as, bob, incident, address, now):
        Clock.objects.filter(ticket=incident.ticket).update(due_at=now)
        assert {row["breached"] for row in call_as(bob).get(f"{address}clocks/").json()["results"]} == {True}


class TestOneClock:
    @pytest.fixture
    def clock(self, incident, alice, now):
        hold_incident(
            incident=incident, reason="requester", comment="Which?", actor=alice, now=now + timedelta(minutes=1)
        )
        resume_incident(incident=incident, actor=alice, now=now + timedelta(minutes=3))
        return Clock.objects.get(ticket=incident.ticket, metric="resolution")

    def test_accounts_for_every_second(self, call_as, alice, clock, agreement):
        row = call_as(alice).get(f"clocks/{clock.pk}/").json()
        assert row["agreement"] == {"name": "Gold", "version": 1}
        assert row["calendar"] == {"name": "Office hours", "version": 1}
        assert sum(s["worked"] for s in row["ledger"] if s["kind"] == "running") == row["used"]
        first = row["steps"][0]
        assert (first["what"], first["will"], first["state"]) == ("50 % of the time", "tells the assignee", "next")

    def test_tells_the_requester_where_the_time_went_and_not_by_whom(self, call_as, bob, clock):
        row = call_as(bob).get(f"clocks/{clock.pk}/").json()
        paused = [s for s in row["ledger"] if s["kind"] == "paused"]
        assert [(s["label"], s["actor"], s["worked"]) for s in paused] == [("requester", "", 120.0)]
        assert (row["agreement"], row["calendar"]) == ({"name": "", "version": 1}, {"name": "", "version": 1})
        assert (row["steps"], row["party"]) == ([], "")

    def test_names_his_own_agreement(self, call_as, bob, acme, agreement, clock):
        agreement.customer = acme
        agreement.save()
        assert call_as(bob).get(f"clocks/{clock.pk}/").json()["agreement"] == {"name": "Gold", "version": 1}

    def test_of_a_stranger_is_not_there(self, call_as, charlie, clock):
        assert call_as(charlie).get(f"clocks/{clock.pk}/").status_code == 404


class TestPromisedDate:
    def test_stands_beside_the_timers(self, call_as, alice, bob, incident, address, at_work):
        due_at = (at_work + timedelta(days=2)).replace(microsecond=0)
        body = {"due_at": due_at.isoformat(), "words": "With the new router."}
        made = call_as(alice).post(f"{address}promise-date/", body)
        assert made.status_code == 200, made.content
        row = made.json()
        assert (row["metric"], row["words"], row["agreement"], row["calendar"]) == (
            "commitment", "With the new router.", None, None,
        )  # fmt: skip
        assert row["due_at"] == due_at.isoformat().replace("+00:00", "Z")
        metrics = [row["metric"] for row in call_as(bob).get(f"{address}clocks/").json()["results"]]
        assert metrics == ["first_response", "resolution", "commitment"]

    def test_lies_ahead(self, call_as, alice, incident, address, at_work):
        answer = call_as(alice).post(f"{address}promise-date/", {"due_at": (at_work - timedelta(days=1)).isoformat()})
        assert answer.status_code == 422
        assert "due_at" in answer.json()["errors"]

    def test_is_taken_back(self, call_as, alice, incident, address, at_work):
        body = {"due_at": (at_work + timedelta(days=2)).isoformat()}
        call_as(alice).post(f"{address}promise-date/", body)
        first = call_as(alice).post(f"{address}withdraw-date/", {}).json()
        second = call_as(alice).post(f"{address}withdraw-date/", {}).json()
        assert (first["was_promised"], second["was_promised"]) == (True, False)


class TestEvents:
    def test_tell_the_desk_more_than_the_customer(self, call_as, alice, bob, incident, address, at_work):
        hold_incident(incident=incident, reason="supplier", actor=alice, now=at_work)
        desk = [row["name"] for row in call_as(alice).get(f"{address}events/").json()["results"]]
        customer = [row["name"] for row in call_as(bob).get(f"{address}events/").json()["results"]]
        assert desk == ["incident.opened", "incident.held"]
        assert customer == ["incident.opened"]


class TestLinks:
    def test_show_only_what_the_caller_may_see_on_both_ends(
        self, call_as, alice, bob, open_for, charlie, incident, address, now
    ):
        foreign, own = open_for(charlie).ticket, open_for(bob).ticket
        link_tickets(source=incident.ticket, target=foreign, type=Link.Type.RELATES, actor=alice, now=now)
        answer = call_as(alice).post(f"{address}links/", {"type": "caused_by", "target": own.number})
        assert answer.status_code == 201
        assert len(call_as(alice).get(f"{address}links/").json()["results"]) == 2
        assert call_as(bob).get(f"{address}links/").json()["results"] == [answer.json()]

    def test_are_refused_to_customers_to_unknown_tickets_and_to_oneself(self, call_as, alice, bob, incident, address):
        number = incident.ticket.number
        assert call_as(bob).post(f"{address}links/", {"type": "relates", "target": number}).status_code == 403
        unknown = call_as(alice).post(f"{address}links/", {"type": "relates", "target": "INC-0"})
        assert unknown.json()["errors"] == {"target": ["There is no such ticket."]}
        itself = call_as(alice).post(f"{address}links/", {"type": "relates", "target": number})
        assert itself.json()["errors"] == {"non_field_errors": ["A ticket cannot be linked to itself."]}


class TestWatching:
    def test_begins_and_ends(self, call_as, bea, incident, address):
        assert call_as(bea).post(f"{address}watch/").json()["is_watching"] is True
        assert incident.ticket.watchers.get().user == bea
        assert call_as(bea).post(f"{address}unwatch/").json()["is_watching"] is False
        assert not incident.ticket.watchers.exists()


def test_a_reply_in_between_is_seen_by_the_next_page(call_as, bob, incident, address, now):
    """Entries are paged like every list."""
    for n in range(3):
        reply_to_ticket(
            ticket=incident.ticket,
            body=f"No {n}",
            actor=bob,
            now=now + timedelta(minutes=n + 1),
            channel=Channel.PORTAL,
        )
    caller = call_as(bob)
    first = caller.get(f"{address}entries/", {"limit": 2, "total": 1}).json()
    assert (len(first["results"]), first["total"]) == (2, 4)
    second = caller.get(first["next"]).json()
    assert [row["body"] for row in second["results"]] == ["No 1", "No 2"]
    assert second["next"] is None
