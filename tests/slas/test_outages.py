"""Outages: who may enter what, what is refused, and that every number of the pages is its list."""

import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import Service
from incidents.services import mark_outage
from journal.models import Event
from slas.models import Agreement, Outage
from slas.outages import selectors, services
from slas.outages.periods import Length, Period, period_with

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UTC = ZoneInfo("UTC")
PAGE = "/service-levels/availability/"
LIST = "/service-levels/outages/"
MONTH = period_with(date(2026, 11, 23), Length.MONTH, UTC)


def names(outage: Outage) -> list[str]:
    events = Event.objects.filter(subject_kind="outage", subject_id=outage.pk).order_by("id")
    return list(events.values_list("name", flat=True))


@pytest.fixture
def recorded(vpn, alice, now):
    """Two hours of yesterday."""
    return services.record_outage(
        service=vpn, starts_at=now - DAY, ends_at=now - DAY + 2 * HOUR, cause="Core switch", actor=alice, now=now
    )


@pytest.fixture
def promised(agreement, always):
    """99 % round the clock, of every service."""
    agreement.availability_target, agreement.calendar = Decimal("99"), always
    agreement.save()
    return agreement


class TestRecordOutage:
    def test_is_written_with_who_entered_it(self, recorded, vpn, alice, now):
        assert (recorded.service, recorded.is_planned, recorded.entered_by) == (vpn, False, alice)
        assert names(recorded) == ["outage.recorded"]

    def test_may_go_on(self, vpn, alice, now):
        outage = services.record_outage(service=vpn, starts_at=now - HOUR, ends_at=None, actor=alice, now=now)
        services.end_outage(outage=outage, ends_at=now, actor=alice, now=now)
        assert (outage.ends_at, names(outage)) == (now, ["outage.recorded", "outage.ended"])
        with pytest.raises(ValidationError):
            services.end_outage(outage=outage, ends_at=now, actor=alice, now=now)

    @pytest.mark.parametrize(
        ("starts_at", "ends_at", "field"),
        [
            (HOUR, None, "starts_at"),  # ahead
            (-HOUR, HOUR, "ends_at"),
            (-HOUR, -HOUR, "ends_at"),
            (-HOUR, -2 * HOUR, "ends_at"),
            (-4000 * DAY, None, "starts_at"),
        ],
    )
    def test_names_the_time_that_makes_no_sense(self, vpn, alice, now, starts_at, ends_at, field):
        with pytest.raises(ValidationError) as refused:
            services.record_outage(
                service=vpn, starts_at=now + starts_at, ends_at=None if ends_at is None else now + ends_at,
                actor=alice, now=now,
            )  # fmt: skip
        assert list(refused.value.error_dict) == [field]
        assert not Outage.objects.exists()

    @pytest.mark.parametrize("who", ["bob", "auditor"])
    def test_is_refused_to_who_does_not_work_tickets(self, request, vpn, now, who):
        with pytest.raises(PermissionDenied):
            services.record_outage(
                service=vpn, starts_at=now - HOUR, ends_at=now, actor=request.getfixturevalue(who), now=now
            )
        assert not Event.objects.filter(subject_kind="outage").exists()


class TestPlanDowntime:
    def test_is_agreed_beforehand(self, vpn, alice, now):
        planned = services.plan_downtime(
            service=vpn, starts_at=now + DAY, ends_at=now + DAY + HOUR, actor=alice, now=now
        )
        assert (planned.is_planned, names(planned)) == (True, ["outage.planned"])

    @pytest.mark.parametrize(("starts_at", "ends_at"), [(-HOUR, HOUR), (HOUR, HOUR), (HOUR, 40 * DAY)])
    def test_cannot_be_planned_afterwards_nor_backwards_nor_for_ever(self, vpn, alice, now, starts_at, ends_at):
        with pytest.raises(ValidationError):
            services.plan_downtime(service=vpn, starts_at=now + starts_at, ends_at=now + ends_at, actor=alice, now=now)


