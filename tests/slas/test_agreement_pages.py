"""The pages about agreements: who may read and change them, and what they say."""

from datetime import date, timedelta

import pytest
import time_machine
from django.urls import reverse

from catalog.models import Service
from journal.models import Event, Job
from slas.agreements import services
from slas.models import Agreement, EscalationStep, Target
from tickets.models import Priority

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _today(now):
    with time_machine.travel(now, tick=False):
        yield


@pytest.fixture
def draft(agreement, manager_user, now) -> Agreement:
    return services.revise_agreement(agreement=agreement, actor=manager_user, now=now)


@pytest.fixture
def manager(client_of, manager_user):
    return client_of(manager_user)


def url(name: str, agreement: Agreement, *more: int) -> str:
    return reverse(f"slas:{name}", args=[agreement.pk, *more])


def page(client, name, agreement, *more, **query):
    response = client.get(url(name, agreement, *more), query)
    assert response.status_code == 200
    return response.content.decode()


def document_data(client, agreement) -> dict:
    """What a browser would send from the draft's fields as they are."""
    form = client.get(url("edit_agreement", agreement)).context["form"]
    found = {"seen": client.get(url("edit_agreement", agreement)).context["mark"]}
    for field in form:
        value = field.value()
        if value is None or value == [] or value == "":
            continue
        found[field.name] = [getattr(each, "pk", each) for each in value] if isinstance(value, list) else value
    return found


def target_data(client, agreement) -> dict:
    response = client.get(url("set_targets", agreement))
    values = {field.name: field.value() for field in response.context["form"]}
    return {"seen": response.context["mark"], **{name: value for name, value in values.items() if value}}


class TestList:
    def test_is_read_by_everybody_of_the_desk(self, client_of, agreement, alice, auditor):
        for reader in (alice, auditor):
            html = client_of(reader).get(reverse("slas:agreements")).content.decode()
            assert "Gold" in html
            assert "Draft an agreement" not in html

    def test_does_not_exist_for_customers(self, client_of, agreement, bob):
        assert client_of(bob).get(reverse("slas:agreements")).status_code == 404

    def test_keeps_what_has_ended_apart(self, manager, agreement, draft, manager_user, now):
        services.activate_agreement(agreement=draft, applies_to_open=False, actor=manager_user, now=now)
        address = reverse("slas:agreements")
        current, past = manager.get(address).context["lines"], manager.get(address, {"view": "past"}).context["lines"]
        assert [(line.agreement.version, line.words) for line in current] == [(2, "In force")]
        assert [(line.agreement.version, line.words) for line in past] == [(1, "Ended")]

    def test_marks_what_should_have_been_reviewed(self, manager, agreement, now):
        Agreement.objects.filter(pk=agreement.pk).update(review_date=now.date())
        response = manager.get(reverse("slas:agreements"))
        assert "1 agreement should have been reviewed by now." in response.content.decode()
        Agreement.objects.filter(pk=agreement.pk).update(review_date=now.date() + timedelta(days=30))
        [line] = manager.get(reverse("slas:agreements")).context["lines"]
        assert (line.is_review_due, line.is_review_soon) == (False, True)

    def test_can_be_narrowed_to_a_kind(self, manager, agreement):
        assert manager.get(reverse("slas:agreements"), {"kind": "ola"}).context["lines"] == []

    def test_costs_the_same_for_many(self, manager, agreement, office, django_assert_max_num_queries):
        for number in range(20):
            Agreement.objects.create(name=f"A{number}", calendar=office, start_date=date(2030, 1, 1))
        manager.get(reverse("slas:agreements"))
        with django_assert_max_num_queries(30):
            manager.get(reverse("slas:agreements"))


