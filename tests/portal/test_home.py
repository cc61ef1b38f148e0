from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import Service
from incidents import services as incidents
from portal.selectors.status import Level, service_statuses
from tests.conftest import HOUR
from tickets.models import Impact, Urgency, WaitingReason

HOME = "/portal/"


def hold_for_an_answer(incident, alice, now):
    incidents.hold_incident(
        incident=incident, reason=WaitingReason.REQUESTER, comment="Which office?", actor=alice, now=now
    )


def resolve(incident, alice, now):
    incidents.resolve_incident(incident=incident, code="fixed", resolution="Renewed.", actor=alice, now=now)


class TestHome:
    def test_asks_strangers_to_sign_in(self, client, db):
        assert client.get(HOME).headers["Location"] == "/account/login/?next=/portal/"

    def test_greets_by_the_hour_of_the_readers_zone(self, client_of, bob):
        assert "Good morning, Bob. How can we help?" in client_of(bob).get(HOME).content.decode()
        bob.time_zone = "Asia/Shanghai"  # 18:00 there
        bob.save()
        assert "Good evening, Bob. How can we help?" in client_of(bob).get(HOME).content.decode()

    def test_shows_my_request_with_its_steps_and_the_promised_time(self, client_of, bob, incident):
        html = client_of(bob).get(HOME).content.decode()
        assert f'href="/portal/requests/{incident.ticket.number}/"' in html
        assert 'aria-label="Step 1 of 5"' in html
        assert "Reply expected today 14:00" in html

    def test_tells_the_promised_time_in_the_readers_zone(self, client_of, bob, incident):
        bob.time_zone = "Asia/Shanghai"
        bob.save()
        assert "Reply expected today 22:00" in client_of(bob).get(HOME).content.decode()

    def test_says_so_when_the_promise_was_not_kept(self, client_of, bob, open_for, now):
        open_for(bob, impact=3, urgency=1, at=now - 72 * HOUR)  # on Friday, 4 working hours
        assert "Reply was promised for Fri 20 Nov 14:00" in client_of(bob).get(HOME).content.decode()

    def test_shows_nobody_elses_requests(self, client_of, bea, charlie, incident):
        for person in (bea, charlie):
            assert incident.ticket.number not in client_of(person).get(HOME).content.decode()

    def test_asks_for_the_answer_that_is_waited_for(self, client_of, bob, incident, alice, now):
        hold_for_an_answer(incident, alice, now)
        html = client_of(bob).get(HOME).content.decode()
        assert "A question about: VPN drops every hour" in html
        assert "Which office?" in html
        assert "Answer needed" in html

    def test_asks_to_confirm_a_solution(self, client_of, bob, incident, alice, now):
        resolve(incident, alice, now)
        html = client_of(bob).get(HOME).content.decode()
        assert "Is it solved: VPN drops every hour?" in html
        assert f'action="/portal/requests/{incident.ticket.number}/close/"' in html

    def test_asks_nobody_else(self, client_of, bea, incident, alice, now):
        resolve(incident, alice, now)
        assert "Nothing. We do the work." in client_of(bea).get(HOME).content.decode()

    def test_lets_an_agent_be_a_requester(self, client_of, alice, open_for):
        open_for(alice, subject="My own laptop")
        html = client_of(alice).get(HOME).content.decode()
        assert "My own laptop" in html
        assert ">Desk</a>" in html

    def test_offers_nothing_to_file_to_an_auditor(self, client_of, auditor):
        assert "/portal/requests/new/" not in client_of(auditor).get(HOME).content.decode()


class TestServices:
    def test_are_those_of_my_organisation(self, client_of, bob, charlie, vpn):
        assert "VPN &amp; remote access" in client_of(bob).get("/portal/services/").content.decode()
        assert "VPN &amp; remote access" not in client_of(charlie).get("/portal/services/").content.decode()

    def test_lead_to_the_form_with_the_service_chosen(self, client_of, bob, vpn):
        assert 'href="/portal/requests/new/?service=vpn"' in client_of(bob).get("/portal/services/").content.decode()
        form = client_of(bob).get("/portal/requests/new/?service=vpn").content.decode()
        assert '<option value="vpn" selected>' in form

    def test_are_ordered_by_how_often_they_are_asked_for(self, client_of, bob, open_for, vpn, acme, alice):
        Service.objects.create(key="aaa", name="Aardvark", owner=alice).customers.add(acme)
        open_for(bob)
        services = client_of(bob).get("/portal/services/").context["services"]
        assert [service.key for service in services] == ["vpn", "aaa"]


