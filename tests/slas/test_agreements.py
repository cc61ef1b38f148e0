"""The life of agreements: drafted, edited, activated, revised, withdrawn, ended."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import Organisation
from catalog.models import Service
from core.machine import IllegalMove
from journal.models import Event, Job
from slas.agreements import services
from slas.agreements.document import differences, read_document
from slas.agreements.services import Goal, Overlap, StaleDraft
from slas.models import Agreement, Clock, EscalationStep, Metric
from tests.slas.covering import agreement_for
from tickets.models import WaitingReason

HOUR = timedelta(hours=1)


@pytest.fixture
def draft(agreement, manager_user, now) -> Agreement:
    """The next version of "Gold", as its revision left it."""
    return services.revise_agreement(agreement=agreement, actor=manager_user, now=now)


@pytest.fixture
def supplier(db) -> Organisation:
    return Organisation.objects.create(name="Telco", kind=Organisation.Kind.SUPPLIER)


@pytest.fixture
def make(office, manager_user, now):
    """make("Silver", kind="sla", customer=…) -> a draft with one target for each priority, ready to be activated."""

    def _make(name: str, *, kind: str = "sla", services_: tuple = (), **fields: object) -> Agreement:
        said = {"calendar": office, "start_date": now.date(), **fields}
        made = services.draft_agreement(
            kind=kind, name=name, fields=said, services=services_, actor=manager_user, now=now
        )
        metric = {"sla": Metric.RESOLUTION, "ola": Metric.TEAM, "uc": Metric.SUPPLIER}[kind]
        goals = [Goal(metric, priority, priority * 4 * HOUR) for priority in range(1, 6)]
        return services.set_targets(agreement=made, goals=goals, actor=manager_user, now=now)

    return _make


def said_of(agreement: Agreement, *without: str) -> dict:
    """All that a version says, but for the fields `without`."""
    return {key: text for key, text in read_document(agreement).said().items() if key[0] not in without}


def activate(agreement, actor, now, *, applies_to_open=False):
    return services.activate_agreement(agreement=agreement, applies_to_open=applies_to_open, actor=actor, now=now)[0]


class TestDraftAgreement:
    def test_makes_a_version_that_promises_nothing_yet(self, make, vpn, acme, incident):
        made = make("Silver", customer=acme, services_=(vpn,))
        assert (made.state, made.version, made.replaces) == (Agreement.State.DRAFT, 1, None)
        assert list(made.services.all()) == [vpn]
        assert agreement_for(incident.ticket).name == "Gold"

    def test_writes_it_down(self, make, manager_user):
        made = make("Silver")
        event = Event.objects.filter(subject_kind="agreement", subject_id=made.pk).order_by("id").first()
        assert (event.name, event.actor) == ("agreement.drafted", manager_user)
        assert event.data == {"name": "Silver", "version": 1}

    def test_refuses_a_name_that_is_taken(self, make, agreement):
        with pytest.raises(ValidationError) as refused:
            make("Gold")
        assert list(refused.value.message_dict) == ["name"]

    def test_is_refused_to_who_may_only_read(self, office, alice, now):
        with pytest.raises(PermissionDenied):
            services.draft_agreement(
                kind="sla", name="Silver", fields={"calendar": office, "start_date": now.date()}, services=[],
                actor=alice, now=now,
            )  # fmt: skip
        assert not Agreement.objects.exists()

    def test_wants_the_party_of_its_kind(self, office, manager_user, now, supplier, network):
        fields = {"calendar": office, "start_date": now.date(), "supplier": supplier}
        with pytest.raises(ValidationError) as refused:
            services.draft_agreement(kind="ola", name="N", fields=fields, services=[], actor=manager_user, now=now)
        assert list(refused.value.message_dict) == ["team"]

    def test_lets_go_of_the_parties_of_other_kinds(self, make, network, supplier, acme):
        made = make("Network's share", kind="ola", team=network, supplier=supplier, customer=acme)
        assert (made.team, made.supplier, made.customer) == (network, None, None)


class TestReviseAgreement:
    def test_copies_everything_that_the_active_one_says(self, agreement, draft, vpn):
        assert (draft.version, draft.state, draft.replaces) == (2, Agreement.State.DRAFT, agreement)
        assert said_of(draft, "start_date") == said_of(agreement, "start_date")
        assert draft.targets.count() == 10
        assert draft.steps.count() == 4

    def test_begins_today_and_is_signed_by_nobody_yet(self, agreement, manager_user, now):
        Agreement.objects.filter(pk=agreement.pk).update(signed_by="Bea", signed_date=date(2020, 1, 1))
        revision = services.revise_agreement(agreement=agreement, actor=manager_user, now=now)
        assert (revision.start_date, revision.signed_by, revision.signed_date) == (now.date(), "", None)

    def test_goes_on_with_the_draft_that_is_there(self, agreement, draft, admin_user, now):
        assert services.revise_agreement(agreement=agreement, actor=admin_user, now=now) == draft
        assert Agreement.objects.count() == 2

    def test_leaves_the_active_one_as_it_is(self, agreement, draft, incident):
        agreement.refresh_from_db()
        assert (agreement.state, agreement.end_date) == (Agreement.State.ACTIVE, None)
        assert {clock.agreement_id for clock in incident.ticket.clocks.all()} == {agreement.pk}

    def test_is_refused_for_a_draft(self, draft, manager_user, now):
        with pytest.raises(IllegalMove):
            services.revise_agreement(agreement=draft, actor=manager_user, now=now)

    def test_is_refused_to_who_may_only_read(self, agreement, lead, alice, now):
        with pytest.raises(PermissionDenied):
            services.revise_agreement(agreement=agreement, actor=alice, now=now)
        assert Agreement.objects.count() == 1


class TestEditDraft:
    def edit(self, draft, actor, now, **fields):
        return services.edit_draft(agreement=draft, fields=fields, services=draft.services.all(), actor=actor, now=now)

    def test_changes_what_it_says(self, draft, manager_user, now, vpn):
        services.edit_draft(
            agreement=draft, fields={"workload_limit": 200, "exceptions": "Not on Sundays"}, services=[vpn],
            actor=manager_user, now=now,
        )  # fmt: skip
        draft.refresh_from_db()
        assert (draft.workload_limit, draft.exceptions, list(draft.services.all())) == (200, "Not on Sundays", [vpn])
        assert Event.objects.filter(name="agreement.edited", subject_id=draft.pk).get().data["what"] == "document"

    def test_never_touches_an_active_version(self, agreement, manager_user, now):
        with pytest.raises(IllegalMove):
            self.edit(agreement, manager_user, now, workload_limit=1)
        agreement.refresh_from_db()
        assert agreement.workload_limit is None

    @pytest.mark.parametrize(
        ("fields", "where"),
        [
            ({"end_date": date(2026, 11, 23)}, "end_date"),
            ({"end_date": date(2026, 11, 1)}, "end_date"),
            ({"review_date": date(2026, 11, 1)}, "review_date"),
            ({"end_date": date(2027, 1, 1), "review_date": date(2027, 1, 2)}, "review_date"),
            ({"attainment_target": 0}, "attainment_target"),
            ({"attainment_target": 101}, "attainment_target"),
            ({"availability_target": 0}, "availability_target"),
            ({"availability_target": 101}, "availability_target"),
            ({"workload_limit": 0}, "workload_limit"),
        ],
    )
    def test_refuses_nonsense_and_names_the_field(self, draft, manager_user, now, fields, where):
        before = said_of(draft)
        with pytest.raises(ValidationError) as refused:
            self.edit(draft, manager_user, now, **fields)
        assert list(refused.value.message_dict) == [where]
        assert said_of(Agreement.objects.get(pk=draft.pk)) == before

    def test_keeps_name_and_party_of_what_it_replaces(self, draft, manager_user, now, acme):
        self.edit(draft, manager_user, now, name="Platinum", customer=acme)
        draft.refresh_from_db()
        assert (draft.name, draft.customer) == ("Gold", None)

    def test_tells_who_comes_second(self, draft, manager_user, admin_user, now):
        seen = read_document(draft).mark()
        self.edit(draft, admin_user, now, workload_limit=7)
        with pytest.raises(StaleDraft):
            services.set_targets(agreement=draft, goals=[], seen=seen, actor=manager_user, now=now)
        assert draft.targets.count() == 10


class TestActivateAgreement:
    def test_supersedes_the_version_before(self, agreement, draft, manager_user, now):
        activate(draft, manager_user, now)
        agreement.refresh_from_db()
        draft.refresh_from_db()
        assert (agreement.state, agreement.end_date) == (Agreement.State.SUPERSEDED, now.date())
        assert (draft.state, draft.start_date, draft.applies_to_open) == (Agreement.State.ACTIVE, now.date(), False)
        assert set(Event.objects.filter(subject_kind="agreement").values_list("name", flat=True)) == {
            "agreement.drafted", "agreement.superseded", "agreement.activated"
        }  # fmt: skip
        assert not Job.objects.exists()

    def test_keeps_an_earlier_end_of_the_version_before(self, agreement, draft, manager_user, now):
        early = now.date() - timedelta(days=30)
        Agreement.objects.filter(pk=agreement.pk).update(end_date=early)
        activate(draft, manager_user, now)
        agreement.refresh_from_db()
        assert agreement.end_date == early

    def test_moves_open_tickets_by_a_job_where_the_person_wants_it(self, draft, manager_user, now, incident):
        _active, job = services.activate_agreement(agreement=draft, applies_to_open=True, actor=manager_user, now=now)
        assert (job.owner, job.params) == (manager_user, {"agreement": draft.pk})
        assert agreement_for(incident.ticket) == draft

    def test_for_new_tickets_begins_after_the_open_ones(self, agreement, draft, manager_user, now, incident):
        """The incident was opened today: a version that begins today would cover it."""
        assert services.first_day(draft, now=now) == now.date() + timedelta(days=1)
        active = activate(draft, manager_user, now)
        assert active.start_date == now.date() + timedelta(days=1)
        assert agreement_for(incident.ticket) == agreement
        assert Clock.objects.filter(agreement=active).count() == 0

    def test_for_new_tickets_begins_at_once_where_none_is_concerned(self, draft, manager_user, now, open_for, bob):
        open_for(bob, at=now - timedelta(days=1))
        assert services.first_day(draft, now=now) == now.date()

    def test_refuses_to_move_open_tickets_before_it_begins(self, agreement, draft, manager_user, now):
        Agreement.objects.filter(pk=draft.pk).update(start_date=now.date() + timedelta(days=1))
        with pytest.raises(ValidationError) as refused:
            activate(draft, manager_user, now, applies_to_open=True)
        assert list(refused.value.message_dict) == ["applies_to_open"]
        agreement.refresh_from_db()
        assert agreement.state == Agreement.State.ACTIVE

    def test_is_refused_twice(self, draft, manager_user, now):
        activate(draft, manager_user, now)
        with pytest.raises(IllegalMove):
            activate(draft, manager_user, now)

    def test_is_refused_to_who_may_only_read(self, draft, alice, now):
        with pytest.raises(PermissionDenied):
            activate(draft, alice, now)

    @pytest.mark.parametrize(
        ("fields", "where"),
        [
            ({"review_date": date(2026, 11, 23)}, "review_date"),
            ({"start_date": date(2019, 12, 31)}, "start_date"),
            ({"signed_date": date(2026, 11, 24)}, "signed_date"),
            ({"start_date": date(2026, 1, 1), "end_date": date(2026, 11, 23)}, "end_date"),
        ],
    )
    def test_refuses_days_that_cannot_be(self, agreement, draft, manager_user, now, fields, where):
        Agreement.objects.filter(pk=draft.pk).update(**fields)
        with pytest.raises(ValidationError) as refused:
            activate(draft, manager_user, now)
        assert list(refused.value.message_dict) == [where]
        draft.refresh_from_db()
        assert draft.state == Agreement.State.DRAFT

    def test_refuses_what_promises_nothing(self, draft, manager_user, now):
        services.set_targets(agreement=draft, goals=[], actor=manager_user, now=now)
        with pytest.raises(ValidationError) as refused:
            activate(draft, manager_user, now)
        assert list(refused.value.message_dict) == ["targets"]

    def test_refuses_what_is_for_services_that_are_gone(self, make, vpn, manager_user, now):
        silver = make("Silver", services_=(vpn,))
        Service.objects.update(state=Service.State.RETIRED)
        with pytest.raises(ValidationError) as refused:
            activate(silver, manager_user, now)
        assert list(refused.value.message_dict) == ["services"]

    def test_refuses_a_team_that_takes_no_tickets(self, make, network, manager_user, now):
        share = make("Network's share", kind="ola", team=network)
        network.is_active = False
        network.save()
        with pytest.raises(ValidationError) as refused:
            activate(share, manager_user, now)
        assert list(refused.value.message_dict) == ["team"]


class TestPauses:
    """BEHAVIOUR.md, correction to rule 6: a pause that is part of the start, or that excludes it."""

    @pytest.mark.parametrize("reason", list(WaitingReason))
    def test_of_a_contract_clash_with_what_starts_its_clock(self, make, supplier, reason):
        with pytest.raises(ValidationError) as refused:
            make("Telco", kind="uc", supplier=supplier, pauses_on=[reason])
        assert list(refused.value.message_dict) == ["pauses_on"]
        [rule] = refused.value.message_dict["pauses_on"]
        assert "Waiting for a supplier" in rule
        assert str(reason.label) in rule

    def test_on_every_wait_hollow_out_regular_updates(self, make, manager_user, now):
        silver = make("Silver", pauses_on=list(WaitingReason))
        goals = [Goal(Metric.UPDATE, 1, HOUR)]
        services.set_targets(agreement=silver, goals=goals, actor=manager_user, now=now)
        with pytest.raises(ValidationError) as refused:
            activate(silver, manager_user, now)
        assert list(refused.value.message_dict) == ["pauses_on"]


class TestOverlap:
    def test_names_the_agreement_and_the_tickets(self, agreement, make, manager_user, now, incident):
        with pytest.raises(Overlap) as refused:
            make("Silver")
        [clash] = refused.value.clashes
        assert (clash.other, clash.n_tickets, list(clash.numbers)) == (agreement, 1, [incident.ticket.number])
        [sentence] = refused.value.messages
        assert "Gold" in sentence
        assert incident.ticket.number in sentence
        assert not Agreement.objects.filter(name="Silver").exists()

    def test_is_refused_when_a_draft_is_edited(self, agreement, make, acme, manager_user, now):
        silver = make("Silver", customer=acme)
        with pytest.raises(Overlap):
            services.edit_draft(
                agreement=silver, fields={"customer": None}, services=[], actor=manager_user, now=now
            )  # fmt: skip
        silver.refresh_from_db()
        assert silver.customer == acme

    def test_is_refused_to_the_second_of_two_drafts(self, make, acme, manager_user, now):
        silver, bronze = make("Silver", customer=acme), make("Bronze", customer=acme)
        activate(silver, manager_user, now)
        with pytest.raises(Overlap) as refused:
            activate(bronze, manager_user, now)
        assert [clash.other for clash in refused.value.clashes] == [silver]
        bronze.refresh_from_db()
        assert bronze.state == Agreement.State.DRAFT

    def test_names_ten_tickets_and_counts_the_others(self, make, manager_user, now, open_for, bob):
        opened = [open_for(bob) for _ in range(12)]
        with pytest.raises(Overlap) as refused:
            activate(make("Silver"), manager_user, now, applies_to_open=True)
        [clash] = refused.value.clashes
        assert clash.n_tickets == 12
        assert list(clash.numbers) == [each.ticket.number for each in opened[:10]]
        assert "and 2 more" in str(clash)

    def test_is_no_clash_between_general_and_special(self, agreement, make, vpn, acme, manager_user, now):
        activate(make("For Acme", customer=acme), manager_user, now)
        activate(make("For the VPN", services_=(vpn,)), manager_user, now)
        activate(make("Acme's VPN", customer=acme, services_=(vpn,)), manager_user, now)
        assert Agreement.objects.active().count() == 4

    def test_needs_a_shared_service(self, make, vpn, network, alice, acme, manager_user, now):
        mail = Service.objects.create(key="mail", name="Mail", owner=alice, support_team=network)
        activate(make("Acme's VPN", customer=acme, services_=(vpn,)), manager_user, now)
        activate(make("Acme's mail", customer=acme, services_=(mail,)), manager_user, now)
        with pytest.raises(Overlap) as refused:
            activate(make("Acme's both", customer=acme, services_=(vpn, mail)), manager_user, now)
        assert [(clash.other.name, [row.name for row in clash.services]) for clash in refused.value.clashes] == [
            ("Acme's VPN", [vpn.name]), ("Acme's mail", ["Mail"])
        ]  # fmt: skip

    def test_needs_a_shared_day(self, agreement, make, manager_user, now):
        services.end_agreement(
            agreement=agreement, end_date=now.date() + timedelta(days=7), actor=manager_user, now=now
        )
        late = make("Silver", start_date=now.date() + timedelta(days=7))
        assert activate(late, manager_user, now).state == Agreement.State.ACTIVE

    def test_is_between_shares_of_one_team(self, make, network, manager_user, now, incident):
        activate(make("One share", kind="ola", team=network), manager_user, now)
        with pytest.raises(Overlap) as refused:
            activate(make("Other share", kind="ola", team=network), manager_user, now)
        assert list(refused.value.clashes[0].numbers) == [incident.ticket.number]

    def test_is_between_contracts_of_any_suppliers(self, make, supplier, vpn, manager_user, now):
        other = Organisation.objects.create(name="Carrier", kind=Organisation.Kind.SUPPLIER)
        activate(make("Telco", kind="uc", supplier=supplier, services_=(vpn,)), manager_user, now)
        with pytest.raises(Overlap):
            activate(make("Carrier", kind="uc", supplier=other, services_=(vpn,)), manager_user, now)


class TestWithdrawDraft:
    def test_throws_it_away_and_tells_of_it(self, agreement, draft, manager_user, now):
        services.withdraw_draft(agreement=draft, actor=manager_user, now=now)
        assert list(Agreement.objects.all()) == [agreement]
        event = Event.objects.get(name="agreement.withdrawn")
        assert (event.subject_id, event.data["version"]) == (agreement.pk, 2)

    def test_is_refused_for_what_is_in_force(self, agreement, manager_user, now):
        with pytest.raises(IllegalMove):
            services.withdraw_draft(agreement=agreement, actor=manager_user, now=now)
        assert Agreement.objects.count() == 1


class TestEndAgreement:
    def test_lets_it_apply_until_the_day_before(self, agreement, manager_user, now, open_for, bob):
        tomorrow = now.date() + timedelta(days=1)
        services.end_agreement(agreement=agreement, end_date=tomorrow, actor=manager_user, now=now)
        assert agreement_for(open_for(bob, at=now).ticket) == agreement
        assert agreement_for(open_for(bob, at=now + timedelta(days=1)).ticket) is None

    def test_is_refused_in_the_past(self, agreement, manager_user, now):
        with pytest.raises(ValidationError):
            services.end_agreement(
                agreement=agreement, end_date=now.date() - timedelta(days=1), actor=manager_user, now=now
            )
        agreement.refresh_from_db()
        assert agreement.end_date is None


class TestDifferences:
    def test_are_what_was_changed_and_nothing_else(self, agreement, draft, manager_user, now, office):
        goals = [
            Goal(row.metric, row.priority, row.duration / 2 if row.priority == 1 else row.duration, row.calendar)
            for row in agreement.targets.exclude(metric=Metric.FIRST_RESPONSE, priority=5)
        ]
        services.set_targets(agreement=draft, goals=goals, actor=manager_user, now=now)
        services.add_step(agreement=draft, fields={"percent": 90, "notifies_owner": True}, actor=manager_user, now=now)
        draft.refresh_from_db()
        found = differences(read_document(agreement), read_document(draft))
        assert [(each.label, each.before, each.after) for each in found] == [
            ("Valid from", "1 Jan 2020", "23 Nov 2026"),
            ("First response · P1", "15m, Round the clock", "7m 30s, Round the clock"),
            ("Resolution · P1", "4h, Round the clock", "2h, Round the clock"),
            ("Escalation", "", "At 90 % of the target; tells the assignee, the service owner; in working hours"),
            ("First response · P5", "16h (2 working days), Office hours", ""),
        ]  # fmt: skip


class TestSteps:
    def test_are_added_changed_and_removed(self, draft, manager_user, now):
        step = services.add_step(
            agreement=draft, fields={"percent": 90, "notifies_lead": True}, actor=manager_user, now=now
        )
        services.change_step(step=step, fields={"percent": 95}, actor=manager_user, now=now)
        assert draft.steps.filter(percent=95, notifies_lead=True).count() == 1
        services.remove_step(step=step, actor=manager_user, now=now)
        assert sorted(draft.steps.values_list("percent", flat=True)) == [50, 75, 100, 100]

    def test_of_an_active_version_stay_as_they_are(self, agreement, manager_user, now):
        step = agreement.steps.first()
        with pytest.raises(IllegalMove):
            services.change_step(step=step, fields={"percent": 1}, actor=manager_user, now=now)
        with pytest.raises(IllegalMove):
            services.remove_step(step=step, actor=manager_user, now=now)
        assert agreement.steps.count() == 4

    @pytest.mark.parametrize(
        ("fields", "where"),
        [
            ({"percent": 1001}, "percent"),
            ({"offset": timedelta(days=1095)}, "offset"),
            ({"offset": timedelta(days=-1095)}, "offset"),
            ({"percent": 0, "offset": -HOUR}, "offset"),
            ({"quiet_for": timedelta(0)}, "quiet_for"),
            ({"notifies_assignee": False}, "notifies_assignee"),
            ({"metric": Metric.TEAM}, "metric"),
        ],
    )
    def test_refuse_nonsense_and_name_the_field(self, draft, manager_user, now, fields, where):
        with pytest.raises(ValidationError) as refused:
            services.add_step(agreement=draft, fields=fields, actor=manager_user, now=now)
        assert list(refused.value.message_dict) == [where]
        assert draft.steps.count() == 4

    @pytest.mark.parametrize(
        "fields",
        [
            {"percent": 10, "offset": -HOUR},  # 10 % of 15 minutes, less an hour
            {"metric": Metric.NEXT_REPLY},  # nothing is promised for it
        ],
    )
    def test_that_never_come_keep_it_from_being_activated(self, draft, manager_user, now, fields):
        step = services.add_step(agreement=draft, fields=fields, actor=manager_user, now=now)
        with pytest.raises(ValidationError) as refused:
            activate(draft, manager_user, now)
        assert list(refused.value.message_dict) == [f"step_{step.pk}"]

    def test_fit_only_the_priorities_they_are_for(self, draft, manager_user, now):
        services.add_step(
            agreement=draft, fields={"percent": 100, "offset": -HOUR, "only_priorities": [1], "metric": "resolution"},
            actor=manager_user, now=now,
        )  # fmt: skip
        assert activate(draft, manager_user, now).state == Agreement.State.ACTIVE
        assert EscalationStep.objects.filter(agreement=draft).count() == 5