class TestDocument:
    def test_says_what_is_promised(self, manager, agreement, incident):
        html = page(manager, "agreement", agreement)
        for words in ("Everybody", "Office hours", "24h (3 working days)", "Round the clock", "At 75 % of the target",
                      "1h after it was due", "raises the priority", "Waiting for the requester"):  # fmt: skip
            assert words in html

    def test_counts_the_tickets_of_the_month_against_the_limit(self, manager, agreement, open_for, bob, now):
        Agreement.objects.filter(pk=agreement.pk).update(workload_limit=1)
        for days in (0, 1, 30):
            open_for(bob, at=now - timedelta(days=days))
        assert "2 of 1 at most" in page(manager, "agreement", agreement)

    def test_shows_what_the_draft_changes(self, manager, agreement, draft):
        draft.targets.filter(metric="resolution", priority=1).update(duration=2 * HOUR)
        found = manager.get(url("agreement", draft)).context["differences"]
        assert [(each.label, each.after) for each in found] == [
            ("Valid from", "23 Nov 2026"), ("Resolution · P1", "2h, Round the clock")
        ]  # fmt: skip

    def test_compares_with_the_version_that_is_asked_for(self, manager, agreement, draft):
        assert manager.get(url("agreement", agreement)).context["against"] is None
        assert manager.get(url("agreement", agreement), {"against": "2"}).context["against"] == draft

    def test_tells_its_history(self, manager, draft, manager_user, now):
        assert "drafted version 2" in page(manager, "agreement", draft)
        services.activate_agreement(agreement=draft, applies_to_open=False, actor=manager_user, now=now)
        html = page(manager, "agreement", draft)
        assert "activated version 2 from 2026-11-23, for new tickets only" in html
        assert "replaced version 1, which ends on 2026-11-23" in html

    def test_costs_the_same_for_many_steps_targets_and_services(
        self, manager, agreement, alice, django_assert_max_num_queries
    ):
        for number in range(20):
            Service.objects.create(key=f"s{number}", name=f"Service {number}", owner=alice).agreements.add(agreement)
            EscalationStep.objects.create(agreement=agreement, percent=number)
        page(manager, "agreement", agreement)
        with django_assert_max_num_queries(40):
            page(manager, "agreement", agreement)

    def test_names_the_risk(self, manager, agreement, vpn, network, always):
        share = Agreement.objects.create(
            name="Network", kind="ola", team=network, calendar=always, start_date=date(2020, 1, 1)
        )
        Target.objects.create(agreement=share, metric="team", priority=2, duration=12 * HOUR)
        html = page(manager, "agreement", agreement)
        assert (
            "P2: promised in 8h, but the team&#x27;s “Network” allows 12h; in the worst case it ends 4h later." in html
        )
        assert "Gold" in page(manager, "agreement", share)

    def test_offers_changes_only_to_who_may_make_them(self, client_of, agreement, alice, manager):
        assert "Revise" not in page(client_of(alice), "agreement", agreement)
        assert "Revise" in page(manager, "agreement", agreement)


class TestDraft:
    def test_is_made_from_the_form(self, manager, office, acme, vpn):
        response = manager.post(
            reverse("slas:draft_agreement") + "?kind=sla",
            {
                "name": "Silver", "customer": acme.pk, "services": [vpn.pk], "calendar": office.pk,
                "start_date": "2026-12-01", "pauses_on": ["requester"], "starts_from": "creation",
                "reopens_as": "resume", "reply_mode": "to_answer", "attainment_target": "97",
            },
        )  # fmt: skip
        made = Agreement.objects.get(name="Silver")
        assert response.url == url("set_targets", made)
        assert (made.state, made.customer, made.attainment_target) == ("draft", acme, 97)
        assert list(made.services.all()) == [vpn]

    def test_is_refused_where_it_clashes_and_keeps_what_was_typed(self, manager, agreement, office, incident):
        sent = {
            "name": "Silver", "calendar": office.pk, "start_date": "2026-12-01", "starts_from": "creation",
            "reopens_as": "resume", "reply_mode": "to_answer", "attainment_target": "97",
        }  # fmt: skip
        response = manager.post(reverse("slas:draft_agreement") + "?kind=sla", sent)
        assert response.status_code == 422
        html = response.content.decode()
        assert "“Gold” is in force at the same time for the same: all services." in html
        assert incident.ticket.number in html
        assert 'value="Silver"' in html
        assert not Agreement.objects.filter(name="Silver").exists()

    def test_names_each_field_that_is_missing(self, manager):
        response = manager.post(reverse("slas:draft_agreement") + "?kind=ola", {})
        assert response.status_code == 422
        assert {"name", "team", "calendar", "start_date"} <= set(response.context["form"].errors)
        assert not Agreement.objects.exists()

    def test_of_a_contract_asks_for_no_pauses(self, manager):
        response = manager.get(reverse("slas:draft_agreement") + "?kind=uc")
        assert "pauses_on" not in response.context["form"].fields

    def test_is_begun_once(self, manager, agreement):
        for _ in range(2):
            response = manager.post(url("revise_agreement", agreement))
        assert response.url == url("edit_agreement", Agreement.objects.get(version=2))
        assert Agreement.objects.count() == 2

    def test_sends_back_what_it_shows(self, manager, draft):
        """A form that is sent as it came changes nothing."""
        before = services.read_document(draft).said()
        response = manager.post(url("edit_agreement", draft), document_data(manager, draft))
        assert response.status_code == 302
        assert services.read_document(Agreement.objects.get(pk=draft.pk)).said() == before

    def test_refuses_an_end_before_its_beginning(self, manager, draft):
        response = manager.post(
            url("edit_agreement", draft), {**document_data(manager, draft), "end_date": "2026-11-20"}
        )
        assert response.status_code == 422
        assert list(response.context["form"].errors) == ["end_date"]

    def test_tells_who_was_faster_and_keeps_what_was_typed(self, manager, draft, admin_user, now):
        sent = {**document_data(manager, draft), "exceptions": "Not on Sundays"}
        services.edit_draft(agreement=draft, fields={"workload_limit": 5}, services=[], actor=admin_user, now=now)
        response = manager.post(url("edit_agreement", draft), sent)
        html = response.content.decode()
        assert response.status_code == 422
        assert "Ada has changed this draft in the meantime" in html
        assert "Not on Sundays" in html
        again = {**sent, "seen": response.context["mark"]}
        assert manager.post(url("edit_agreement", draft), again).status_code == 302

    def test_cannot_be_edited_once_it_is_in_force(self, manager, agreement):
        for name in ("edit_agreement", "set_targets", "steps", "add_step", "activate_agreement"):
            assert manager.get(url(name, agreement)).status_code == 409
        assert manager.post(url("edit_agreement", agreement), {"exceptions": "x"}).status_code == 409
        assert not Event.objects.filter(subject_kind="agreement").exists()

    def test_is_withdrawn(self, manager, agreement, draft):
        response = manager.post(url("withdraw_draft", draft))
        assert response.url == url("agreement", agreement)
        assert Agreement.objects.count() == 1

    @pytest.mark.parametrize("name", ["edit_agreement", "set_targets", "steps", "add_step", "activate_agreement"])
    def test_is_changed_by_managers_only(self, client_of, draft, alice, name):
        assert client_of(alice).get(url(name, draft)).status_code == 403