class TestChangeOutage:
    def test_is_for_who_answers_for_the_promise(self, recorded, vpn, alice, admin_user, now):
        fields = {"service": vpn, "starts_at": now - DAY, "ends_at": now - DAY + HOUR, "cause": "Core switch"}
        with pytest.raises(PermissionDenied):
            services.change_outage(outage=recorded, **fields, actor=alice, now=now)
        services.change_outage(outage=recorded, **fields, actor=admin_user, now=now)
        assert recorded.ends_at == now - DAY + HOUR
        event = Event.objects.get(name="outage.changed")
        assert list(event.data["changes"]) == ["ends_at"]

    def test_says_nothing_where_nothing_changes(self, recorded, vpn, admin_user, now):
        services.change_outage(
            outage=recorded, service=vpn, starts_at=recorded.starts_at, ends_at=recorded.ends_at, cause="Core switch",
            actor=admin_user, now=now,
        )  # fmt: skip
        assert names(recorded) == ["outage.recorded"]

    def test_withdrawn_it_no_longer_counts_and_stays_in_the_journal(self, recorded, alice, admin_user, now):
        with pytest.raises(PermissionDenied):
            services.withdraw_outage(outage=recorded, actor=alice, now=now)
        services.withdraw_outage(outage=recorded, actor=admin_user, now=now)
        assert not Outage.objects.exists()
        told = Event.objects.get(name="outage.withdrawn").data
        assert (told["service"]["name"], told["cause"]) == ("VPN & remote access", "Core switch")


class TestMarkOutage:
    def test_tells_it_on_the_incident_and_counts_against_its_service(self, incident, vpn, alice, now):
        later = now + 3 * HOUR
        outage = mark_outage(incident=incident, starts_at=now, ends_at=now + HOUR, actor=alice, now=later)
        assert (outage.service, outage.ticket, outage.cause) == (vpn, incident.ticket, incident.ticket.subject)
        event = Event.objects.get(name="incident.outage_marked")
        assert (event.subject_id, event.data["outage"]) == (incident.ticket.pk, outage.pk)

    def test_needs_a_service(self, open_for, bob, alice, now):
        nameless = open_for(bob, service=None, at=now - HOUR)
        with pytest.raises(ValidationError):
            mark_outage(incident=nameless, starts_at=now - HOUR, ends_at=now, actor=alice, now=now)

    def test_is_refused_to_the_customer(self, incident, bob, now):
        with pytest.raises(PermissionDenied):
            mark_outage(incident=incident, starts_at=now, ends_at=None, actor=bob, now=now)

    def test_is_done_on_the_ticket_s_page(self, incident, alice, client_of, now):
        client, number = client_of(alice), incident.ticket.number
        with time_machine.travel(now + 5 * HOUR, tick=False):
            assert 'name="starts_at"' in client.get(f"/incidents/{number}/?edit=mark_outage").content.decode()
            sent = {"starts_at": "2026-11-23T10:00", "ends_at": "2026-11-23T09:00", "cause": ""}
            refused = client.post(f"/incidents/{number}/mark-outage/", sent)
            assert refused.status_code == 422
            assert "It ends before it begins." in refused.content.decode()
            done = client.post(f"/incidents/{number}/mark-outage/", {**sent, "ends_at": "2026-11-23T11:30"})
            assert done.status_code == 302
            outage = Outage.objects.get()
            assert outage.ends_at - outage.starts_at == 1.5 * HOUR
            assert f"/service-levels/outages/{outage.pk}/" in client.get(done["Location"]).content.decode()


class TestPeriods:
    @pytest.mark.parametrize(
        ("length", "first", "last"),
        [
            (Length.DAY, date(2026, 11, 23), date(2026, 11, 23)),
            (Length.WEEK, date(2026, 11, 23), date(2026, 11, 29)),
            (Length.MONTH, date(2026, 11, 1), date(2026, 11, 30)),
            (Length.YEAR, date(2026, 1, 1), date(2026, 12, 31)),
        ],
    )
    def test_lie_around_their_day_and_beside_each_other(self, length, first, last):
        period = period_with(date(2026, 11, 23), length, UTC)
        assert (period.first, period.last) == (first, last)
        assert period.before().last == first - DAY
        assert period.next().first == last + DAY
        parts = period.parts()
        assert (parts[0].first, parts[-1].last) == (first, last)
        assert all(one.after == other.first for one, other in pairwise(parts))

    def test_keep_their_days_when_the_clocks_change(self):
        day = Period(Length.DAY, date(2026, 10, 25), ZoneInfo("Europe/Berlin"))
        assert day.ends_at.timestamp() - day.starts_at.timestamp() == 25 * 3600


