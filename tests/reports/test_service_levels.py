"""The figures: what counts, and that each is exactly as long as the list behind it."""

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from journal.models import Event
from reports.filters import TicketFilter
from reports.periods import last_days
from reports.selectors.attainment import Tally
from reports.service_levels import read_service_levels
from slas.models import Metric
from tickets.models import Ticket
from work.selectors.queue import tickets_of

PAGE = "/reports/service-levels/"
QUEUE = "/desk/queue/"
EVERYTHING = TicketFilter()


@pytest.fixture
def levels(busy_desk, manager_user, now):
    def _levels(scope=EVERYTHING, n_days=30):
        period = last_days(n_days, now=now, zone=ZoneInfo("UTC"))
        return read_service_levels(scope=scope, period=period, user=manager_user, now=now)

    return _levels


class TestTally:
    def test_rounds_down(self):
        assert Tally(n=10_000, n_late=1).percent == 99.9

    def test_knows_no_share_of_nothing(self):
        assert Tally().percent is None


class TestServiceLevels:
    def test_counts_ended_clocks_once_and_changed_promises_never(self, levels):
        found = levels()
        resolution = found.tally(Metric.RESOLUTION, found.period)
        assert (resolution.n, resolution.n_late, resolution.percent) == (4, 2, 50.0)
        before = found.tally(Metric.RESOLUTION, found.period.before())
        assert (before.n, before.n_late) == (1, 1)

    def test_counts_a_ticket_that_broke_two_promises_once(self, levels, busy_desk):
        found = levels()
        breached = found.breached_tickets(found.period)
        assert busy_desk.late.pk in breached
        desk = busy_desk
        assert breached == {
            incident.pk
            for incident in (
                desk.late, desk.without_service, desk.reopened, desk.breached, desk.due_soon, desk.waiting,
                desk.raised,
            )
        }  # fmt: skip

    def test_speaks_of_the_services_and_customers_measured(self, levels):
        found = levels()
        parts = {part.name: (part.resolution.n, part.resolution.n_late, part.is_below) for part in found.by_service()}
        assert parts == {"VPN & remote access": (2, 1, True), "": (1, 1, True), "=E-mail & calendar": (1, 0, False)}
        assert [part.name for part in found.by_customer()] == ["Acme", "Globex"]
        assert found.by_service()[0].name == ""  # the furthest below its target first

    def test_narrows_to_a_team(self, levels, busy_desk):
        found = levels(TicketFilter(team=busy_desk.apps.pk))
        assert found.tally(Metric.RESOLUTION, found.period).n == 2
        assert found.backlog.total() == 1

    def test_takes_the_median_of_what_was_resolved(self, levels):
        found = levels()
        assert found.speed.n == 4
        assert found.speed.median == timedelta(hours=5.5)  # 20 minutes, 2 h, 9 h, 10 h
        assert found.speed_before.median == timedelta(hours=20)

    def test_sees_what_runs_out_and_who_has_it(self, levels, busy_desk, now):
        due = {(deadline.ticket, deadline.metric): deadline for deadline in levels().deadlines}
        assert due[busy_desk.due_soon.pk, Metric.RESOLUTION].due_at == now + timedelta(hours=3)
        assert due[busy_desk.due_soon.pk, Metric.RESOLUTION].has_owner

    def test_has_nothing_to_say_of_an_empty_desk(self, manager_user, now):
        period = last_days(7, now=now, zone=ZoneInfo("UTC"))
        found = read_service_levels(scope=TicketFilter(), period=period, user=manager_user, now=now)
        assert found.tally(Metric.RESOLUTION, period).percent is None
        assert (found.speed.n, found.n_at_risk, found.at_risk) == (0, 0, [])

    def test_knows_a_breach_though_no_worker_ever_ran(self, levels, busy_desk):
        assert not Event.objects.filter(name="sla.breached").exists()
        found = levels()
        assert busy_desk.breached.pk in found.breached_tickets(found.period)


