"""What is behind the percentages: each sign means what its formula says, and each number is as long as its list."""

import random
import re
from datetime import timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team
from incidents import services as incidents
from incidents.history import PastIncident, write_incidents
from journal.models import Event
from reports.filters import TicketFilter, tickets
from reports.forms import read_filter
from reports.periods import last_days
from reports.selectors.signs import open_breached, seen_in
from reports.signs import Sign
from reports.watermelon import read_watermelon
from slas.court import Court
from tests.reports.test_service_levels import QUEUE, Links
from tickets.models import Channel, Ticket, WaitingReason
from work.selectors.queue import tickets_of
from work.services import assign_ticket, reply_to_ticket

PAGE = "/reports/behind/"
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
EVERYTHING = TicketFilter()


@pytest.fixture
def melon(manager_user, now):
    def _melon(n_days=30, scope=EVERYTHING):
        period = last_days(n_days, now=now, zone=ZoneInfo("UTC"))
        return read_watermelon(scope=scope, period=period, user=manager_user, now=now)

    return _melon


@pytest.fixture
def listed(manager_user, now):
    """The tickets of a sign, as its list shows them."""

    def _listed(sign, n_days=30, **more):
        period = last_days(n_days, now=now, zone=ZoneInfo("UTC"))
        wanted = seen_in(EVERYTHING, period, sign, now=now, **more)
        return set(tickets(wanted, user=manager_user, now=now).values_list("pk", flat=True))

    return _listed


def past(bob, at, team=None):
    """An incident of bob's, told after the fact."""
    return PastIncident(
        Ticket(
            subject="Told",
            requester=bob,
            opened_by=bob,
            organisation_id=bob.organisation_id,
            opened_at=at,
            team=team,
            impact=3,
            urgency=3,
            priority=4,
            channel=Channel.PORTAL,
        )
    )


def resolve(incident, alice, at):
    incidents.resolve_incident(incident=incident, code="fixed", resolution="Done.", actor=alice, now=at)


class TestReopened:
    @pytest.mark.parametrize(("after", "counts"), [(5 * DAY, True), (5 * DAY + MINUTE, False)])
    def test_within_five_days_of_its_resolution(self, open_for, bob, alice, now, listed, after, counts):
        incident = open_for(bob, at=now - 20 * DAY)
        resolve(incident, alice, now - 10 * DAY)
        incidents.reopen_incident(incident=incident, comment="No", actor=bob, now=now - 10 * DAY + after)
        assert listed(Sign.REOPENED) == ({incident.pk} if counts else set())

    def test_of_the_period_in_which_it_was_reopened(self, open_for, bob, alice, now, listed):
        incident = open_for(bob, at=now - 20 * DAY)
        resolve(incident, alice, now - 10 * DAY)
        incidents.reopen_incident(incident=incident, comment="No", actor=bob, now=now - 9 * DAY)
        assert listed(Sign.REOPENED, n_days=7) == set()

    def test_counts_from_the_newest_resolution(self, open_for, bob, alice, now, listed):
        incident = open_for(bob, at=now - 28 * DAY)
        resolve(incident, alice, now - 27 * DAY)
        incidents.reopen_incident(incident=incident, comment="No", actor=bob, now=now - 18 * DAY)
        assert listed(Sign.REOPENED) == set()
        resolve(incident, alice, now - 17 * DAY)
        incidents.reopen_incident(incident=incident, comment="No", actor=bob, now=now - 16 * DAY)
        assert listed(Sign.REOPENED) == {incident.pk}


