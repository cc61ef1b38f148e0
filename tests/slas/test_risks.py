"""Promises beside what has to carry them: the team's OLA, the supplier's contract."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.models import Organisation, Team
from catalog.models import Service
from slas.agreements.risks import risks_of, worst_case
from slas.clock import Calendar, add_working
from slas.models import Agreement, Metric, Target
from tickets.models import WaitingReason

HOUR, ZERO = timedelta(hours=1), timedelta(0)
ALWAYS = Calendar.always()
OFFICE = Calendar("UTC", {day: [("09:00", "17:00")] for day in range(5)})
MONDAY = date(2026, 11, 23)


@pytest.fixture
def supplier(db) -> Organisation:
    return Organisation.objects.create(name="Telco", kind=Organisation.Kind.SUPPLIER)


@pytest.fixture
def carrier(office):
    """carrier("OLA", team=network, hours={2: 12}) -> an agreement in force that carries others."""

    def _carrier(name, *, hours, calendar=office, services=(), state=Agreement.State.ACTIVE, **fields) -> Agreement:
        kind = Agreement.Kind.OLA if "team" in fields else Agreement.Kind.UC
        row = Agreement.objects.create(
            name=name, kind=kind, calendar=calendar, start_date=date(2020, 1, 1), state=state, **fields
        )
        row.services.set(services)
        metric = Metric.TEAM if kind == Agreement.Kind.OLA else Metric.SUPPLIER
        for priority, length in hours.items():
            Target.objects.create(agreement=row, metric=metric, priority=priority, duration=length * HOUR)
        return row

    return _carrier


def found(agreement: Agreement, on: date = MONDAY) -> list[tuple]:
    return [
        (risk.target.priority, risk.carrier.name, risk.later, [row.name for row in risk.services])
        for risk in risks_of([agreement], on=on)
    ]


class TestWorstCase:
    def test_is_the_difference_within_one_calendar(self):
        assert worst_case(ALWAYS, 8 * HOUR, ALWAYS, 12 * HOUR, MONDAY)[0] == 4 * HOUR
        assert worst_case(ALWAYS, 12 * HOUR, ALWAYS, 8 * HOUR, MONDAY)[0] == -4 * HOUR

    def test_finds_the_weekend_between_two_calendars(self):
        """4 h round the clock beside 2 h of office hours. Worst is Friday 15:30, of all half hours: promised until Friday
        19:30, the two hours end on Monday 09:30."""
        later, starts_at = worst_case(ALWAYS, 4 * HOUR, OFFICE, 2 * HOUR, MONDAY)
        assert starts_at == datetime(2026, 11, 27, 15, 30, tzinfo=UTC)
        assert later == timedelta(days=2, hours=14)

    def test_is_never_exceeded_by_any_start(self):
        later, _starts_at = worst_case(ALWAYS, 30 * HOUR, OFFICE, 16 * HOUR, MONDAY)
        begin = datetime(2026, 11, 23, tzinfo=UTC)
        for minutes in range(0, 14 * 24 * 60, 30):
            at = begin + timedelta(minutes=minutes)
            assert add_working(OFFICE, at, 16 * HOUR) - add_working(ALWAYS, at, 30 * HOUR) <= later

    def test_says_where_it_always_ends_before(self):
        assert worst_case(OFFICE, 8 * HOUR, ALWAYS, 8 * HOUR, MONDAY)[0] == ZERO
        assert worst_case(OFFICE, 8 * HOUR, ALWAYS, 7 * HOUR, MONDAY)[0] < ZERO


class TestRisksOf:
    def test_are_none_without_anybody_to_carry(self, agreement, vpn):
        assert found(agreement) == []

    def test_are_none_of_a_stronger_share(self, agreement, vpn, network, carrier, office):
        carrier("Network", team=network, hours={3: 23, 4: 40})
        assert found(agreement) == []

    def test_name_the_priority_the_carrier_and_by_how_much(self, agreement, vpn, network, carrier, always):
        carrier("Network", team=network, hours={1: 3, 2: 12}, calendar=always)
        assert found(agreement) == [(2, "Network", 4 * HOUR, [vpn.name])]
        [risk] = risks_of([agreement], on=MONDAY)
        assert str(risk) == (
            "P2: promised in 8h, but the team's “Network” allows 12h; in the worst case it ends 4h later."
        )

    def test_compare_across_calendars(self, agreement, vpn, network, carrier):
        """P2 is promised within 8 h round the clock; the team has 4 h, but of office hours: the weekend breaks it."""
        carrier("Network", team=network, hours={2: 4})
        [(priority, _name, later, _services)] = found(agreement)
        assert priority == 2
        assert later > timedelta(days=2)

    def test_are_shown_from_both_sides(self, agreement, vpn, network, carrier):
        share = carrier("Network", team=network, hours={2: 12})
        assert [risk.promised_by for risk in risks_of([share], on=MONDAY)] == [agreement]

    def test_are_only_those_of_the_services_own_team(self, agreement, vpn, our_organisation, carrier):
        other = Team.objects.create(name="Other", organisation=our_organisation)
        carrier("Other", team=other, hours={2: 99})
        assert found(agreement) == []

    def test_go_by_the_share_that_names_the_service(self, agreement, vpn, network, carrier, always):
        carrier("For all", team=network, hours={2: 99}, calendar=always)
        carrier("For the VPN", team=network, hours={2: 7}, services=[vpn], calendar=always)
        assert found(agreement) == []

    def test_gather_the_services_of_one_carrier(self, agreement, vpn, network, alice, carrier, always):
        Service.objects.create(key="mail", name="Mail", owner=alice, support_team=network)
        carrier("Network", team=network, hours={2: 12}, calendar=always)
        assert found(agreement) == [(2, "Network", 4 * HOUR, ["Mail", vpn.name])]

    def test_leave_out_services_that_the_customer_does_not_use(self, agreement, vpn, globex, network, carrier, always):
        carrier("Network", team=network, hours={2: 12}, calendar=always)
        Agreement.objects.filter(pk=agreement.pk).update(customer=globex)
        assert found(agreement) == []

    def test_do_not_count_a_supplier_for_whom_the_promise_waits(self, agreement, vpn, supplier, carrier):
        carrier("Telco", supplier=supplier, hours={2: 99})
        assert [each[:2] for each in found(agreement)] == [(2, "Telco")]
        Agreement.objects.filter(pk=agreement.pk).update(pauses_on=[WaitingReason.REQUESTER, WaitingReason.SUPPLIER])
        assert found(agreement) == []

    def test_tell_of_waits_that_only_the_promise_counts(self, agreement, vpn, network, carrier, always):
        share = carrier("Network", team=network, hours={2: 4}, calendar=always, pauses_on=[WaitingReason.CHANGE])
        [risk] = risks_of([agreement], on=MONDAY)
        assert (risk.carrier, risk.later, risk.pauses) == (share, ZERO, ["change"])
        assert "stands still during “Waiting for a change”" in str(risk)

    def test_hold_a_draft_against_what_is_in_force_beside_it(self, agreement, vpn, network, carrier, always):
        share = carrier("Network", team=network, hours={2: 12}, calendar=always)
        draft = carrier(
            "Network", team=network, hours={2: 6}, calendar=always, state=Agreement.State.DRAFT, version=2,
            replaces=share,
        )  # fmt: skip
        assert found(draft) == []
        assert [each[1] for each in found(share)] == ["Network"]

    def test_forget_what_has_ended(self, agreement, vpn, network, carrier, always):
        carrier("Network", team=network, hours={2: 12}, calendar=always, end_date=date(2026, 11, 1))
        assert found(agreement) == []

    def test_cost_the_same_for_many(
        self, agreement, vpn, network, alice, carrier, always, django_assert_max_num_queries
    ):
        for place in range(10):
            Service.objects.create(key=f"s{place}", name=f"Service {place}", owner=alice, support_team=network)
        carrier("Network", team=network, hours={2: 12, 3: 99}, calendar=always)
        with django_assert_max_num_queries(16):
            assert len(risks_of([agreement], on=MONDAY)) == 2
