"""The main job by API: open, work on, resolve, confirm; the same verbs and the same refusals as on the pages."""

from datetime import timedelta

import pytest

from incidents.models import Incident
from incidents.services import hold_incident, resolve_incident, start_incident
from slas.models import Clock, Metric
from tickets.models import Channel, PublicEntry
from work.services import edit_ticket


@pytest.fixture
def address(incident):
    return f"incidents/{incident.ticket.number}/"


class TestOpening:
    def test_opens_what_the_customer_says(self, call_as, bob, vpn, agreement, at_work):
        words = {"subject": "No tunnel", "body": "It **fails**.", "service": "vpn", "impact": 2, "urgency": 1}
        answer = call_as(bob).post("incidents/", words)
        assert answer.status_code == 201
        shown = answer.json()
        incident = Incident.objects.get(ticket__number=shown["number"])
        assert (incident.ticket.requester, incident.ticket.channel, incident.ticket.opened_at) == (bob, "api", at_work)
        assert shown["state"] == shown["phase"] == "new"
        assert shown["service"] == {"key": "vpn", "name": vpn.name}
        assert shown["priority"] == 2
        assert shown["verbs"] == ["cancel"]
        assert incident.ticket.clocks.count() == 2

    def test_opens_for_somebody_else(self, call_as, alice, bob, vpn):
        words = {"subject": "Called in", "body": "He called.", "requester": bob.pk, "service": "vpn", "category": "net"}
        shown = call_as(alice).post("incidents/", words).json()
        assert shown["requester"] == {"id": bob.pk, "name": "Bob"}
        assert shown["opened_by"] == {"id": alice.pk, "name": "Alice"}
        assert shown["category"] == "net"

    @pytest.mark.parametrize("field", ["requester", "team", "category", "priority", "phase", "state", "organisation"])
    def test_takes_nothing_from_a_customer_that_is_not_his_to_say(self, call_as, bob, vpn, field):
        answer = call_as(bob).post("incidents/", {"subject": "No tunnel", "body": "It fails.", field: 1})
        assert answer.status_code == 422
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["errors"] == {field: ["This is not known here."]}
        assert not Incident.objects.exists()

    def test_names_everything_that_is_wrong_at_once(self, call_as, bob, charlie, vpn):
        answer = call_as(charlie).post("incidents/", {"subject": " ", "service": "vpn", "impact": 7, "colour": "red"})
        assert answer.status_code == 422
        assert answer.json()["errors"] == {
            "colour": ["This is not known here."],
            "subject": ["This field may not be blank."],
            "body": ["This field is required."],
            "service": ["There is no such service."],
            "impact": ['"7" is not a valid choice.'],
        }

    def test_is_refused_to_who_only_reads(self, call_as, auditor):
        answer = call_as(auditor).post("incidents/", {"subject": "No tunnel", "body": "It fails."})
        assert answer.status_code == 403
        assert not Incident.objects.exists()