class TestUnasked:
    def test_is_a_wait_for_who_was_never_asked(self, bob, alice, now, listed, melon, db):
        silent, asked, later, supplier = (past(bob, now - 5 * DAY) for _n in range(4))
        silent.hold(reason=WaitingReason.REQUESTER, at=now - 4 * DAY, actor=alice)
        silent.resume(at=now - 4 * DAY + 6 * HOUR, actor=alice)
        asked.hold(reason=WaitingReason.REQUESTER, comment="Which one?", at=now - 4 * DAY, actor=alice)
        later.hold(reason=WaitingReason.REQUESTER, at=now - 4 * DAY, actor=alice)
        later.answer("Which one?", at=now - 4 * DAY + HOUR, author=alice)
        supplier.hold(reason=WaitingReason.SUPPLIER, at=now - 4 * DAY, actor=alice)
        write_incidents([silent, asked, later, supplier])
        assert listed(Sign.UNASKED) == {silent.ticket.pk}
        found = melon().beside.seen[Sign.UNASKED].total()
        assert (found.n, found.n_tickets, found.length) == (1, 1, 6 * HOUR)

    def test_what_is_said_after_the_wait_was_no_question_of_it(self, bob, alice, now, listed, db):
        silent = past(bob, now - 5 * DAY)
        silent.hold(reason=WaitingReason.REQUESTER, at=now - 4 * DAY, actor=alice)
        silent.resume(at=now - 3 * DAY, actor=alice)
        silent.answer("Here we are", at=now - 3 * DAY + HOUR, author=alice)
        write_incidents([silent])
        assert listed(Sign.UNASKED) == {silent.ticket.pk}

    def test_counts_up_to_now_while_it_goes_on(self, bob, alice, now, melon, db):
        silent = past(bob, now - 5 * DAY)
        silent.hold(reason=WaitingReason.REQUESTER, at=now - DAY, actor=alice)
        write_incidents([silent])
        assert melon().beside.seen[Sign.UNASKED].total().length == DAY

    def test_the_desk_s_own_page_cannot_make_one(self, open_for, bob, alice, now, listed):
        incident = open_for(bob, at=now - DAY)
        with pytest.raises(ValidationError):
            incidents.hold_incident(incident=incident, reason="requester", actor=alice, now=now - HOUR)
        incidents.hold_incident(incident=incident, reason="requester", comment="Which?", actor=alice, now=now - HOUR)
        assert listed(Sign.UNASKED) == set()


class TestPassedOn:
    def give(self, ticket, teams, actor, at):
        for step, team in enumerate(teams):
            assign_ticket(ticket=ticket, team=team, assignee=None, actor=actor, now=at + step * HOUR)

    def test_begins_with_the_third_hand_over(self, open_for, bob, alice, network, our_organisation, now, listed, melon):
        apps = Team.objects.create(name="Applications", organisation=our_organisation)
        twice, thrice = open_for(bob, at=now - 3 * DAY).ticket, open_for(bob, at=now - 3 * DAY).ticket
        self.give(twice, [apps, network], alice, now - 2 * DAY)
        self.give(thrice, [apps, network, apps, network], alice, now - 2 * DAY)
        assert listed(Sign.PASSED_ON) == {thrice.pk}
        found = melon().beside.seen[Sign.PASSED_ON].total()
        assert (found.n, found.n_tickets) == (2, 1)

    def test_counts_the_ones_before_the_period_too(self, open_for, bob, alice, network, our_organisation, now, listed):
        apps = Team.objects.create(name="Applications", organisation=our_organisation)
        ticket = open_for(bob, at=now - 20 * DAY).ticket
        self.give(ticket, [apps, network], alice, now - 15 * DAY)
        assert listed(Sign.PASSED_ON, n_days=7) == set()
        self.give(ticket, [apps], alice, now - DAY)
        assert listed(Sign.PASSED_ON, n_days=7) == {ticket.pk}

    def test_the_first_team_and_another_person_are_none(self, open_for, bob, alice, lead, network, now, listed):
        ticket = open_for(bob, at=now - 3 * DAY, service=None).ticket
        assert ticket.team is None
        for step, person in enumerate((None, alice, lead, alice)):
            assign_ticket(ticket=ticket, team=network, assignee=person, actor=lead, now=now - DAY + step * HOUR)
        assert listed(Sign.PASSED_ON) == set()


class TestChased:
    @pytest.fixture
    def write(self, bob, now):
        def _write(incident, *hours, author=bob):
            for hour in hours:
                reply_to_ticket(
                    ticket=incident.ticket,
                    body="Well?",
                    actor=author,
                    now=now - DAY + hour * HOUR,
                    channel=Channel.PORTAL,
                )

        return _write

    def test_is_a_second_word_without_an_answer(self, open_for, bob, alice, now, write, listed, melon):
        quiet, chased = open_for(bob, at=now - 2 * DAY), open_for(bob, at=now - 2 * DAY)
        write(quiet, 1, author=alice)
        write(quiet, 2)
        write(quiet, 3, author=alice)
        write(quiet, 4)
        write(chased, 1, 2)  # his opening words had no answer either
        assert listed(Sign.CHASED) == {chased.pk}
        found = melon().beside.seen[Sign.CHASED].total()
        assert (found.n, found.n_tickets) == (2, 1)

    def test_not_while_the_ball_is_with_him(self, open_for, bob, alice, now, write, listed):
        waiting, solved, reopened = (open_for(bob, at=now - 2 * DAY) for _n in range(3))
        write(waiting, 1, author=alice)
        incidents.hold_incident(
            incident=waiting, reason="requester", comment="Which?", actor=alice, now=now - DAY + 2 * HOUR
        )
        write(waiting, 3)  # his answer, which ends the wait
        for incident in (solved, reopened):
            resolve(incident, alice, now - DAY)
        write(solved, 1)  # "thank you"
        incidents.reopen_incident(incident=reopened, comment="No", actor=bob, now=now - DAY + HOUR)
        assert listed(Sign.CHASED) == set()
        write(reopened, 2)
        assert listed(Sign.CHASED) == {reopened.pk}

    def test_also_while_a_supplier_has_it(self, open_for, bob, alice, now, write, listed):
        incident = open_for(bob, at=now - 2 * DAY)
        incidents.hold_incident(incident=incident, reason="supplier", actor=alice, now=now - DAY)
        write(incident, 1)
        assert listed(Sign.CHASED) == {incident.pk}


