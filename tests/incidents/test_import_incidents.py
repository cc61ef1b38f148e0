"""manage.py import_incidents on real rows: 500 whole incidents of a real organisation (tests/data/README.md)."""

import csv
import gc
import tracemalloc
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Organisation, Team, User
from incidents.importing import services
from incidents.management.commands import import_incidents
from incidents.models import Incident
from incidents.states import State
from journal.models import Event, Outbox
from slas.models import Clock, Escalation, Metric
from tests.incidents.logs import SAMPLE, line, row, sample_rows, write_log
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _folder_for_rejects(settings, tmp_path):
    settings.VAR_DIR = tmp_path


def run(path, **options):
    """What the command printed."""
    out = StringIO()
    call_command("import_incidents", str(path), format="servicenow-log", stdout=out, **options)
    return out.getvalue()


def figure(text, label):
    """The number that the report gives under this label."""
    [found] = [each for each in text.splitlines() if each.strip().startswith(label)]
    return int(found.replace(label, "").split()[0].replace(",", ""))


def rejects(path):
    with path.open(newline="", encoding="utf-8") as file:
        return [(int(each["line"]), each["number"], each["reason"]) for each in csv.DictReader(file)]


class TestTheWholeSample:
    def test_comes_in_with_true_times_and_without_a_sound(self, agreement):
        said = run(SAMPLE)
        assert figure(said, "incidents imported") == 500
        assert figure(said, "lines rejected") == 0
        tickets = Ticket.objects.filter(external_source="servicenow-log")
        assert tickets.count() == 500
        assert tickets.filter(phase="closed").count() == 500
        assert not Outbox.objects.exists()
        assert not Escalation.objects.exists()
        assert not Clock.objects.live().exists()
        assert not tickets.exclude(next_due_at=None).exists()
        assert Clock.objects.counted().count() == 500
        assert set(Clock.objects.values_list("metric", flat=True)) == {Metric.RESOLUTION}
        # 3,395 updates, one "opened" and one "imported" each, nothing dated after the log but the import's own record
        assert Event.objects.filter(name="incident.opened").count() == 500
        assert Event.objects.exclude(name="incident.imported").filter(at__year__gt=2017).count() == 0
        assert Event.objects.filter(name="incident.reopened", data__contains={"from": "closed"}).count() == 5
        [in_time, late] = [each.split()[-2:] for each in said.splitlines() if each.startswith("  source ")]
        assert [int(n) for n in in_time] == [237, 4]  # (ours in time, ours breached)
        assert [int(n) for n in late] == [109, 150]

    def test_twice_is_once(self, agreement):
        run(SAMPLE)
        before = (Ticket.objects.count(), Event.objects.count(), Clock.objects.count(), User.objects.count())
        said = run(SAMPLE)
        assert (figure(said, "incidents imported"), figure(said, "incidents already here")) == (0, 500)
        assert before == (Ticket.objects.count(), Event.objects.count(), Clock.objects.count(), User.objects.count())


class TestImportIncidents:
    def test_keeps_the_sources_number_beside_ours(self, tmp_path, agreement):
        run(write_log(tmp_path / "log.csv", *sample_rows("INC0000638")))
        ticket = Ticket.objects.get(external_id="INC0000638")
        assert ticket.number.startswith("INC-")
        assert ticket.incident.state == State.CLOSED
        assert Event.objects.get(subject_id=ticket.pk, name="incident.imported").data["updates"] == 4

    def test_makes_people_without_a_login(self, tmp_path, agreement):
        run(write_log(tmp_path / "log.csv", row()), organisation="Harbour Board")
        caller = User.objects.get(name="Caller 1")
        assert (caller.email, caller.is_active, caller.has_usable_password()) == (
            "caller-1@servicenow-log.invalid", False, False,
        )  # fmt: skip
        assert caller.organisation == Organisation.objects.get(name="Harbour Board", kind=Organisation.Kind.CUSTOMER)
        assert User.objects.get(name="Resolver 1").organisation.kind == Organisation.Kind.INTERNAL
        assert Team.objects.get(name="Group 1").organisation.kind == Organisation.Kind.INTERNAL

    def test_tells_people_of_alike_names_apart(self, tmp_path, agreement):
        names = ("王伟", "李娜", "Caller 1", "caller-1")
        run(write_log(tmp_path / "log.csv", *(row(number=f"INC{n}", caller_id=name) for n, name in enumerate(names))))
        assert [ticket.requester.name for ticket in Ticket.objects.order_by("external_id")] == list(names)

    def test_says_that_the_file_has_more_of_an_incident(self, tmp_path, agreement):
        run(write_log(tmp_path / "log.csv", row()))
        said = run(write_log(tmp_path / "log.csv", row(), row(incident_state="Active")))
        assert figure(said, "of which the file tells more") == 1
        assert Incident.objects.get().state == State.NEW

    def test_brings_scattered_lines_together(self, tmp_path, agreement):
        rows = sample_rows("INC0000638", "INC0001452", "INC0001984")
        said = run(write_log(tmp_path / "log.csv", *rows[::2], *rows[1::2]))
        assert "sorted first" in said
        assert figure(said, "incidents imported") == 3
        assert Event.objects.filter(name="incident.held").count() == 4

    def test_measures_by_the_agreement_that_is_named(self, tmp_path, agreement, acme):
        agreement.customer = acme
        agreement.save()
        log = write_log(tmp_path / "log.csv", row())
        assert "no clocks" in run(log, dry_run=True)
        run(log, agreement="Gold")
        assert Clock.objects.get().agreement == agreement

    def test_refuses_an_agreement_a_zone_and_a_file_that_do_not_exist(self, tmp_path, agreement):
        log = write_log(tmp_path / "log.csv", row())
        with pytest.raises(CommandError, match="no agreement 'Tin'"):
            run(log, agreement="Tin")
        with pytest.raises(CommandError, match="'Lisbon' is no time zone"):
            run(log, time_zone="Lisbon")
        with pytest.raises(CommandError, match="cannot be read"):
            run(tmp_path / "none.csv")
        assert not Organisation.objects.exists()