class TestTheList:
    @pytest.fixture
    def three(self, open_for, bob, charlie, alice, now):
        """bob's P3 in progress, charlie's new P1, and bob's resolved P4, opened in this order."""
        first = open_for(bob, subject="Mail is slow", impact=3, urgency=1)
        second = open_for(charlie, subject="Everything is down", impact=1, urgency=1, at=now + timedelta(minutes=1))
        third = open_for(bob, subject="Printer", impact=3, urgency=3, at=now + timedelta(minutes=2))
        start_incident(incident=first, actor=alice, now=now + timedelta(minutes=3))
        resolve_incident(incident=third, code="fixed", resolution="Done", actor=alice, now=now + timedelta(minutes=4))
        return [first, second, third]

    def subjects(self, answer):
        assert answer.status_code == 200, answer.content
        return [row["subject"] for row in answer.json()["results"]]

    def test_shows_the_desk_all_and_customers_their_own_newest_first(self, call_as, three, alice, bob, charlie):
        assert self.subjects(call_as(alice).get("incidents/")) == ["Printer", "Everything is down", "Mail is slow"]
        assert self.subjects(call_as(bob).get("incidents/")) == ["Printer", "Mail is slow"]
        assert self.subjects(call_as(charlie).get("incidents/")) == ["Everything is down"]

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"phase": "new"}, ["Everything is down"]),
            ({"phase": ["new", "open"]}, ["Everything is down", "Mail is slow"]),
            ({"priority": [1]}, ["Everything is down"]),
            ({"assignee": "none", "phase": "open"}, ["Mail is slow"]),
            ({"assignee": "me"}, []),
            ({"requester": "me"}, []),
            ({"service": "vpn", "phase": "resolved"}, ["Printer"]),
            ({"service": "no-such"}, []),
            ({"updated_since": "2026-11-23T10:04:00Z"}, ["Printer"]),
            ({"updated_since": "2026-11-23T11:03:00+01:00"}, ["Printer", "Mail is slow"]),
            ({"q": "everything"}, ["Everything is down"]),
            ({"breached": "true"}, []),
            ({"breached": "false", "q": "printer"}, ["Printer"]),
        ],
    )
    def test_finds_what_is_asked_for(self, call_as, three, alice, query, found):
        assert self.subjects(call_as(alice).get("incidents/", query)) == found

    def test_finds_by_row(self, call_as, three, alice, bob, acme, network):
        caller = call_as(alice)
        assert self.subjects(caller.get("incidents/", {"requester": bob.pk})) == ["Printer", "Mail is slow"]
        assert self.subjects(caller.get("incidents/", {"organisation": acme.pk})) == ["Printer", "Mail is slow"]
        assert len(self.subjects(caller.get("incidents/", {"team": network.pk}))) == 3
        assert self.subjects(caller.get("incidents/", {"q": three[1].ticket.number.lower()})) == ["Everything is down"]

    def test_knows_a_broken_promise(self, call_as, three, alice):
        Clock.objects.filter(ticket=three[0].ticket, metric=Metric.RESOLUTION).update(due_at="2026-11-23T10:01:00Z")
        assert self.subjects(call_as(alice).get("incidents/", {"breached": "1"})) == ["Mail is slow"]

    @pytest.mark.parametrize(
        ("query", "parameter"),
        [
            ({"colour": "red"}, "colour"),
            ({"phase": "asleep"}, "phase"),
            ({"limit": 0}, "limit"),
            ({"limit": 201}, "limit"),
            ({"limit": "all"}, "limit"),
            ({"cursor": "!!"}, "cursor"),
            ({"cursor": "WzEsMiwzXQ"}, "cursor"),
            ({"updated_since": "yesterday"}, "updated_since"),
            ({"updated_since": "2026-11-23T10:00:00"}, "updated_since"),
            ({"assignee": "alice"}, "assignee"),
            ({"team": "x"}, "team"),
            ({"q": "a\x00b"}, "q"),
        ],
    )
    def test_refuses_a_question_it_does_not_understand(self, call_as, alice, query, parameter):
        answer = call_as(alice).get("incidents/", query)
        assert answer.status_code == 400
        assert answer.json()["type"] == "urn:portico:problem:bad-query"
        assert list(answer.json()["errors"]) == [parameter]