class Links(HTMLParser):
    """Every link to the queue with its text, and every chart."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.charts: list[dict] = []
        self._href = self._text = None
        self._is_json = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "a" and (found.get("href") or "").startswith(QUEUE):
            self._href, self._text = found["href"], ""
        self._is_json = tag == "script" and found.get("data-chart-target") == "data"

    def handle_data(self, data):
        if self._href:
            self._text += data
        if self._is_json:
            self.charts.append(json.loads(data))

    def handle_endtag(self, tag):
        self._is_json = False
        if tag == "a" and self._href:
            self.links.append((self._href, " ".join(self._text.split())))
            self._href = None


@pytest.mark.parametrize(
    ("query", "zone"),
    [
        ("", "UTC"),
        ("?period=90d", "Asia/Shanghai"),
        ("?period=custom&first=2026-11-18&last=2026-11-20", "America/New_York"),
    ],
)
class TestEveryNumber:
    """The page is read as its reader sees it; the list is counted as the queue counts it."""

    def length(self, url: str, reader, now, **more: str) -> int:
        params = QueryDict(urlsplit(url).query, mutable=True)
        params.update(more)
        return tickets_of(params, user=reader, now=now).count()

    def test_is_as_long_as_its_list(self, busy_desk, frozen, client_of, manager_user, query, zone):
        manager_user.time_zone = zone
        manager_user.save()
        response = client_of(manager_user).get(PAGE + query)
        assert response.status_code == 200
        page = Links(response.content.decode())
        with_numbers = [(url, text) for url, text in page.links if re.match(r"[\d.]", text)]
        shares = [(url, text) for url, text in page.links if "%" in text]
        assert len(with_numbers) > 20
        assert len(shares) > 5
        with timezone.override(ZoneInfo(zone)):
            for url, text in with_numbers:
                n = self.length(url, manager_user, frozen)
                if "%" in text:
                    n_late = self.length(url, manager_user, frozen, outcome="breached")
                    assert float(text.split("%")[0]) == Tally(n, n_late).percent, (url, text)
                elif text.endswith("h"):  # a time: its list is what was measured
                    assert n > 0
                else:
                    assert int(text.split()[0]) == n, (url, text)
            n_points = 0
            for chart in page.charts:
                for series in chart["series"]:
                    for value, url in zip(series["data"], series["urls"], strict=True):
                        assert bool(url) == bool(value is not None if chart.get("unit") else value)
                        if url:
                            n = self.length(url, manager_user, frozen)
                            late = self.length(url, manager_user, frozen, outcome="breached")
                            assert value == (Tally(n, late).percent if chart.get("unit") else n), url
                            n_points += 1
            assert n_points > 8


class TestPage:
    def test_shows_the_figures(self, busy_desk, frozen, client_of, manager_user):
        html = client_of(manager_user).get(PAGE).content.decode()
        for words in ("50.0<small>%", "2 late of 4", "5.5<small>h", "mean 5.3 h", "without owner", "Below 95 %"):
            assert words in html, words

    def test_asks_for_twenty_two_queries_at_most(
        self, busy_desk, frozen, client_of, manager_user, django_assert_max_num_queries
    ):
        client = client_of(manager_user)
        with django_assert_max_num_queries(22):
            client.get(PAGE)

    def test_answers_a_changed_filter_with_the_changed_parts(self, busy_desk, frozen, client_of, manager_user, vpn):
        response = client_of(manager_user).get(f"{PAGE}?service={vpn.pk}", headers={"HX-Request": "true"})
        html = response.content.decode()
        assert '<div id="service-levels">' in html
        assert '<hx-partial hx-target="#dash-export"' in html
        assert "<html" not in html
        assert f"service={vpn.pk}" in html

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("?period=custom&first=2026-11-20&last=2026-11-01", "The period ends before it starts."),
            ("?period=custom&first=2020-01-01&last=2026-11-01", "A period is at most 366 days long."),
            ("?period=custom&first=yesterday", "Enter a valid date."),
            ("?period=century", "Select a valid choice."),
            ("?customer=99999", "Select a valid choice."),
        ],
    )
    def test_says_what_makes_no_sense_and_shows_the_default(
        self, busy_desk, frozen, client_of, manager_user, query, words
    ):
        response = client_of(manager_user).get(PAGE + query)
        assert response.status_code == 422
        assert words in response.content.decode()
        assert "2 late of 4" in response.content.decode()

    @pytest.mark.parametrize("name", ["lead", "manager_user", "auditor", "admin_user"])
    def test_opens_to_who_may_see_reports(self, client_of, request, name):
        assert client_of(request.getfixturevalue(name)).get(PAGE).status_code == 200

    def test_is_refused_to_an_agent_and_not_there_for_a_customer(self, client_of, alice, bob, bea, client):
        assert client_of(alice).get(PAGE).status_code == 403
        assert client_of(alice).get(reverse("reports:export", args=["days"])).status_code == 403
        for customer in (bob, bea):
            assert client_of(customer).get(PAGE).status_code == 404
        assert client.get(PAGE).status_code == 302


class TestPeriods:
    def test_are_whole_days_of_the_reader(self, now):
        period = last_days(7, now=now, zone=ZoneInfo("Asia/Shanghai"))
        assert (period.first, period.last) == (date(2026, 11, 17), date(2026, 11, 23))
        assert period.starts_at.isoformat() == "2026-11-17T00:00:00+08:00"
        assert period.ends_at.isoformat() == "2026-11-24T00:00:00+08:00"
        assert period.before().last == date(2026, 11, 16)

    def test_keep_their_days_when_the_clocks_change(self, now):
        period = replace(
            last_days(1, now=now, zone=ZoneInfo("Europe/Berlin")), first=date(2026, 10, 25), last=date(2026, 10, 25)
        )
        assert period.ends_at.timestamp() - period.starts_at.timestamp() == 25 * 3600

    def test_are_drawn_in_weeks_when_long(self, now):
        steps = last_days(100, now=now, zone=ZoneInfo("UTC")).steps()
        assert len(steps) == 15
        assert (steps[-1].n_days, steps[-1].last) == (2, date(2026, 11, 23))


class TestOneClockPerMetric:
    """What the figures rely on: rows are tickets."""

    def test_holds_after_every_verb(self, busy_desk):
        for ticket in Ticket.objects.all():
            metrics = list(ticket.clocks.counted().values_list("metric", flat=True))
            assert len(metrics) == len(set(metrics)), ticket