class TestDryRun:
    def test_says_the_same_and_writes_nothing(self, tmp_path, agreement):
        bad = row(number="INC8", opened_at="31/2/2016 10:00")
        log = write_log(tmp_path / "log.csv", *sample_rows("INC0000638", "INC0001894"), bad)
        before = (User.objects.count(), Organisation.objects.count(), Team.objects.count())
        with CaptureQueriesContext(
            connection,
        ) as queries:
            dry = run(log, dry_run=True)
        assert not [
            query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "SELECT nextval"))
        ]
        assert before == (User.objects.count(), Organisation.objects.count(), Team.objects.count())
        assert not Ticket.objects.exists()
        assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]
        wet = run(log)
        assert dry.splitlines()[0] == "Dry run: nothing was written."
        rest = [each for each in dry.splitlines()[1:-1] if "rejected" not in each]
        assert rest == [each for each in wet.splitlines()[1:-1] if "rejected" not in each]


class TestRejects:
    def test_names_line_and_reason_and_goes_on(self, tmp_path, agreement):
        log = write_log(
            tmp_path / "log.csv",
            row(number="INC1"),
            row(number="INC2", sys_updated_at="30/2/2016 10:00"),
            b"INC3,New,true",
            line(row(number="INC4")).replace(b"Category", b"Categor\xff"),
            row(number=""),
            row(number="INC5"),
        )
        said = run(log)
        assert (figure(said, "incidents imported"), figure(said, "lines rejected")) == (2, 4)
        assert sorted(rejects(tmp_path / "log.csv.rejects.csv")) == [
            (3, "INC2", "sys_updated_at: '30/2/2016 10:00' is no real date: day is out of range for month"),
            (4, "INC3", "broken CSV: 36 fields expected, 3 found"),
            (5, "INC4", "not UTF-8: byte 0xff at 109"),
            (6, "", "the number is missing"),
        ]
        assert sorted(Ticket.objects.values_list("external_id", flat=True)) == ["INC1", "INC5"]

    def test_leaves_no_incident_half_written(self, tmp_path, agreement):
        broken = row(incident_state="Resolved", sys_updated_at="1/13/2016 10:00")
        log = write_log(tmp_path / "log.csv", row(), broken, row(incident_state="Closed"))
        said = run(log, rejects=tmp_path / "bad.csv")
        assert (figure(said, "incidents rejected"), figure(said, "lines rejected")) == (1, 3)
        beside = "line 3 of the same incident cannot be read"
        assert [(number, reason) for number, _incident, reason in rejects(tmp_path / "bad.csv")] == [
            (2, beside), (3, "sys_updated_at: '1/13/2016 10:00' is no real date: month must be in 1..12"), (4, beside),
        ]  # fmt: skip
        assert not Ticket.objects.exists()
        broken["sys_updated_at"] = "1/3/2016 10:30"
        run(write_log(log, row(), broken, row(incident_state="Closed")))
        assert Incident.objects.get().state == State.CLOSED

    def test_makes_no_file_when_nothing_is_rejected(self, tmp_path, agreement):
        run(write_log(tmp_path / "log.csv", row()))
        assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]

    def test_puts_aside_the_one_incident_the_database_refuses(self, tmp_path, agreement, monkeypatch):
        write = services.write_incidents

        def refuse_one(past):
            for each in past:
                if each.ticket.external_id == "INC2":
                    each.ticket.external_id = "x" * 81  # more than the column takes
            write(past)

        monkeypatch.setattr(services, "write_incidents", refuse_one)
        said = run(write_log(tmp_path / "log.csv", *(row(number=f"INC{n}") for n in (1, 2, 3))))
        assert (figure(said, "incidents imported"), figure(said, "incidents rejected")) == (2, 1)
        [(number, incident, reason)] = rejects(tmp_path / "log.csv.rejects.csv")
        assert (number, incident) == (3, "INC2")
        assert reason.startswith("the database refused it: value too long")
        assert Event.objects.filter(name="incident.opened").count() == 2


class TestMemory:
    @pytest.fixture(autouse=True)
    def _collects_after_each_batch(self, monkeypatch):
        """Rows in circles are collected at once, or the peak would tell when the collector happened to run."""
        monkeypatch.setattr(import_incidents, "ProgressBar", lambda *_args: lambda *_counts: gc.collect())

    def peak(self, path):
        """Bytes."""
        tracemalloc.start()
        try:
            run(path, dry_run=True)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def test_does_not_grow_with_the_file(self, tmp_path, agreement, monkeypatch):
        """The same 60 incidents once and four times over, under other numbers."""
        monkeypatch.setattr(services, "BATCH", 20)
        rows = [row(number=f"INC{n:05}", caller_id=f"Caller {n % 20}", incident_state=state, sys_updated_at=f"1/3/2016 1{hour}:05")
                for n in range(240) for hour, state in enumerate(("New", "Active", "Resolved", "Closed"))]  # fmt: skip
        small, large = write_log(tmp_path / "s.csv", *rows[:240]), write_log(tmp_path / "l.csv", *rows)
        self.peak(large)  # what is loaded once, and the caches of values, which are bounded
        assert self.peak(large) < 1.1 * self.peak(small)