class TestPauses:
    def test_are_counted_by_reason_with_their_time(self, busy_desk, bob, alice, now, melon, listed):
        past_one = past(bob, now - 6 * DAY)
        past_one.hold(reason=WaitingReason.SUPPLIER, at=now - 5 * DAY, actor=alice)
        past_one.resume(at=now - 4 * DAY, actor=alice)
        past_one.hold(reason=WaitingReason.SUPPLIER, at=now - 3 * DAY, actor=alice)
        past_one.resolve(code="fixed", resolution="x", at=now - 2 * DAY, actor=alice)
        write_incidents([past_one])
        found = melon().pauses
        supplier, requester = found[WaitingReason.SUPPLIER], found[WaitingReason.REQUESTER]
        assert (supplier.n, supplier.n_tickets, supplier.length) == (2, 1, 2 * DAY)
        assert (requester.n, requester.length) == (1, 9 * HOUR)
        assert listed(Sign.PAUSED, paused_for="supplier") == {past_one.ticket.pk}
        assert listed(Sign.PAUSED, paused_for="requester") == {busy_desk.waiting.pk}


class TestSpreads:
    def test_stand_beside_the_mean(self, busy_desk, melon):
        found = {spread.key: spread for spread in melon().spreads}
        wall = found["resolution_wall"]  # 20 minutes, 2 h, 9 h, 10 h
        assert (wall.n, wall.percentiles[0]) == (4, 5.5 * HOUR)
        assert wall.percentiles == (5.5 * HOUR, 9.25 * HOUR, 9.7 * HOUR)
        assert wall.mean == (HOUR / 3 + 2 * HOUR + 9 * HOUR + 10 * HOUR) / 4
        assert found["resolution_work"].n == 4

    def test_say_nothing_of_nothing(self, melon, db):
        assert {(spread.n, spread.mean, spread.percentiles) for spread in melon().spreads} == {
            (0, None, (None, None, None))
        }


class TestCourts:
    def test_share_out_the_whole_life_of_what_was_resolved(self, open_for, bob, alice, lead, network, our_organisation, now, melon):  # fmt: skip
        apps = Team.objects.create(name="Applications", organisation=our_organisation)
        incident = open_for(bob, at=now - 2 * DAY, impact=2, urgency=1)  # P2: round the clock
        incidents.hold_incident(
            incident=incident, reason="requester", comment="Which?", actor=alice, now=now - 2 * DAY + HOUR
        )
        incidents.resume_incident(incident=incident, actor=alice, now=now - 2 * DAY + 4 * HOUR)
        assign_ticket(ticket=incident.ticket, team=apps, assignee=None, actor=lead, now=now - 2 * DAY + 6 * HOUR)
        resolve(incident, alice, now - 2 * DAY + 10 * HOUR)
        found = melon().courts
        assert (found.n, found.n_all) == (1, 1)
        assert found.life == 10 * HOUR
        assert (found.lengths[Court.REQUESTER], found.lengths[Court.TEAM]) == (3 * HOUR, 7 * HOUR)
        assert found.teams == {"Applications": 4 * HOUR, "Network": 3 * HOUR}