class TestStatus:
    def test_is_good_without_urgent_incidents(self, client_of, bob, incident):
        html = client_of(bob).get("/portal/status/").content.decode()
        assert "All services run normally." in html

    @pytest.mark.parametrize(
        ("impact", "urgency", "level"),
        [(Impact.HIGH, Urgency.HIGH, Level.DISRUPTED), (Impact.HIGH, Urgency.MEDIUM, Level.IMPAIRED)],
    )
    def test_follows_the_open_incidents(self, bob, open_for, now, impact, urgency, level):
        open_for(bob, impact=impact, urgency=urgency, at=now - HOUR)
        (status,) = service_statuses(user=bob, now=now)
        assert status.level == level
        assert status.since == now - HOUR
        assert status.days[-1] == (now.date(), level)
        assert status.n_bad_days == 1

    def test_remembers_ninety_days(self, bob, alice, open_for, now):
        old = open_for(bob, impact=1, urgency=1, at=now - timedelta(days=95))
        resolve(old, alice, now - timedelta(days=88))
        (status,) = service_statuses(user=bob, now=now)
        assert status.level == Level.GOOD
        assert len(status.days) == 90
        assert [day for day, level in status.days if level == Level.DISRUPTED] == [
            (now - timedelta(days=n)).date() for n in (89, 88)
        ]

    def test_does_not_count_what_was_withdrawn(self, bob, open_for, now):
        incident = open_for(bob, impact=1, urgency=1)
        incidents.cancel_incident(incident=incident, reason="Mistake", actor=bob, now=now)
        (status,) = service_statuses(user=bob, now=now)
        assert status.n_bad_days == 0

    def test_tells_nothing_of_other_customers(self, charlie, globex, bob, open_for, vpn, now):
        vpn.customers.add(globex)
        open_for(bob, impact=1, urgency=1)
        (status,) = service_statuses(user=charlie, now=now)
        assert status.level == Level.GOOD

    def test_counts_days_in_the_readers_zone(self, bob, alice, open_for, now):
        at = now.replace(hour=20)  # Tuesday already in Shanghai
        incident = open_for(bob, impact=1, urgency=1, at=at)
        resolve(incident, alice, at + HOUR)
        with timezone.override("Asia/Shanghai"):
            (status,) = service_statuses(user=bob, now=at + HOUR)
        assert [day.day for day, level in status.days if level] == [24]

    def test_is_announced_on_the_home_page(self, client_of, bob, open_for):
        open_for(bob, impact=1, urgency=1)
        html = client_of(bob).get(HOME).content.decode()
        assert "Known issue: VPN &amp; remote access is disrupted" in html
        assert 'href="/portal/requests/new/?service=vpn"' in html


class TestSearch:
    def test_finds_services_and_own_requests(self, client_of, bob, incident):
        html = client_of(bob).get("/portal/search/?q=VPN").content.decode()
        assert "VPN &amp; remote access" in html
        assert "VPN drops every hour" in html

    def test_finds_a_number(self, client_of, bob, incident):
        html = client_of(bob).get(f"/portal/search/?q={incident.ticket.number.lower()}").content.decode()
        assert "VPN drops every hour" in html

    def test_finds_nothing_foreign(self, client_of, charlie, incident):
        html = client_of(charlie).get("/portal/search/?q=VPN").content.decode()
        assert "drops every hour" not in html
        assert "Nothing has the words “VPN”." in html

    def test_offers_to_report_what_it_did_not_find(self, client_of, bob, vpn):
        html = client_of(bob).get("/portal/search/?q=broken+coffee").content.decode()
        assert 'href="/portal/requests/new/?subject=broken%20coffee"' in html

    def test_escapes_what_was_typed(self, client_of, bob, vpn):
        assert "<b>x" not in client_of(bob).get("/portal/search/?q=<b>x").content.decode()

    def test_without_words_is_empty(self, client_of, bob, incident):
        assert "VPN" not in client_of(bob).get("/portal/search/?q=").content.decode()