class TestTargetsGrid:
    def test_sends_back_what_it_shows(self, manager, draft):
        before = sorted(draft.targets.values_list("metric", "priority", "duration", "calendar"))
        response = manager.post(url("set_targets", draft), target_data(manager, draft))
        assert response.status_code == 302
        assert sorted(draft.targets.values_list("metric", "priority", "duration", "calendar")) == before

    def test_reads_days_of_the_calendar_that_counts(self, manager, draft, always):
        data = target_data(manager, draft)
        data |= {"resolution_3": "2d", "resolution_4": "2d", "resolution_4_calendar": always.pk, "own_1": ""}
        assert manager.post(url("set_targets", draft), data).status_code == 302
        found = dict(draft.targets.filter(metric="resolution").values_list("priority", "duration"))
        assert (found[3], found[4]) == (16 * HOUR, 48 * HOUR)

    def test_promises_nothing_where_it_is_empty(self, manager, draft):
        data = target_data(manager, draft)
        del data["resolution_5"]
        manager.post(url("set_targets", draft), data)
        assert set(draft.targets.filter(metric="resolution").values_list("priority", flat=True)) == {1, 2, 3, 4}

    @pytest.mark.parametrize(
        ("typed", "rule"),
        [
            ("soon", "is not a length of time"),
            ("4", "is not a length of time"),
            ("0h", "A target must be longer than 0."),
            ("1095d", "it would take three years or more"),
            ("26280h", "A target must be shorter than three years."),
        ],
    )
    def test_names_the_field_and_the_rule(self, manager, draft, typed, rule):
        data = {**target_data(manager, draft), "resolution_3": typed}
        response = manager.post(url("set_targets", draft), data)
        assert response.status_code == 422
        assert list(response.context["form"].errors) == ["resolution_3"]
        html = response.content.decode()
        assert rule in html
        assert f'value="{typed}"' in html
        assert draft.targets.get(metric="resolution", priority=3).duration == 24 * HOUR

    def test_is_as_wide_as_the_priorities(self, manager, draft):
        [(_label, cells), *rows] = list(manager.get(url("set_targets", draft)).context["form"].rows())
        assert len(cells) == len(Priority)
        assert [label for label, _cells in rows] == ["Time to own", "Next reply", "Regular update", "Resolution"]