class TestAvailability:
    def lines(self, user, now):
        return {line.commitment: line for line in selectors.availability_of(MONTH, user=user, now=now)}

    def test_is_measured_against_the_agreement(self, recorded, promised, alice, now):
        (line,) = selectors.availability_of(MONTH, user=alice, now=now)
        found = line.availability
        assert line.commitment.agreement == promised
        assert (found.committed, found.down, found.allowed) == (30 * DAY, 2 * HOUR, 7.2 * HOUR)
        assert (found.elapsed, line.n_outages) == (22 * DAY + 10 * HOUR, 1)

    def test_takes_the_agreement_that_names_the_service_and_a_customer_s_beside_it(
        self, recorded, promised, vpn, acme, globex, our_organisation, office, alice, now
    ):
        def agree(name, **fields):
            return Agreement.objects.create(name=name, calendar=office, start_date=date(2020, 1, 1), **fields)

        named = agree("VPN", availability_target=Decimal("99.9"))
        named.services.add(vpn)
        theirs = agree("Acme", customer=acme, availability_target=Decimal("95"))
        globex_s = agree("Globex does not use it yet", customer=globex, availability_target=Decimal("95"))
        other = Service.objects.create(key="mail", name="Mail", owner=alice)
        found = {(line.commitment.service, line.commitment.agreement) for line in self.lines(alice, now).values()}
        assert found == {(vpn, theirs), (other, promised)}  # nobody else uses it
        vpn.customers.add(globex)
        found = {(line.commitment.service, line.commitment.agreement) for line in self.lines(alice, now).values()}
        assert found == {(vpn, theirs), (vpn, globex_s), (other, promised)}
        vpn.customers.add(our_organisation)
        found = {(line.commitment.service, line.commitment.agreement) for line in self.lines(alice, now).values()}
        assert found == {(vpn, theirs), (vpn, globex_s), (vpn, named), (other, promised)}

    def test_of_a_service_without_a_promise_is_measured_round_the_clock(self, recorded, agreement, alice, now):
        (line,) = selectors.availability_of(MONTH, user=alice, now=now)
        assert (line.commitment.agreement, line.availability.target) == (None, None)
        assert line.availability.committed == 30 * DAY

    def test_puts_a_broken_promise_first(self, recorded, promised, vpn, alice, now):
        Service.objects.create(key="a", name="A service", owner=alice)
        services.record_outage(service=vpn, starts_at=now - 20 * HOUR, ends_at=now, actor=alice, now=now)
        lines = selectors.availability_of(MONTH, user=alice, now=now)
        assert [(line.commitment.service.name, line.availability.is_broken) for line in lines] == [
            ("VPN & remote access", True),
            ("A service", False),
        ]

    def test_the_course_adds_up_to_the_period(self, recorded, promised, vpn, alice, now):
        services.record_outage(service=vpn, starts_at=now - 40 * HOUR, ends_at=now - HOUR, actor=alice, now=now)
        (line,) = selectors.availability_of(MONTH, user=alice, now=now)
        parts = selectors.course(line.commitment, MONTH, user=alice, now=now)
        assert sum((part.availability.down for _day, part in parts), timedelta(0)) == line.availability.down
        assert len(parts) == 23


@pytest.fixture
def frozen(now):
    with time_machine.travel(now, tick=False):
        yield now