class TestOneIncident:
    def test_is_shown_with_what_the_caller_may_do(self, call_as, alice, bob, incident, address):
        for_alice, for_bob = call_as(alice).get(address), call_as(bob).get(address)
        assert for_alice.json()["verbs"] == ["start", "hold", "resolve", "cancel"]
        assert for_bob.json()["verbs"] == ["cancel"]
        assert for_alice.headers["ETag"] == f'"{incident.ticket.version}"'
        assert for_alice.json()["priority_reason"] == ""
        assert for_bob.json()["priority_reason"] is None

    def test_is_the_same_404_whether_it_is_foreign_or_not_there(self, call_as, charlie, address):
        foreign, missing = call_as(charlie).get(address), call_as(charlie).get("incidents/INC-999999/")
        assert (foreign.status_code, missing.status_code) == (404, 404)
        assert foreign.content == missing.content
        assert call_as(charlie).post(address + "close/").content == missing.content

    def test_is_corrected_in_one_step(self, call_as, alice, incident, address):
        changes = {
            "subject": "VPN is down",
            "service": None,
            "impact": 1,
            "urgency": 1,
            "category": "net",
            "version": 1,
        }
        answer = call_as(alice).patch(address, changes)
        assert answer.status_code == 200, answer.content
        shown = answer.json()
        assert (shown["subject"], shown["service"], shown["priority"]) == ("VPN is down", None, 1)
        assert shown["category"] == "net"
        assert answer.headers["ETag"] == f'"{shown["version"]}"'

    def test_changes_nothing_when_half_of_it_is_wrong(self, call_as, alice, incident, address):
        answer = call_as(alice).patch(address, {"subject": "VPN is down", "impact": 9, "number": "INC-1"})
        assert answer.status_code == 422
        assert set(answer.json()["errors"]) == {"impact", "number"}
        incident.ticket.refresh_from_db()
        assert incident.ticket.subject == "VPN drops every hour"

    def test_is_not_the_customers_to_correct(self, call_as, bob, bea, address):
        assert call_as(bob).patch(address, {"subject": "Mine"}).status_code == 403
        assert call_as(bea).patch(address, {"subject": "Mine"}).status_code == 403

    @pytest.mark.parametrize("headers", [{}, {"If-Match": '"1"'}])
    def test_tells_who_changed_it_meanwhile(self, call_as, alice, lead, incident, address, at_work, headers):
        edit_ticket(ticket=incident.ticket, subject="VPN is down", actor=lead, now=at_work)
        body = {"subject": "VPN again"} | ({} if headers else {"version": 1})
        answer = call_as(alice).patch(address, body, **headers)
        assert answer.status_code == 409
        problem = answer.json()
        assert problem["type"] == "urn:portico:problem:stale"
        assert problem["version"] == incident.ticket.version
        assert problem["changes"] == [
            {
                "event": "ticket.edited",
                "at": "2026-11-23T10:05:00Z",
                "actor": {"id": lead.pk, "name": "Lena"},
                "changes": {"subject": ["VPN drops every hour", "VPN is down"]},
            }
        ]

    def test_wants_one_version(self, call_as, alice, incident, address):
        caller = call_as(alice)
        assert caller.patch(address, {"subject": "x", "version": 1}, **{"If-Match": '"2"'}).status_code == 400
        assert caller.patch(address, {"subject": "x"}, **{"If-Match": "W/abc"}).status_code == 400
        assert caller.patch(address, {"subject": "x"}, **{"If-Match": "*"}).status_code == 200


