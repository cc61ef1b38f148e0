"""What the demo shows: a desk that a stranger believes."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import F

from accounts.models import Organisation, Team, User
from catalog.models import Service
from incidents.models import Incident
from itsm.demo.people import LOGINS, address
from itsm.demo.scenes import PHRASES, SCENES
from itsm.demo.seed import seed
from itsm.demo.services import OUTLINES
from journal.models import Event, Outbox
from slas.models import Agreement, BusinessCalendar, Clock, Metric
from slas.sweep import sweep_due_clocks
from tickets.models import InternalNote, PublicEntry, Ticket

pytestmark = pytest.mark.xdist_group("demo")  # seeded once, on one worker

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def _seeded(django_db_setup, django_db_blocker):
    """Seeded once for this module, inside a transaction that its end takes back."""
    with django_db_blocker.unblock(), transaction.atomic():
        seed(now=NOW)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def demo(_seeded, db):
    return None


@pytest.mark.usefixtures("demo")
class TestTheDesk:
    def test_has_customers_teams_services_and_promises(self):
        kinds = Counter(Organisation.objects.values_list("kind", flat=True))
        assert kinds == {"customer": 2, "internal": 1, "supplier": 1}
        assert Team.objects.count() == 4
        assert all(team.lead and team.manager and team.memberships.count() >= 4 for team in Team.objects.all())
        assert Service.objects.count() == 12
        assert Counter(Agreement.objects.values_list("kind", flat=True)) == {"sla": 3, "ola": 4, "uc": 1}
        for agreement in Agreement.objects.filter(kind="sla"):
            assert agreement.targets.count() == 10
            assert [step.percent for step in agreement.steps.order_by("percent", "offset")] == [50, 75, 100, 100]

    def test_has_holidays_of_both_countries(self):
        lisbon, shanghai = (BusinessCalendar.objects.get(country=country) for country in ("PT", "CN"))
        assert lisbon.special_days.filter(date="2026-12-25", intervals=[]).exists()
        assert shanghai.special_days.filter(date="2026-10-01", intervals=[]).exists()
        assert shanghai.special_days.filter(date="2026-10-10", intervals=["09:00-12:00", "13:00-18:00"]).exists()

    def test_icons_exist(self, settings):
        known = (settings.BASE_DIR / "static" / "icons.txt").read_text().split()
        assert set(Service.objects.values_list("icon", flat=True)) <= set(known)

    def test_has_one_login_for_every_role(self):
        roles = {
            role: set(User.objects.get(email=address(name)).roles.values_list("key", flat=True))
            for role, name in LOGINS.items()
        }
        assert roles == {
            "customer": {"requester"}, "customer (中文)": {"requester"}, "organisation manager": {"organisation_manager"},
            "agent": {"agent"}, "team lead": {"team_lead"}, "manager": {"manager"}, "auditor": {"auditor"},
            "admin": {"admin"},
        }  # fmt: skip

    def test_gives_nobody_a_password_by_itself(self):
        assert not any(user.has_usable_password() for user in User.objects.all())


@pytest.mark.usefixtures("demo")
class TestThePast:
    def test_fills_ninety_days_with_more_work_on_weekdays(self):
        tickets = Ticket.objects.filter(phase__in=["closed", "cancelled", "resolved"])
        assert 1100 < tickets.count() < 1250
        assert tickets.order_by("opened_at").first().opened_at > NOW - timedelta(days=91)
        by_weekday = Counter(opened_at.weekday() for opened_at in tickets.values_list("opened_at", flat=True))
        assert by_weekday[0] > by_weekday[4] > 5 * by_weekday[5]

    def test_keeps_most_promises_and_breaks_some(self):
        ended = Clock.objects.counted().exclude(ended_at=None)
        late = ended.breached(NOW)
        assert 0.90 <= 1 - late.count() / ended.count() <= 0.96
        by_service = {
            key: 1 - late.filter(ticket__service__key=key).count() / ended.filter(ticket__service__key=key).count()
            for key in OUTLINES
        }
        assert max(by_service.values()) - min(by_service.values()) > 0.04
        assert late.filter(metric=Metric.RESOLUTION, ticket__internalnotes__body__startswith="Promise missed").exists()

    def test_leaves_no_clock_running_and_sends_no_mail(self):
        ended = Ticket.objects.filter(phase__in=["closed", "cancelled", "resolved"])
        assert not Clock.objects.live().filter(ticket__in=ended).exists()
        assert not ended.exclude(next_due_at=None).exists()
        unsent = Outbox.objects.filter(done_at=None)
        assert all(row.created_at >= NOW - timedelta(minutes=30) for row in unsent)
        assert Outbox.objects.count() < 300

    def test_lies_in_the_past_and_in_order(self):
        assert not Event.objects.filter(at__gt=NOW).exists()
        assert not PublicEntry.objects.filter(at__gt=NOW).exists()
        assert not PublicEntry.objects.filter(at__lt=F("ticket__opened_at")).exists()
        assert not Ticket.objects.filter(resolved_at__lt=F("opened_at")).exists()
        assert not Ticket.objects.filter(closed_at__lt=F("resolved_at")).exists()

    def test_pauses_reopens_and_warns(self):
        names = Counter(Event.objects.values_list("name", flat=True))
        assert (
            min(names[name] for name in ("incident.held", "incident.reopened", "incident.cancelled", "sla.warned")) > 5
        )

    def test_speaks_chinese_with_the_chinese_customer(self):
        ours = Ticket.objects.filter(organisation__name="华章物流")
        assert ours.count() > 200
        assert all(CHINESE.search(subject) for subject in ours.values_list("subject", flat=True))
        entries = PublicEntry.objects.values_list("ticket__organisation__name", "body")
        assert {name for name, body in entries if CHINESE.search(body)} == {"华章物流"}
        assert {name for name, body in entries if not CHINESE.search(body)} == {"Tidewell Foods"}

    def test_fills_every_name_in(self):
        bodies = [
            *PublicEntry.objects.values_list("body", flat=True),
            *InternalNote.objects.values_list("body", flat=True),
        ]
        assert not [body for body in bodies if "{" in body or not body.strip()]


@pytest.mark.usefixtures("demo")
class TestToday:
    def test_has_incidents_in_every_state(self):
        states = Counter(Incident.objects.exclude(state__in=["closed"]).values_list("state", flat=True))
        assert min(states[state] for state in ("new", "in_progress", "on_hold", "resolved")) >= 5
        assert 35 <= Ticket.objects.active().count() <= 46
        assert Ticket.objects.active().filter(assignee=None).count() >= 5
        reasons = set(Ticket.objects.filter(phase="waiting").values_list("waiting_reason", flat=True))
        assert reasons == {"requester", "supplier", "scheduled", "problem", "change"}

    def test_has_clocks_that_run_out_within_minutes(self):
        soon = Clock.objects.running().filter(due_at__gt=NOW, due_at__lte=NOW + timedelta(minutes=25))
        assert soon.count() >= 6
        assert soon.filter(due_at__lte=NOW + timedelta(minutes=5)).exists()

    def test_leaves_them_to_the_worker(self):
        assert sweep_due_clocks(now=NOW) == 0
        assert sweep_due_clocks(now=NOW + timedelta(minutes=5)) >= 1

    def test_has_told_of_what_is_late_already(self):
        late = Clock.objects.running().breached(NOW)
        assert late.count() >= 4
        for clock in late:
            assert Event.objects.filter(subject_id=clock.ticket_id, name="sla.breached").exists()

    def test_the_logins_have_something_of_their_own(self):
        for name in ("Clara Whitmore", "王敏"):
            mine = Ticket.objects.filter(requester__name=name)
            assert {"new", "waiting", "resolved"} <= set(mine.values_list("phase", flat=True))
        assert Ticket.objects.active().filter(assignee__name="Alex Duarte").count() >= 4


class TestScenes:
    @pytest.mark.parametrize("language", SCENES)
    def test_name_only_what_is_filled_in(self, language):
        names = {"place", "device", "number", "name", "agent"}
        texts = [
            text
            for scene in SCENES[language]
            for text in (
                scene.subject,
                scene.body,
                scene.answer,
                scene.question,
                scene.reply,
                scene.note,
                scene.resolution,
            )
        ]
        phrases = PHRASES[language]
        texts += [
            *phrases.thanks,
            *phrases.again,
            *phrases.late,
            *phrases.supplier,
            *phrases.withdrawn,
            *phrases.chasing,
        ]
        assert {name for text in texts for name in re.findall(r"{(\w*)}", text)} <= names

    @pytest.mark.parametrize("language", SCENES)
    def test_name_devices_where_there_are_some(self, language):
        naming = {scene.service for scene in SCENES[language] if "{device}" in scene.subject + scene.body + scene.reply}
        assert naming <= set(PHRASES[language].devices)

    @pytest.mark.parametrize("language", SCENES)
    def test_a_question_has_its_reply(self, language):
        assert all(bool(scene.question) == bool(scene.reply) for scene in SCENES[language])
