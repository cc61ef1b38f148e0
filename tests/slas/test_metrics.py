"""What each metric measures, on real rows: by which facts it begins, pauses and ends, whatever the channel (AC-A5)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from accounts.models import Membership, Organisation, Team
from incidents import services as incidents
from incidents.models import ResolutionCode
from journal.models import Event
from slas.models import PUBLIC_METRICS, Agreement, Clock, EscalationStep, Metric, Target
from slas.selectors import clock_ledger
from slas.services import preview_due
from slas.sweep import sweep_due_clocks
from tickets.models import Channel, WaitingReason
from tickets.services import matrix_priority
from work.services import assign_ticket, note_on_ticket, reply_to_ticket

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
CHANNELS = (Channel.PORTAL, Channel.MAIL, Channel.PHONE, Channel.DESK, Channel.API)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """November 2026; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def promise(agreement: Agreement, metric: Metric, duration: timedelta, *priorities: int) -> None:
    Target.objects.bulk_create(
        Target(agreement=agreement, metric=metric, priority=priority, duration=duration)
        for priority in priorities or (1, 2, 3, 4, 5)
    )


def clocks(incident, metric, **fields):
    return list(Clock.objects.filter(ticket=incident.ticket, metric=metric, **fields).order_by("generation"))


def clock(incident, metric, **fields) -> Clock:
    return clocks(incident, metric, **fields)[-1]


def picture(incident):
    """Every clock of the ticket by what it says, whichever rows they are."""
    rows = Clock.objects.filter(ticket=incident.ticket).order_by("metric", "generation")
    return [(c.metric, c.generation, c.state, c.started_at, c.due_at, c.ended_at, c.used) for c in rows]


def used(row: Clock, now: datetime) -> timedelta:
    return clock_ledger(row, now=now).used


@pytest.fixture
def full(agreement):
    """The agreement "Gold" with every metric it can promise: next reply and update within 2 h, an owner within 1 h."""
    promise(agreement, Metric.NEXT_REPLY, 2 * HOUR)
    promise(agreement, Metric.UPDATE, 2 * HOUR)
    promise(agreement, Metric.OWN, HOUR)
    return agreement


@pytest.fixture
def servers(our_organisation, alice):
    team = Team.objects.create(name="Servers", organisation=our_organisation)
    Membership.objects.create(team=team, user=alice)
    return team


def ola(team, calendar, duration=4 * HOUR):
    made = Agreement.objects.create(
        kind=Agreement.Kind.OLA, name=f"OLA {team.name}", team=team, calendar=calendar, start_date=date(2020, 1, 1),
        pauses_on=[WaitingReason.REQUESTER],
    )  # fmt: skip
    promise(made, Metric.TEAM, duration)
    return made


@pytest.fixture
def say(alice, bob):
    """say(incident, who, when, channel): a public message."""

    def _say(incident, who, when, channel=Channel.DESK):
        reply_to_ticket(
            ticket=incident.ticket, body=f"Words of {who.name}.", actor=who, now=when, channel=channel
        )  # fmt: skip

    return _say


@pytest.fixture
def hold(alice):
    def _hold(incident, reason, when):
        comment = "Which office?" if reason == WaitingReason.REQUESTER else ""
        incidents.hold_incident(incident=incident, reason=reason, comment=comment, actor=alice, now=when)

    return _hold


@pytest.fixture
def resolve(alice):
    def _resolve(incident, when):
        incidents.resolve_incident(
            incident=incident, code=ResolutionCode.FIXED, resolution="Renewed it.", actor=alice, now=when
        )

    return _resolve