class TestVerbs:
    def test_carry_an_incident_from_opening_to_confirmation(self, call_as, alice, bob, network, incident, address):
        agent, customer = call_as(alice), call_as(bob)
        steps = [
            (agent, "assign", {"team": network.pk, "assignee": alice.pk}, "new"),
            (agent, "start", {}, "in_progress"),
            (agent, "hold", {"reason": "requester", "comment": "Which host?"}, "on_hold"),
            (agent, "resume", {}, "in_progress"),
            (agent, "resolve", {"code": "fixed", "resolution": "Renewed the key."}, "resolved"),
            (customer, "reopen", {"comment": "Still broken"}, "in_progress"),
            (agent, "resolve", {"code": "fixed", "resolution": "Renewed both keys."}, "resolved"),
            (customer, "close", {}, "closed"),
        ]
        for caller, verb, body, state in steps:
            answer = caller.post(f"{address}{verb}/", body)
            assert (answer.status_code, answer.json()["state"]) == (200, state), (verb, answer.content)
        assert answer.json()["assignee"] == {"id": alice.pk, "name": "Alice"}
        assert answer.json()["resolution"] == "Renewed both keys."

    def test_say_what_is_possible_when_they_are_not(self, call_as, alice, incident, address):
        answer = call_as(alice).post(f"{address}close/")
        assert answer.status_code == 409
        problem = answer.json()
        assert problem["type"] == "urn:portico:problem:illegal-move"
        assert problem["allowed"] == ["start", "hold", "resolve", "cancel"]
        assert problem["state"] == "new"

    def test_name_what_is_missing(self, call_as, alice, incident, address):
        caller = call_as(alice)
        assert set(caller.post(f"{address}resolve/").json()["errors"]) == {"code", "resolution"}
        assert set(caller.post(f"{address}hold/", {"reason": "requester"}).json()["errors"]) == {"comment"}
        assert set(caller.post(f"{address}cancel/", {"why": "x"}).json()["errors"]) == {"reason", "why"}
        incident.refresh_from_db()
        assert incident.state == "new"

    def test_that_work_are_refused_to_customers_before_their_words_are_read(self, call_as, bob, incident, address):
        verbs = ["start", "hold", "resume", "resolve", "assign", "prioritise", "override-priority"]
        assert {verb: call_as(bob).post(f"{address}{verb}/").status_code for verb in verbs} == dict.fromkeys(verbs, 403)

    def test_prioritise_by_the_table_or_against_it_for_a_reason(self, call_as, alice, lead, bob, incident, address):
        by_table = call_as(alice).post(f"{address}prioritise/", {"impact": 1, "urgency": 1})
        assert by_table.json()["priority"] == 1
        against = {"priority": 3, "reason": "Only a test system"}
        assert call_as(alice).post(f"{address}override-priority/", against).status_code == 403
        shown = call_as(lead).post(f"{address}override-priority/", against).json()
        assert (shown["priority"], shown["priority_reason"]) == (3, "Only a test system")
        assert call_as(bob).get(address).json()["priority_reason"] is None

    def test_take_the_version_that_was_read(self, call_as, alice, lead, network, incident, address, at_work):
        edit_ticket(ticket=incident.ticket, subject="VPN is down", actor=lead, now=at_work)
        answer = call_as(alice).post(f"{address}assign/", {"team": network.pk, "version": 1})
        assert answer.status_code == 409
        assert answer.json()["changes"][0]["actor"]["name"] == "Lena"
        assert (
            call_as(alice).post(f"{address}assign/", {"assignee": alice.pk}, **{"If-Match": '"2"'}).status_code == 200
        )

    def test_assign_only_who_works_in_the_team(self, call_as, alice, admin_user, incident, address):
        answer = call_as(alice).post(f"{address}assign/", {"assignee": admin_user.pk})
        assert answer.json()["errors"] == {"assignee": ["Ada is not a member of Network."]}
        unknown = call_as(alice).post(f"{address}assign/", {"assignee": 10**30, "team": True})
        assert set(unknown.json()["errors"]) == {"assignee", "team"}

    def test_follow_up_on_what_has_ended(self, call_as, alice, bob, incident, address, at_work):
        resolve_incident(incident=incident, code="fixed", resolution="Done", actor=alice, now=at_work)
        assert call_as(bob).post(f"{address}close/").status_code == 200
        answer = call_as(bob).post(f"{address}follow-up/", {"body": "It is back."})
        assert answer.status_code == 201
        links = call_as(bob).get(f"tickets/{answer.json()['number']}/links/").json()["results"]
        assert links == [{"type": "follows", "source": answer.json()["number"], "target": incident.ticket.number}]

    def test_do_not_overtake_each_other(self, call_as, alice, lead, incident, address, at_work, monkeypatch):
        """Somebody holds it between our read and our move: who, and that it is stale, is told."""
        from api.v1 import incident_verbs

        def lena_is_faster(view, body):
            hold_incident(incident=Incident.objects.get(pk=incident.pk), reason="supplier", actor=lead, now=at_work)
            return {"code": "fixed", "resolution": "Done"}

        monkeypatch.setattr(incident_verbs.Resolve, "read_body", lena_is_faster)
        answer = call_as(alice).post(f"{address}resolve/", {})
        assert answer.status_code == 409
        assert [(c["event"], c["actor"]["name"]) for c in answer.json()["changes"]] == [("incident.held", "Lena")]


def test_the_channel_of_an_answer_does_not_change_its_effect(call_as, alice, incident):
    """ACCEPTANCE.md A5: an agent's first reply by API meets the first response."""
    call_as(alice).post(f"tickets/{incident.ticket.number}/entries/", {"body": "On it."})
    assert PublicEntry.objects.get(ticket=incident.ticket, author=alice).channel == Channel.API
    assert Clock.objects.get(ticket=incident.ticket, metric=Metric.FIRST_RESPONSE).state == Clock.State.MET
