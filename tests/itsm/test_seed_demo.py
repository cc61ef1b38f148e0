"""manage.py seed_demo: once, only where it is asked for, and never among real data."""

import stat
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Organisation, User
from itsm.demo.people import LOGINS, address
from itsm.demo.plots import PLOTS
from itsm.demo.seed import seed
from journal.models import Event
from slas.models import Clock
from tickets.models import Ticket

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def run(**options):
    out = StringIO()
    call_command("seed_demo", stdout=out, **options)
    return out.getvalue()


class TestSeedDemo:
    @pytest.fixture(autouse=True)
    def _small(self, settings, tmp_path, monkeypatch, db):
        settings.DEMO, settings.VAR_DIR = True, tmp_path
        monkeypatch.setattr("itsm.demo.months.N_INCIDENTS", 20)
        monkeypatch.setattr("itsm.demo.months.N_OF_OUTAGE", 1)
        monkeypatch.setattr("itsm.demo.today.PLOTS", PLOTS[:4])

    def test_writes_logins_that_work(self, settings):
        run()
        path = settings.VAR_DIR / "demo-logins.txt"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        password = path.read_text().splitlines()[0].rpartition(" ")[2]
        for name in LOGINS.values():
            assert address(name) in path.read_text()
            assert User.objects.get(email=address(name)).check_password(password)
        assert User.objects.get(name="Viktor Hale").has_usable_password() is False
        client = Client()
        client.post("/account/login/", {"login": address("Clara Whitmore"), "password": password})
        assert "_auth_user_id" in client.session

    def test_a_second_time_does_nothing(self, settings):
        run()
        before = (Ticket.objects.count(), Event.objects.count(), (settings.VAR_DIR / "demo-logins.txt").read_text())
        assert run() == "0 incidents of the last 90 days, 0 open today.\n"
        assert before == (
            Ticket.objects.count(),
            Event.objects.count(),
            (settings.VAR_DIR / "demo-logins.txt").read_text(),
        )

    def test_writes_lost_logins_again(self, settings):
        run()
        (settings.VAR_DIR / "demo-logins.txt").unlink()
        run()
        password = (settings.VAR_DIR / "demo-logins.txt").read_text().splitlines()[0].rpartition(" ")[2]
        assert User.objects.get(email=address("Clara Whitmore")).check_password(password)

    def test_plays_todays_queue_again_when_forced(self):
        run()
        n_past = Ticket.objects.filter(phase="closed").count()
        n_open = Ticket.objects.active().count()
        assert run(force=True).startswith("0 incidents of the last 90 days, 4 open today.")
        assert Ticket.objects.filter(phase="closed").count() == n_past
        assert Ticket.objects.active().count() == 2 * n_open
        assert User.objects.filter(name="Clara Whitmore").count() == 1

    def test_refuses_without_the_demo_switch(self, settings):
        settings.DEMO = False
        with pytest.raises(CommandError, match="PORTICO_DEMO is not set"):
            run()
        assert not User.objects.exists()

    def test_refuses_a_real_desk(self, alice):
        with pytest.raises(CommandError, match="people who are not the demo's"):
            run()
        with pytest.raises(CommandError, match="people who are not the demo's"):
            run(force=True)
        assert User.objects.get() == alice

    def test_is_the_same_desk_at_any_hour(self, monkeypatch):
        """A Sunday night has the same open queue: nothing fails because nobody works."""
        monkeypatch.setattr("itsm.demo.today.PLOTS", PLOTS)
        monkeypatch.setattr("itsm.demo.months.N_INCIDENTS", 0)
        monkeypatch.setattr("itsm.demo.months.N_OF_OUTAGE", 0)
        sunday_night = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
        seed(now=sunday_night)
        assert 35 <= Ticket.objects.active().count() <= 46
        assert Clock.objects.running().filter(
            due_at__gt=sunday_night, due_at__lte=sunday_night + timedelta(minutes=25)
        ).count() >= 6  # fmt: skip
        assert not Event.objects.filter(at__gt=sunday_night).exists()


def test_seed_is_all_or_nothing(db, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("power cut")

    monkeypatch.setattr("itsm.demo.months.N_INCIDENTS", 5)
    monkeypatch.setattr("itsm.demo.seed.live_through", fail)
    with pytest.raises(RuntimeError):
        seed(now=NOW)
    assert not Organisation.objects.exists()
    assert not Ticket.objects.exists()