class TestAgainstARecount:
    """Random lives, and the signs counted again in plain Python from what was told."""

    def test_agrees(self, bob, alice, network, our_organisation, now, listed, melon, db):
        rng = random.Random(3)
        apps = Team.objects.create(name="Applications", organisation=our_organisation)
        told = [self.life(rng, bob, alice, [network, apps], now) for _n in range(60)]
        write_incidents(told)
        since = last_days(30, now=now, zone=ZoneInfo("UTC")).starts_at
        expected = {sign: set() for sign in Sign}
        for one in told:
            for sign in self.recount(one.ticket.pk, since, now):
                expected[sign].add(one.ticket.pk)
        for sign in Sign:
            assert listed(sign) == expected[sign], sign
            assert expected[sign], sign  # the lives are rich enough to say something
        assert sum(line.late.n_tickets for line in melon().by_service({})) == melon().beside.late.total().n_tickets

    def life(self, rng, bob, alice, teams, now):
        at = now - timedelta(days=rng.uniform(1, 60))
        one = past(bob, at, team=rng.choice([None, *teams]))
        for _step in range(rng.randint(1, 14)):
            at += timedelta(hours=rng.uniform(0.1, 60))
            if at >= now:
                break
            allowed = ["assign", "write", "answer"]
            state = one.incident.state
            if state in ("new", "in_progress"):
                allowed += ["hold", "hold", "resolve"]
            if state == "on_hold":
                allowed += ["resume", "resolve"]
            if state == "resolved":
                allowed = ["reopen", "reopen", "close", "write"]
            if state == "closed":
                break
            match rng.choice(allowed):
                case "assign":
                    one.assign(team=rng.choice(teams), assignee=None, at=at, actor=alice)
                case "write":
                    one.write("Well?", at=at, author=bob)
                case "answer":
                    one.answer("Soon", at=at, author=alice)
                case "hold":
                    reason = rng.choice([WaitingReason.REQUESTER, WaitingReason.REQUESTER, WaitingReason.SUPPLIER])
                    one.hold(reason=reason, comment=rng.choice(["", "Which?"]), at=at, actor=alice)
                case "resume":
                    one.resume(at=at, actor=alice)
                case "resolve":
                    one.resolve(code="fixed", resolution="x", at=at, actor=alice)
                case "reopen":
                    one.reopen(at=at, actor=bob)
                case "close":
                    one.close(at=at, actor=None)
        return one

    def recount(self, pk, since, now):
        story = list(Event.objects.filter(subject_kind="ticket", subject_id=pk).order_by("at", "id"))
        handed, resolved_at, ours, his = 0, None, False, False
        before = []  # whose turn it was at each earlier moment
        for place, event in enumerate(story):
            in_period = since <= event.at < now
            kind = event.name.partition(".")[2]
            if kind == "assigned" and all(event.data.get("changes", {}).get("team", [None, None])):
                handed += 1
                if handed >= 3 and in_period:
                    yield Sign.PASSED_ON
            if kind == "held":
                end = next((later for later in story[place + 1 :] if later.name.partition(".")[2] in ("held", "resumed", "resolved", "cancelled")), None)  # fmt: skip
                said = [
                    later
                    for later in story[place + 1 :]
                    if later.name == "ticket.replied"
                    and later.data["is_from_agent"]
                    and later.at <= (end.at if end else now)
                ]
                if in_period:
                    yield Sign.PAUSED
                    if event.data["reason"] == "requester" and not said:
                        yield Sign.UNASKED
            if kind == "reopened" and in_period and event.at - resolved_at <= 5 * DAY:
                yield Sign.REOPENED
            if kind == "replied":
                turn = [was for at, was in before if at < event.at]
                if not event.data["is_from_agent"] and not ours and not (turn and turn[-1]) and in_period:
                    yield Sign.CHASED
                ours = event.data["is_from_agent"]
            if kind in ("held", "resumed", "resolved", "reopened", "closed", "cancelled"):
                resolved_at = event.at if kind == "resolved" else resolved_at
                his = kind in ("resolved", "closed", "cancelled") or (
                    kind == "held" and event.data["reason"] == "requester"
                )
                before.append((event.at, his))


@pytest.fixture
def red(busy_desk, open_for, bob, alice, lead, network, now):
    """The busy desk with every sign on it."""
    silent = past(bob, now - 5 * DAY, team=network)
    silent.hold(reason=WaitingReason.REQUESTER, at=now - 4 * DAY, actor=alice)
    write_incidents([silent])
    chased = open_for(bob, at=now - 2 * DAY)
    reply_to_ticket(ticket=chased.ticket, body="Well?", actor=bob, now=now - DAY, channel=Channel.PORTAL)
    for step, team in enumerate([busy_desk.apps, network, busy_desk.apps]):
        assign_ticket(ticket=chased.ticket, team=team, assignee=None, actor=lead, now=now - DAY + step * HOUR)
    return busy_desk