class TestAChannelNeverChangesAResult:
    """Five channels × four events: the first agent reply, the requester's message, a second reply, an internal note."""

    STORY = [
        # after the first reply: the response is met, the update rolls on
        [
            ("first_response", 1, "met", at(23, 10), at(23, 14), at(23, 11), HOUR),
            ("own", 1, "running", at(23, 10), at(23, 11), None, HOUR),
            ("resolution", 1, "running", at(23, 10), at(26, 10), None, HOUR),
            ("update", 1, "met", at(23, 10), at(23, 12), at(23, 11), HOUR),
            ("update", 2, "running", at(23, 11), at(23, 13), None, 0 * HOUR),
        ],
        # after the requester's message: a next reply is owed
        [("next_reply", 1, "running", at(23, 12), at(23, 14), None, 0 * HOUR)],
        # after the second reply
        [
            ("next_reply", 1, "met", at(23, 12), at(23, 14), at(23, 13), HOUR),
            ("update", 2, "met", at(23, 11), at(23, 13), at(23, 13), 2 * HOUR),
            ("update", 3, "running", at(23, 13), at(23, 15), None, 0 * HOUR),
        ],
        # after the internal note: nothing
        [],
    ]

    @pytest.mark.parametrize("channel", CHANNELS)
    def test_of_any_clock(self, full, open_for, bob, alice, say, channel):
        incident = open_for(bob, impact=3, urgency=1, channel=channel)
        events = (
            lambda: say(incident, alice, at(23, 11), channel),
            lambda: say(incident, bob, at(23, 12), channel),
            lambda: say(incident, alice, at(23, 13), channel),
            lambda: note_on_ticket(ticket=incident.ticket, body="Hm.", actor=alice, now=at(23, 14)),
        )
        expected: dict[tuple, tuple] = {}
        for happen, changes in zip(events, self.STORY, strict=True):
            happen()
            expected |= {(row[0], row[1]): row for row in changes}
            found = {(row[0], row[1]): row for row in picture(incident)}
            assert {key: row[:6] for key, row in found.items()} == {key: row[:6] for key, row in expected.items()}
            counted = [key for key, row in expected.items() if row[2] != "running"]
            assert {key: found[key][6] for key in counted} == {key: expected[key][6] for key in counted}

    @pytest.mark.parametrize("door", ["desk", "api", "service"])
    def test_nor_does_the_door(self, full, open_for, bob, alice, client_of, time_machine, door):
        """The page, the API and the service under them, at the same moments: the same clocks."""
        incident = open_for(bob, impact=3, urgency=1)
        number = incident.ticket.number
        desk, portal = client_of(alice), client_of(bob)

        def reply(who, client, kind="reply"):
            now = datetime.now(UTC)
            if door == "service" and kind == "note":
                note_on_ticket(ticket=incident.ticket, body="Words.", actor=who, now=now)
            elif door == "service":
                reply_to_ticket(ticket=incident.ticket, body="Words.", actor=who, now=now, channel=Channel.MAIL)
            elif door == "api":
                words = "notes" if kind == "note" else "entries"
                sent = client.post(f"/api/v1/tickets/{number}/{words}/", {"body": "Words."}, "application/json")
                assert sent.status_code == 201, sent.content
            else:
                path = f"/tickets/{number}/reply/" if who is alice else f"/portal/requests/{number}/reply/"
                assert client.post(path, {"text": "Words.", "kind": kind}).status_code == 302

        for when, who, client, kind in (
            (at(23, 11), alice, desk, "reply"),
            (at(23, 12), bob, portal, "reply"),
            (at(23, 13), alice, desk, "reply"),
            (at(23, 14), alice, desk, "note"),
        ):
            time_machine.move_to(when, tick=False)
            reply(who, client, kind)
        ended = {row[:2]: row for row in picture(incident) if row[2] == "met"}
        assert list(ended) == [("first_response", 1), ("next_reply", 1), ("update", 1), ("update", 2)]
        assert [row[5:] for row in ended.values()] == [
            (at(23, 11), HOUR), (at(23, 13), HOUR), (at(23, 11), HOUR), (at(23, 13), 2 * HOUR),
        ]  # fmt: skip


class TestNextReply:
    def test_is_owed_from_the_oldest_unanswered_message(self, full, incident, alice, bob, say):
        say(incident, alice, at(23, 11))
        say(incident, bob, at(23, 12))
        say(incident, bob, at(23, 13))
        assert [row.due_at for row in clocks(incident, Metric.NEXT_REPLY)] == [at(23, 14)]

    def test_is_not_owed_before_the_first_response(self, full, incident, bob, say):
        say(incident, bob, at(23, 11))
        assert clocks(incident, Metric.NEXT_REPLY) == []

    def test_waits_for_the_requester_no_longer_once_he_wrote(self, full, incident, bob, hold, say):
        hold(incident, WaitingReason.REQUESTER, at(23, 11))
        assert clocks(incident, Metric.NEXT_REPLY) == []
        say(incident, bob, at(23, 12))
        owed = clock(incident, Metric.NEXT_REPLY)
        assert (owed.state, owed.due_at) == (Clock.State.RUNNING, at(23, 14))

    def test_between_our_replies_runs_whether_or_not_he_writes(self, full, incident, alice, bob, say):
        Agreement.objects.filter(pk=full.pk).update(reply_mode=Agreement.ReplyMode.BETWEEN)
        say(incident, alice, at(23, 11))
        say(incident, bob, at(23, 12))
        assert [row.due_at for row in clocks(incident, Metric.NEXT_REPLY)] == [at(23, 13)]
        say(incident, alice, at(23, 12, 30))
        first, second = clocks(incident, Metric.NEXT_REPLY)
        assert (first.state, first.used) == (Clock.State.MET, 90 * MINUTE)
        assert (second.state, second.due_at) == (Clock.State.RUNNING, at(23, 14, 30))

    def test_ends_with_the_resolution(self, full, incident, alice, bob, say, resolve):
        say(incident, alice, at(23, 11))
        say(incident, bob, at(23, 12))
        resolve(incident, at(23, 13))
        assert clock(incident, Metric.NEXT_REPLY).ended_at == at(23, 13)