class TestStepPages:
    def test_add_one_with_everything(self, manager, draft, network):
        response = manager.post(
            url("add_step", draft),
            {
                "percent": "100", "offset_length": "1d", "offset_side": "before", "metric": "resolution",
                "only_priorities": ["3", "4"], "only_unassigned": "on", "only_unanswered": "on", "quiet_for": "2h",
                "notifies_lead": "on", "notifies_owner": "on", "raises_priority": "on", "reassigns_to": network.pk,
            },
        )  # fmt: skip
        assert response.url == url("steps", draft)
        step = EscalationStep.objects.get(agreement=draft, metric="resolution")
        assert (step.percent, step.offset, step.quiet_for) == (100, -8 * HOUR, 2 * HOUR)
        assert (step.only_priorities, step.only_unassigned, step.only_unanswered) == ([3, 4], True, True)
        assert (step.notifies, step.raises_priority, step.reassigns_to) == (["lead", "owner"], True, network)
        assert (
            "1d before it is due; tells the team lead, the service owner; raises the priority; hands over to Network"
            in "; ".join(w for line in manager.get(url("steps", draft)).context["lines"] for w in [line[1].sentence])
        )

    def test_count_wall_clock_days_at_any_hour(self, manager, draft):
        manager.post(
            url("add_step", draft),
            {
                "percent": "100",
                "offset_length": "1d",
                "offset_side": "after",
                "at_any_hour": "on",
                "notifies_lead": "on",
            },
        )
        assert EscalationStep.objects.get(agreement=draft, at_any_hour=True).offset == timedelta(days=1)

    def test_send_back_what_they_show(self, manager, draft):
        step = draft.steps.get(raises_priority=True)
        form = manager.get(url("change_step", draft, step.pk)).context["form"]
        data = {field.name: field.value() for field in form if field.value() not in (None, "", False, [])}
        assert manager.post(url("change_step", draft, step.pk), data).status_code == 302
        changed = EscalationStep.objects.get(pk=step.pk)
        assert [getattr(changed, name) for name in services.STEP_FIELDS] == [
            getattr(step, name) for name in services.STEP_FIELDS
        ]

    @pytest.mark.parametrize(
        ("sent", "field"),
        [
            ({"percent": "1001", "notifies_lead": "on"}, "percent"),
            ({"percent": "100", "offset_length": "9999d", "notifies_lead": "on"}, "offset_length"),
            ({"percent": "100", "offset_length": "later", "notifies_lead": "on"}, "offset_length"),
            ({"percent": "100"}, "notifies_assignee"),
        ],
    )
    def test_refuse_nonsense_beside_its_field(self, manager, draft, sent, field):
        response = manager.post(url("add_step", draft), {"offset_side": "after", **sent})
        assert response.status_code == 422
        assert list(response.context["form"].errors) == [field]
        assert draft.steps.count() == 4

    def test_remove_one(self, manager, draft):
        step = draft.steps.first()
        manager.post(url("remove_step", draft, step.pk))
        assert draft.steps.count() == 3

    def test_know_no_steps_of_other_agreements(self, manager, agreement, draft):
        step = agreement.steps.first()
        assert manager.get(url("change_step", draft, step.pk)).status_code == 404
        assert manager.post(url("remove_step", draft, step.pk)).status_code == 404


class TestDryRun:
    def test_says_when_each_step_fires_and_whom_it_tells(self, manager, agreement, incident, lead, manager_user):
        """P3, opened on Monday at 10:00, 24 h of office hours: half of it is over on Tuesday at 14:00."""
        response = manager.get(url("dry_run", agreement), {"ticket": incident.ticket.number})
        run = next(run for run in response.context["runs"] if run.clock.metric == "resolution")
        said = [
            (f"{firing.at:%a %H:%M}", str(firing.when), [str(p) for p in firing.plan.people]) for firing in run.firings
        ]
        assert said == [
            ("Tue 14:00", "ahead", ["Lena"]),
            ("Wed 12:00", "ahead", ["Lena"]),
            ("Thu 10:00", "ahead", ["Lena", "Mona"]),
            ("Thu 11:00", "ahead", ["Lena", "Mona"]),
        ]
        assert run.due_at == incident.ticket.clocks.get(metric="resolution").due_at

    def test_shows_a_draft_by_its_own_times(self, manager, draft, incident):
        draft.targets.filter(metric="resolution", priority=3).update(duration=4 * HOUR)
        runs = manager.get(url("dry_run", draft), {"ticket": incident.ticket.number}).context["runs"]
        run = next(run for run in runs if run.clock.metric == "resolution")
        assert [f"{firing.at:%a %H:%M}" for firing in run.firings] == [
            "Mon 12:00",
            "Mon 13:00",
            "Mon 14:00",
            "Mon 15:00",
        ]

    def test_tells_what_has_passed_exactly(self, manager, agreement, open_for, bob, now):
        """Opened on Thursday at 10:00: half of the 24 h were over on Friday at 14:00 (7 h, then 5 h)."""
        opened = open_for(bob, at=now - timedelta(days=4), impact=3, urgency=1)
        runs = manager.get(url("dry_run", agreement), {"ticket": opened.ticket.number}).context["runs"]
        run = next(run for run in runs if run.clock.metric == "resolution")
        assert [(f"{firing.at:%a %H:%M}", str(firing.when)) for firing in run.firings[:2]] == [
            ("Fri 14:00", "passed"),
            ("Mon 12:00", "ahead"),
        ]

    def test_writes_nothing(self, manager, agreement, incident):
        before = (Event.objects.count(), incident.ticket.clocks.count(), Job.objects.count())
        manager.get(url("dry_run", agreement), {"ticket": incident.ticket.number})
        assert (Event.objects.count(), incident.ticket.clocks.count(), Job.objects.count()) == before

    def test_knows_no_ticket_of_that_number(self, manager, agreement):
        response = manager.get(url("dry_run", agreement), {"ticket": "INC-0"})
        assert response.status_code == 422
        assert "There is no ticket of this number." in response.content.decode()


