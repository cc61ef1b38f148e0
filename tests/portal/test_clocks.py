"""What a customer reads of his promises: where the time went, and nothing of who we are inside."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from pypdf import PdfReader

from accounts.models import Organisation, Team
from incidents import services as incidents
from slas.models import PUBLIC_METRICS, Agreement, Clock, Metric, Target
from tests.conftest import person
from tickets.models import WaitingReason
from work.services import assign_ticket, promise_date, withdraw_date

CANARY = "Canary7f3a"
HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


@pytest.fixture
def insider(our_organisation, network):
    """An agent whose name nobody outside should read in a ledger."""
    user = person(CANARY.lower(), our_organisation, "agent")
    network.memberships.create(user=user)
    return user


@pytest.fixture
def busy(agreement, office, network, our_organisation, vpn, open_for, bob, insider):
    """A ticket with every kind of clock, handed over, held for everything, under names that are ours alone."""
    for thing, name in ((agreement, "agreement"), (office, "calendar"), (network, "team")):
        thing.name = f"{CANARY} {name}"
        thing.save()
    for metric in (Metric.OWN, Metric.NEXT_REPLY, Metric.UPDATE):
        for priority in (2, 3):
            Target.objects.create(agreement=agreement, metric=metric, priority=priority, duration=2 * HOUR)
    begins = {"calendar": office, "start_date": date(2020, 1, 1)}
    ola = Agreement.objects.create(kind=Agreement.Kind.OLA, name=f"{CANARY} OLA", team=network, **begins)
    supplier = Organisation.objects.create(name=f"{CANARY} supplier", kind=Organisation.Kind.SUPPLIER)
    contract = Agreement.objects.create(kind=Agreement.Kind.UC, name=f"{CANARY} UC", supplier=supplier, **begins)
    Target.objects.create(agreement=ola, metric=Metric.TEAM, priority=3, duration=4 * HOUR)
    Target.objects.create(agreement=contract, metric=Metric.SUPPLIER, priority=3, duration=4 * HOUR)
    agreement.pauses_on = list(WaitingReason.values)
    agreement.save()
    incident = open_for(bob, impact=3, urgency=1)
    servers = Team.objects.create(name=f"{CANARY} servers", organisation=our_organisation)
    assign_ticket(ticket=incident.ticket, team=servers, assignee=None, actor=insider, now=at(23, 10, 10))
    now = at(23, 11)
    for reason in WaitingReason.values:
        comment = "Which?" if reason == WaitingReason.REQUESTER else ""
        incidents.hold_incident(incident=incident, reason=reason, comment=comment, actor=insider, now=now)
        incidents.resume_incident(incident=incident, actor=insider, now=now + HOUR / 2)
        now += HOUR
    incidents.resolve_incident(incident=incident, code="fixed", resolution="Done.", actor=insider, now=at(24, 10))
    incidents.reopen_incident(incident=incident, actor=bob, now=at(24, 11))
    incidents.prioritise_incident(incident=incident, impact=2, urgency=1, actor=insider, now=at(24, 12))
    promise_date(ticket=incident.ticket, due_at=at(26, 12), words="With the new router.", actor=insider, now=at(24, 12))
    return incident


def address(clock, path=""):
    return f"/portal/requests/{clock.ticket.number}/clocks/{clock.pk}/{path}"


class TestTheLedger:
    def test_names_nobody_of_ours(self, busy, bob, client_of, time_machine):
        time_machine.move_to(at(24, 13), tick=False)
        client = client_of(bob)
        clocks = Clock.objects.filter(ticket=busy.ticket, metric__in=PUBLIC_METRICS)
        assert {clock.metric for clock in clocks} >= {"first_response", "resolution", "update", "commitment"}
        for clock in clocks:
            page = client.get(address(clock))
            assert page.status_code == 200
            assert CANARY.lower() not in page.content.decode().lower()
            paper = PdfReader(io.BytesIO(client.get(address(clock, "ledger.pdf")).content))
            assert CANARY.lower() not in "".join(sheet.extract_text() for sheet in paper.pages).lower()

    def test_tells_every_wait_in_the_customers_words(self, busy, bob, client_of, time_machine):
        time_machine.move_to(at(24, 13), tick=False)
        clock = Clock.objects.filter(ticket=busy.ticket, metric=Metric.RESOLUTION).latest("generation")
        html = client_of(bob).get(address(clock)).content.decode()
        for words in (
            "an answer of yours was needed", "a supplier was needed", "an approval was needed",
            "a planned change was needed", "its cause was being looked for", "it was put off to an agreed time",
            "it was solved, then reopened",
        ):  # fmt: skip
            assert f"Paused: {words}" in html
        assert "Our service level for everybody, version 1" in html
        assert "Escalation steps" not in html

    def test_names_the_agreement_of_his_own_organisation(self, busy, agreement, acme, bob, client_of):
        Agreement.objects.filter(pk=agreement.pk).update(customer=acme, name="Acme Gold")
        clock = Clock.objects.filter(ticket=busy.ticket, metric=Metric.RESOLUTION).latest("generation")
        assert "Acme Gold, version 1" in client_of(bob).get(address(clock)).content.decode()

    @pytest.mark.parametrize("metric", [Metric.OWN, Metric.TEAM, Metric.SUPPLIER])
    def test_of_what_is_between_us_is_not_there(self, busy, bob, client_of, metric):
        clock = Clock.objects.filter(ticket=busy.ticket, metric=metric).first()
        assert clock is not None
        client = client_of(bob)
        assert client.get(address(clock)).status_code == 404
        assert client.get(address(clock, "ledger.pdf")).status_code == 404

    def test_of_a_stranger_is_not_there(self, busy, charlie, client_of):
        clock = Clock.objects.filter(ticket=busy.ticket, metric=Metric.RESOLUTION).latest("generation")
        assert client_of(charlie).get(address(clock)).status_code == 404

    def test_is_no_back_door_for_another_ticket(self, busy, bob, charlie, open_for, client_of):
        other = Clock.objects.filter(ticket=open_for(charlie).ticket).first()
        assert client_of(bob).get(f"/portal/requests/{busy.ticket.number}/clocks/{other.pk}/").status_code == 404


class TestTheTicketsPage:
    def test_shows_what_was_promised_and_no_more(self, busy, bob, client_of, time_machine):
        time_machine.move_to(at(24, 13), tick=False)
        html = client_of(bob).get(f"/portal/requests/{busy.ticket.number}/").content.decode()
        promises = html.split('id="promise-title"')[1].split("</section>")[0]
        for label in ("Promised date", "First answer", "Solution", "News"):
            assert f"<dt>{label}</dt>" in promises
        assert "With the new router." in promises
        for word in ("Time to own", "share", "Share"):
            assert word not in promises
        linked = Clock.objects.filter(ticket=busy.ticket, metric__in=PUBLIC_METRICS)
        assert f"/clocks/{linked.get(metric=Metric.COMMITMENT).pk}/" in promises

    def test_tells_of_a_promise_and_of_its_end(self, incident, alice, bob, client_of, now):
        promise_date(ticket=incident.ticket, due_at=now + 26 * HOUR, actor=alice, now=now)
        withdraw_date(ticket=incident.ticket, actor=alice, now=now + HOUR)
        html = client_of(bob).get(f"/portal/requests/{incident.ticket.number}/").content.decode()
        assert "Alice promised it for tomorrow 12:00" in html
        assert "Alice took back the promised date tomorrow 12:00" in html
        assert "<dt>Promised date</dt>" not in html

    def test_a_list_says_what_is_due_first(self, incident, alice, bob, client_of, time_machine):
        time_machine.move_to(at(23, 10, 30), tick=False)
        incidents.start_incident(incident=incident, actor=alice, now=at(23, 10, 5))
        Clock.objects.filter(ticket=incident.ticket, metric=Metric.FIRST_RESPONSE).delete()
        promise_date(ticket=incident.ticket, due_at=at(24, 12), actor=alice, now=at(23, 10, 10))
        html = client_of(bob).get("/portal/requests/").content.decode()
        assert "Promised for tomorrow 12:00" in html