class TestUpdate:
    def test_rolls_on_with_each_of_our_words(self, full, incident, alice, say):
        for hour in (11, 12, 14):
            say(incident, alice, at(23, hour))
        rows = clocks(incident, Metric.UPDATE)
        assert [(row.state, row.due_at) for row in rows] == [
            ("met", at(23, 12)), ("met", at(23, 13)), ("met", at(23, 14)), ("running", at(23, 16)),
        ]  # fmt: skip

    def test_does_not_count_a_wait_for_the_requester(self, full, incident, alice, hold):
        hold(incident, WaitingReason.REQUESTER, at(23, 11))
        asked = clock(incident, Metric.UPDATE)
        assert (asked.generation, asked.state, asked.due_at) == (2, Clock.State.PAUSED, None)
        incidents.resume_incident(incident=incident, actor=alice, now=at(23, 15))
        assert clock(incident, Metric.UPDATE).due_at == at(23, 17)

    def test_counts_a_wait_for_anybody_else(self, full, incident, hold):
        hold(incident, WaitingReason.SUPPLIER, at(23, 11))
        assert clock(incident, Metric.UPDATE).due_at == at(23, 12)

    def test_stops_with_the_resolution_and_begins_anew_when_reopened(self, full, incident, bob, resolve):
        resolve(incident, at(23, 11))
        assert clock(incident, Metric.UPDATE).state == Clock.State.MET
        incidents.reopen_incident(incident=incident, actor=bob, now=at(23, 13))
        again = clock(incident, Metric.UPDATE)
        assert (again.generation, again.state, again.due_at) == (2, Clock.State.RUNNING, at(23, 15))


class TestTimeToOwn:
    def test_is_met_by_the_first_person(self, full, incident, alice, network):
        assign_ticket(ticket=incident.ticket, team=network, assignee=None, actor=alice, now=at(23, 10, 10))
        assert clock(incident, Metric.OWN).state == Clock.State.RUNNING
        assign_ticket(ticket=incident.ticket, team=network, assignee=alice, actor=alice, now=at(23, 10, 20))
        owned = clock(incident, Metric.OWN)
        assert (owned.state, owned.used) == (Clock.State.MET, 20 * MINUTE)

    def test_is_not_begun_again_when_nobody_owns_it_any_more(self, full, incident, alice, network):
        assign_ticket(ticket=incident.ticket, team=network, assignee=alice, actor=alice, now=at(23, 10, 20))
        assign_ticket(ticket=incident.ticket, team=network, assignee=None, actor=alice, now=at(23, 10, 30))
        assert len(clocks(incident, Metric.OWN)) == 1

    def test_leaves_the_response_alone(self, full, incident, alice, network):
        assign_ticket(ticket=incident.ticket, team=network, assignee=alice, actor=alice, now=at(23, 10, 20))
        assert clock(incident, Metric.FIRST_RESPONSE).state == Clock.State.RUNNING


class TestTeamsShare:
    def test_counts_only_while_the_team_has_it(self, office, network, servers, open_for, bob, alice):
        ola(network, office)
        ola(servers, office)
        incident = open_for(bob, impact=3, urgency=1)
        for team, when in ((servers, at(23, 11)), (network, at(23, 14))):
            assign_ticket(ticket=incident.ticket, team=team, assignee=None, actor=alice, now=when)
        ours = clock(incident, Metric.TEAM, team=network)
        theirs = clock(incident, Metric.TEAM, team=servers)
        assert (used(ours, at(23, 15)), used(theirs, at(23, 15))) == (2 * HOUR, 3 * HOUR)
        assert (ours.state, ours.due_at) == (Clock.State.RUNNING, at(23, 17))
        assert (theirs.state, theirs.due_at) == (Clock.State.PAUSED, None)
        assert [s.label for s in clock_ledger(ours, now=at(23, 15)).segments] == ["", "handed_over", ""]

    def test_follows_a_priority_that_changed_while_another_team_had_it(
        self, office, network, servers, open_for, bob, alice
    ):
        ours = ola(network, office)
        Target.objects.filter(agreement=ours, priority=2).update(duration=3 * HOUR)
        ola(servers, office)
        incident = open_for(bob, impact=3, urgency=1)
        assign_ticket(ticket=incident.ticket, team=servers, assignee=None, actor=alice, now=at(23, 11))
        incidents.prioritise_incident(incident=incident, impact=2, urgency=1, actor=alice, now=at(23, 12))
        assign_ticket(ticket=incident.ticket, team=network, assignee=None, actor=alice, now=at(23, 14))
        again = clock(incident, Metric.TEAM, team=network)
        assert (again.goal, used(again, at(23, 15)), again.due_at) == (3 * HOUR, 2 * HOUR, at(23, 16))

    def test_is_nothing_the_customer_was_promised(self):
        assert not {Metric.TEAM, Metric.SUPPLIER, Metric.OWN} & set(PUBLIC_METRICS)