class TestPages:
    @pytest.mark.parametrize("period", ["day", "week", "month", "year"])
    def test_every_number_is_as_long_as_its_list(self, recorded, promised, vpn, alice, frozen, client_of, period):
        mail = Service.objects.create(key="mail", name="Mail", owner=alice)
        for service, start in ((vpn, 3), (mail, 30), (vpn, 24 * 40)):
            services.record_outage(
                service=service, starts_at=frozen - start * HOUR, ends_at=frozen - start * HOUR + HOUR / 2, actor=alice,
                now=frozen,
            )  # fmt: skip
        services.plan_downtime(service=vpn, starts_at=frozen + HOUR, ends_at=frozen + 2 * HOUR, actor=alice, now=frozen)
        client = client_of(alice)
        html = client.get(f"{PAGE}?period={period}").content.decode()
        links = re.findall(rf'href="({LIST}\?[^"]+)">(\d+) (?:outage|downtime)', html)
        assert links
        for url, n in links:
            listed = client.get(url.replace("&amp;", "&")).content.decode()
            assert f"{n} in all" in listed
            assert len(re.findall(rf'<th scope="row"><a href="{LIST}\d+/">', listed)) == int(n)

    def test_the_counted_time_of_the_outages_adds_up(self, recorded, promised, vpn, alice, frozen, client_of):
        services.record_outage(
            service=vpn,
            starts_at=recorded.starts_at + HOUR,
            ends_at=recorded.starts_at + 4 * HOUR,
            actor=alice,
            now=frozen,
        )
        html = client_of(alice).get(f"{PAGE}{vpn.pk}/?period=month").content.decode()
        assert re.findall(r'pd-right pd-num"[^>]*>(\w+)</td>', html) == ["2h", "2h", "3h", "2h"]
        assert "4h<a" in html  # down in all

    def test_asks_the_same_for_one_service_and_for_thirty(self, recorded, promised, vpn, alice, client_of, now):
        client = client_of(alice)
        client.get(PAGE)
        with CaptureQueriesContext(connection) as few:
            client.get(PAGE)
        for number in range(30):
            service = Service.objects.create(key=f"s{number}", name=f"Service {number}", owner=alice)
            services.record_outage(service=service, starts_at=now - HOUR, ends_at=now, actor=alice, now=now)
        with CaptureQueriesContext(connection) as many:
            assert client.get(PAGE).status_code == 200
        assert len(many) == len(few) <= 12

    def test_entering_says_what_is_wrong_and_keeps_what_was_typed(self, vpn, alice, frozen, client_of):
        client = client_of(alice)
        sent = {"service": vpn.pk, "starts_at": "2026-11-23T12:00", "cause": "Power"}
        response = client.post(f"{LIST}record/", sent)
        assert response.status_code == 422
        assert "This lies ahead." in response.content.decode()
        assert 'value="Power"' in response.content.decode()
        assert not Outage.objects.exists()

    def test_times_are_those_of_the_reader(self, vpn, alice, frozen, client_of):
        alice.time_zone = "Asia/Shanghai"
        alice.save()
        client_of(alice).post(f"{LIST}record/", {"service": vpn.pk, "starts_at": "2026-11-23T17:30"})
        assert Outage.objects.get().starts_at == frozen - HOUR / 2

    def test_a_manager_puts_right_and_withdraws(self, recorded, vpn, admin_user, alice, frozen, client_of):
        address = f"{LIST}{recorded.pk}/"
        assert "Put it right" not in client_of(alice).get(address).content.decode()
        client = client_of(admin_user)
        assert "Put it right" in client.get(address).content.decode()
        sent = {"service": vpn.pk, "starts_at": "2026-11-22T10:00", "ends_at": "2026-11-22T10:30", "cause": "x"}
        assert client.post(f"{address}change/", sent).status_code == 302
        recorded.refresh_from_db()
        assert recorded.ends_at - recorded.starts_at == HOUR / 2
        assert "Ada changed it" in client.get(address).content.decode()
        assert client.post(f"{address}withdraw/").status_code == 302
        assert not Outage.objects.exists()

    def test_an_address_that_makes_no_sense_is_told(self, alice, client_of):
        assert client_of(alice).get(f"{LIST}?kind=bad").status_code == 422
        assert client_of(alice).get(f"{PAGE}?period=century&day=yesterday").status_code == 200
        assert client_of(alice).get(f"{PAGE}?day=9999-12-31&period=year").status_code == 200

    def test_customers_see_on_the_status_page_what_is_down_now(self, vpn, alice, bob, charlie, frozen, client_of):
        services.record_outage(service=vpn, starts_at=frozen - HOUR, ends_at=None, actor=alice, now=frozen)
        assert "not available" in client_of(bob).get("/portal/status/").content.decode()
        assert "not available" not in client_of(charlie).get("/portal/status/").content.decode()
        assert client_of(bob).get(PAGE).status_code == 404