class TestActivate:
    def test_foretells_what_becomes_of_open_tickets(self, manager, draft, incident, now):
        draft.targets.filter(metric="resolution", priority=3).update(duration=HOUR / 2)
        with time_machine.travel(now + HOUR, tick=False):
            impact = manager.get(url("activate_agreement", draft)).context["impact"]
        assert (impact.n_moved, impact.n_breached, impact.n_recovered) == (1, 1, 0)

    def test_moves_open_tickets_and_shows_the_job(self, manager, agreement, draft, incident):
        response = manager.post(url("activate_agreement", draft), {"applies_to": "open"})
        job = Job.objects.get()
        assert response.url == reverse("slas:job", args=[job.pk])
        agreement.refresh_from_db()
        assert agreement.state == "superseded"

    def test_leaves_open_tickets_alone(self, manager, draft, incident):
        response = manager.post(url("activate_agreement", draft), {"applies_to": "new"})
        draft.refresh_from_db()
        assert response.url == url("agreement", draft)
        assert (draft.state, draft.start_date, draft.applies_to_open) == ("active", date(2026, 11, 24), False)
        assert not Job.objects.exists()

    def test_needs_the_choice(self, manager, draft):
        response = manager.post(url("activate_agreement", draft), {})
        assert response.status_code == 422
        draft.refresh_from_db()
        assert draft.state == "draft"

    def test_offers_no_move_before_it_begins(self, manager, draft):
        Agreement.objects.filter(pk=draft.pk).update(start_date=date(2026, 12, 24))
        form = manager.get(url("activate_agreement", draft)).context["form"]
        assert [value for value, _label in form.fields["applies_to"].choices] == ["new"]

    def test_refuses_an_overlap_and_names_the_tickets(self, manager, agreement, incident, office, manager_user, now):
        Agreement.objects.filter(pk=agreement.pk).update(state="draft")
        rival = services.draft_agreement(
            kind="sla", name="Silver", fields={"calendar": office, "start_date": now.date()}, services=[],
            actor=manager_user, now=now,
        )  # fmt: skip
        goals = [services.Goal("resolution", 1, HOUR)]
        services.set_targets(agreement=rival, goals=goals, actor=manager_user, now=now)
        Agreement.objects.filter(pk=agreement.pk).update(state="active")  # put into force meanwhile
        response = manager.post(url("activate_agreement", rival), {"applies_to": "open"})
        assert response.status_code == 422
        html = response.content.decode()
        assert "Gold" in html
        assert f"1 open ticket would be under both: {incident.ticket.number}" in html
        rival.refresh_from_db()
        assert rival.state == "draft"


class TestEnd:
    def test_is_set(self, manager, agreement):
        manager.post(url("end_agreement", agreement), {"end_date": "2026-12-31"})
        agreement.refresh_from_db()
        assert (agreement.end_date, agreement.state) == (date(2026, 12, 31), "active")

    def test_is_not_set_in_the_past(self, manager, agreement):
        response = manager.post(url("end_agreement", agreement), {"end_date": "2026-11-01"})
        assert response.status_code == 422
        assert list(response.context["form"].errors) == ["end_date"]
