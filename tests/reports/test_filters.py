"""A filter survives the way through an address, and an address that makes no sense is refused."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict

from reports.filters import NOBODY, TicketFilter, tickets
from reports.forms import TicketFilterForm, read_filter


class TestTicketFilter:
    def test_comes_back_from_its_address(self, now):
        wanted = TicketFilter(
            customer=3, service=NOBODY, team=4, assignee=5, priority=2, phase="active", opened_from=now,
            opened_to=now + timedelta(microseconds=1), weekday=7, hour=0, metric="resolution", clock="live",
            outcome="breached", due_to=now,
        )  # fmt: skip
        assert read_filter(QueryDict(wanted.query_string())) == wanted

    def test_has_a_form_field_for_every_condition(self):
        assert set(TicketFilterForm.base_fields) == set(TicketFilter.__dataclass_fields__)

    @pytest.mark.parametrize(
        "query",
        ["priority=9", "customer=x", "customer=0", "weekday=0", "hour=24", "metric=luck", "due_to=soon", "phase=x"],
    )
    def test_refuses_nonsense_by_name(self, query):
        with pytest.raises(ValidationError) as refused:
            read_filter(QueryDict(query))
        assert list(refused.value.error_dict) == [query.partition("=")[0]]

    def test_ignores_what_belongs_to_others(self):
        assert read_filter(QueryDict("view=mine&q=vpn")).is_empty


class TestTickets:
    def test_asks_all_conditions_of_the_same_clock(self, busy_desk, manager_user, now):
        """`in_time` has an answer in time and a solution in time; `late` broke both: no ticket mixes them up."""
        wanted = TicketFilter(metric="first_response", outcome="in_time", clock="ended")
        found = set(tickets(wanted, user=manager_user, now=now).values_list("pk", flat=True))
        assert busy_desk.in_time.pk in found
        assert busy_desk.late.pk not in found

    def test_shows_nobody_more_than_he_may_see(self, busy_desk, bob, charlie, now):
        assert {t.organisation for t in tickets(TicketFilter(), user=bob, now=now)} == {bob.organisation}
        assert not tickets(TicketFilter(customer=bob.organisation_id), user=charlie, now=now).exists()

    def test_of_nobody_have_no_assignee(self, busy_desk, manager_user, now):
        found = tickets(TicketFilter(assignee=NOBODY, phase="active"), user=manager_user, now=now)
        assert busy_desk.due_soon.ticket not in found
        assert busy_desk.breached.ticket in found