class TestSuppliersShare:
    @pytest.fixture
    def contract(self, vpn, office):
        supplier = Organisation.objects.create(name="Fibre Ltd", kind=Organisation.Kind.SUPPLIER)
        made = Agreement.objects.create(
            kind=Agreement.Kind.UC, name="Fibre", supplier=supplier, calendar=office, start_date=date(2020, 1, 1)
        )
        made.services.add(vpn)
        promise(made, Metric.SUPPLIER, 4 * HOUR)
        return made

    def test_counts_only_while_we_wait_for_him(self, contract, incident, alice, hold):
        assert clocks(incident, Metric.SUPPLIER) == []
        hold(incident, WaitingReason.SUPPLIER, at(23, 11))
        incidents.resume_incident(incident=incident, actor=alice, now=at(23, 12))
        hold(incident, WaitingReason.REQUESTER, at(23, 13))
        incidents.resume_incident(incident=incident, actor=alice, now=at(23, 14))
        hold(incident, WaitingReason.SUPPLIER, at(23, 15))
        share = clock(incident, Metric.SUPPLIER)
        assert (share.generation, used(share, at(23, 16))) == (1, 2 * HOUR)
        story = [(s.kind.value, s.label) for s in clock_ledger(share, now=at(23, 16)).segments]
        assert story == [
            ("running", ""), ("paused", "with_us"), ("paused", "requester"), ("paused", "with_us"), ("running", ""),
        ]  # fmt: skip

    def test_leaves_the_promise_to_the_customer_running(self, contract, incident, hold):
        hold(incident, WaitingReason.SUPPLIER, at(23, 11))
        assert clock(incident, Metric.RESOLUTION).state == Clock.State.RUNNING


class TestReopening:
    def test_resumes_without_the_time_it_stood_still(self, full, incident, resolve, bob):
        resolve(incident, at(23, 12))
        incidents.reopen_incident(incident=incident, actor=bob, now=at(24, 12))
        again = clock(incident, Metric.RESOLUTION)
        assert (again.generation, again.used, again.due_at) == (1, 2 * HOUR, at(27, 10))
        segments = clock_ledger(again, now=at(24, 13)).segments
        assert [(s.kind.value, s.label) for s in segments] == [("running", ""), ("paused", "resolved"), ("running", "")]

    def test_begins_a_new_cycle_where_the_agreement_says_so(self, full, incident, resolve, bob):
        Agreement.objects.filter(pk=full.pk).update(reopens_as=Agreement.ReopensAs.NEW_CYCLE)
        resolve(incident, at(23, 12))
        incidents.reopen_incident(incident=incident, actor=bob, now=at(24, 12))
        first, second = clocks(incident, Metric.RESOLUTION)
        assert (first.state, first.used) == (Clock.State.MET, 2 * HOUR)
        assert (second.state, second.started_at, second.due_at) == (Clock.State.RUNNING, at(24, 12), at(27, 12))

    def test_keeps_the_response_met(self, full, incident, resolve, bob):
        resolve(incident, at(23, 12))
        incidents.reopen_incident(incident=incident, actor=bob, now=at(24, 12))
        response = clock(incident, Metric.FIRST_RESPONSE)
        assert (response.generation, response.ended_at) == (1, at(23, 12))

    def test_takes_the_target_of_a_priority_that_changed_meanwhile(self, full, incident, resolve, alice, bob):
        resolve(incident, at(23, 12))
        incidents.prioritise_incident(incident=incident, impact=2, urgency=1, actor=alice, now=at(23, 13))
        incidents.reopen_incident(incident=incident, actor=bob, now=at(23, 14))
        old, new = clocks(incident, Metric.RESOLUTION)
        assert (old.state, new.state, new.priority) == (Clock.State.CANCELLED, Clock.State.RUNNING, 2)
        assert new.due_at == at(23, 20)  # 8 h round the clock from 10:00, and 2 h resolved