class TestPage:
    @pytest.mark.parametrize(("query", "zone"), [("", "UTC"), ("?period=7d", "Asia/Shanghai"), ("?period=90d", "UTC")])
    def test_every_number_is_as_long_as_its_list(self, red, frozen, client_of, manager_user, query, zone):
        manager_user.time_zone = zone
        manager_user.save()
        html = client_of(manager_user).get(PAGE + query).content.decode()
        page = Links(html)
        numbers = [(url, text) for url, text in page.links if re.fullmatch(r"\d+", text)]
        assert len([text for _url, text in numbers if text != "0"]) > 12
        with timezone.override(ZoneInfo(zone)):
            for url, text in numbers:
                params = QueryDict(urlsplit(url).query)
                assert tickets_of(params, user=manager_user, now=frozen).count() == int(text), url
            for chart in page.charts:
                for series in chart["series"]:
                    for value, url in zip(series["data"], series["urls"], strict=True):
                        if url and value:
                            assert tickets_of(QueryDict(urlsplit(url).query), user=manager_user, now=frozen).exists()

    def test_the_dashboard_shows_the_signs_beside_its_percentages(self, red, frozen, client_of, manager_user):
        html = client_of(manager_user).get("/reports/service-levels/").content.decode()
        for name in ("Open and late", "Reopened within 5 days", "Waiting, but nobody asked", "Asked again"):
            assert name in html
        for key in ("open_breached", "reopened", "unasked", "passed_on", "chased"):
            assert re.search(rf'id="figure-{key}".*?pd-kpi-value" href="{QUEUE}[^"]*">[1-9]', html, re.DOTALL), key
            assert f'id="how-{key}"' in html

    def test_every_formula_stands_on_the_page(self, red, frozen, client_of, manager_user):
        html = client_of(manager_user).get(PAGE).content.decode()
        for key in ("unasked", "passed_on", "chased", "pauses", "spread", "court", "resolution_attainment"):
            assert f'id="how-{key}"' in html

    def test_the_queue_names_the_condition(self, red, frozen, client_of, manager_user, now):
        wanted = seen_in(EVERYTHING, last_days(30, now=now, zone=ZoneInfo("UTC")), Sign.CHASED, now=now)
        html = client_of(manager_user).get(f"{QUEUE}?{wanted.query_string()}").content.decode()
        assert "The requester had to ask again" in html

    def test_costs_the_same_with_more_tickets(self, red, open_for, bob, alice, frozen, client_of, manager_user, now):
        client = client_of(manager_user)
        client.get(PAGE)
        with CaptureQueriesContext(connection) as few:
            client.get(PAGE)
        for _n in range(20):
            resolve(open_for(bob, at=now - 3 * DAY), alice, now - 2 * DAY)
        with CaptureQueriesContext(connection) as many:
            client.get(PAGE)
        assert len(many) == len(few) <= 24

    @pytest.mark.parametrize(("name", "status"), [("lead", 200), ("auditor", 200), ("alice", 403), ("bob", 404)])
    def test_opens_to_who_may_see_reports(self, client_of, request, name, status):
        assert client_of(request.getfixturevalue(name)).get(PAGE).status_code == status

    def test_says_what_makes_no_sense(self, red, frozen, client_of, manager_user):
        assert client_of(manager_user).get(f"{PAGE}?period=century").status_code == 422

    def test_answers_a_changed_filter_with_the_changed_parts(self, red, frozen, client_of, manager_user, vpn):
        response = client_of(manager_user).get(f"{PAGE}?service={vpn.pk}", headers={"HX-Request": "true"})
        html = response.content.decode()
        assert '<div id="behind">' in html
        assert "<html" not in html

    def test_has_something_to_say_of_an_empty_desk(self, client_of, manager_user):
        assert client_of(manager_user).get(PAGE).status_code == 200


class TestFilter:
    def test_comes_back_from_its_address(self, now):
        wanted = TicketFilter(sign="paused", paused_for="supplier", happened_from=now, happened_to=now + HOUR, team=3)
        assert read_filter(QueryDict(wanted.query_string())) == wanted

    def test_open_and_late_are_those_that_no_percentage_counts_yet(self, busy_desk, manager_user, now):
        found = set(tickets(open_breached(EVERYTHING), user=manager_user, now=now).values_list("pk", flat=True))
        assert busy_desk.breached.pk in found
        assert busy_desk.late.pk not in found  # resolved, late
        assert busy_desk.waiting.pk not in found

    def test_shows_nobody_more_than_he_may_see(self, red, bob, charlie, now):
        wanted = TicketFilter(sign=Sign.CHASED)
        assert tickets(wanted, user=bob, now=now).exists()
        assert not tickets(wanted, user=charlie, now=now).exists()