class TestAChangedTarget:
    @pytest.mark.parametrize("impact", [1, 2, 3])
    @pytest.mark.parametrize("is_held", [False, True])
    @pytest.mark.parametrize("starts_from", Agreement.StartsFrom.values)
    def test_is_what_the_preview_said(self, full, incident, alice, servers, hold, say, starts_from, is_held, impact):
        Agreement.objects.filter(pk=full.pk).update(starts_from=starts_from)
        hold(incident, WaitingReason.REQUESTER, at(23, 11))
        incidents.resume_incident(incident=incident, actor=alice, now=at(23, 12))
        assign_ticket(ticket=incident.ticket, team=servers, assignee=None, actor=alice, now=at(23, 13))
        if is_held:
            hold(incident, WaitingReason.REQUESTER, at(23, 14))
        when = at(23, 15)
        priority = matrix_priority(impact=impact, urgency=1)
        foreseen = preview_due(ticket=incident.ticket, priority=priority, now=when)
        incidents.prioritise_incident(incident=incident, impact=impact, urgency=1, actor=alice, now=when)
        if is_held:
            incidents.resume_incident(incident=incident, actor=alice, now=when)
        live = {row.metric: row.due_at for row in Clock.objects.live().filter(ticket=incident.ticket)}
        assert foreseen == live
        start = at(23, 10) if starts_from == Agreement.StartsFrom.CREATION else at(23, 13)
        assert clock(incident, Metric.RESOLUTION).started_at == (start if impact != 3 else at(23, 10))

    def test_counts_from_the_hand_over_where_the_agreement_says_so(self, full, incident, alice, servers, hold):
        Agreement.objects.filter(pk=full.pk).update(starts_from=Agreement.StartsFrom.ASSIGNMENT)
        hold(incident, WaitingReason.REQUESTER, at(23, 11))
        incidents.resume_incident(incident=incident, actor=alice, now=at(23, 12))
        assign_ticket(ticket=incident.ticket, team=servers, assignee=None, actor=alice, now=at(23, 13))
        hold(incident, WaitingReason.REQUESTER, at(23, 14))
        incidents.resume_incident(incident=incident, actor=alice, now=at(23, 15))
        incidents.prioritise_incident(incident=incident, impact=2, urgency=1, actor=alice, now=at(23, 16))
        assert clock(incident, Metric.RESOLUTION).due_at == at(23, 22)  # 8 h from 13:00, and the hour after 14:00

    def test_is_one_record_for_a_clock_that_is_late_by_it(self, full, incident, alice):
        incidents.prioritise_incident(incident=incident, impact=1, urgency=1, actor=alice, now=at(24, 10))
        assert Event.objects.filter(name="sla.target_changed", data__metric="resolution").count() == 1
        incidents.prioritise_incident(incident=incident, impact=1, urgency=1, actor=alice, now=at(24, 11))
        assert Event.objects.filter(name="sla.target_changed", data__metric="resolution").count() == 1

    def test_does_not_storm(self, full, incident, alice):
        EscalationStep.objects.create(agreement=full, percent=25)
        incidents.prioritise_incident(incident=incident, impact=1, urgency=1, actor=alice, now=at(24, 10))
        sweep_due_clocks(now=at(24, 10, 1))
        late = clock(incident, Metric.RESOLUTION)
        assert late.escalations.count() == 1

    def test_begins_a_clock_that_nothing_promised_before(self, full, open_for, bob, alice, vpn):
        Target.objects.filter(agreement=full, priority=3).delete()
        incident = open_for(bob, impact=3, urgency=1)
        assert not Clock.objects.filter(ticket=incident.ticket).exists()
        incidents.prioritise_incident(incident=incident, impact=2, urgency=1, actor=alice, now=at(23, 12))
        assert clock(incident, Metric.RESOLUTION).due_at == at(23, 18)
        assert clock(incident, Metric.FIRST_RESPONSE).due_at == at(23, 10, 30)

    def test_does_not_ask_again_for_what_has_happened(self, full, open_for, bob, alice, say):
        Target.objects.filter(agreement=full, priority=3).delete()
        incident = open_for(bob, impact=3, urgency=1)
        say(incident, alice, at(23, 11))
        incidents.prioritise_incident(incident=incident, impact=2, urgency=1, actor=alice, now=at(23, 12))
        assert clocks(incident, Metric.FIRST_RESPONSE) == []
        assert clock(incident, Metric.RESOLUTION).state == Clock.State.RUNNING
