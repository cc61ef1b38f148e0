"""Keep the forecast's table fresh, and measure how good it is."""

from dataclasses import asdict
from datetime import datetime, timedelta

from django.core.cache import cache
from django.core.exceptions import PermissionDenied

from accounts.models import User
from journal import jobs
from journal.models import Job
from journal.services import record_event
from slas import policies
from slas.forecast.calibration import Report
from slas.forecast.model import Table
from slas.forecast.samples import FORETOLD, history_mark, read_samples, samples_of_metric

KIND = "slas.calibrate"
TABLE_KEY = "slas:forecast"
FRESH = timedelta(hours=1)
KEPT = timedelta(hours=26)
SUBJECT_KIND = "forecast"
CALIBRATED = "forecast.calibrated"


def refresh_table(*, now: datetime) -> bool:
    """Learn anew, where the table is missing or an hour old and something has ended since. True if it was made. Losing the
    cache loses nothing: the next call makes it again."""
    table: Table | None = cache.get(TABLE_KEY)
    if table is not None and now - table.made_at < FRESH:
        return False
    mark = history_mark(now=now)
    if table is not None and table.mark == mark:
        table.made_at = now
        cache.set(TABLE_KEY, table, KEPT.total_seconds())
        return False
    cache.set(TABLE_KEY, Table(read_samples(now=now), made_at=now, mark=mark), KEPT.total_seconds())
    return True


def start_calibration(*, actor: User, now: datetime) -> Job:
    """Ask for a measurement as a job. Raises PermissionDenied."""
    if not policies.can_calibrate(actor):
        raise PermissionDenied
    return jobs.start(kind=KIND, params={}, owner=actor, now=now)


def take_step(job: Job, now: datetime) -> bool:
    """journal.jobs' step: one metric. The last one writes the fact."""
    place = job.cursor or 0
    report = Report(**job.result)
    report.assess(FORETOLD[place], list(samples_of_metric(FORETOLD[place], now=job.created_at)))
    job.result = asdict(report)
    job.cursor, job.n_done, job.n_total = place + 1, place + 1, len(FORETOLD)
    if place + 1 < len(FORETOLD):
        return True
    _write_down(report, job.owner, now)
    return False


def calibrate_forecast(*, now: datetime) -> Report:
    """The same at once, by the system itself."""
    report = Report()
    for metric in FORETOLD:
        report.assess(metric, list(samples_of_metric(metric, now=now)))
    _write_down(report, None, now)
    return report


def _write_down(report: Report, actor: User | None, now: datetime) -> None:
    """Append the fact; the newest is what the page shows."""
    record_event(name=CALIBRATED, subject_kind=SUBJECT_KIND, subject_id=0, actor=actor, at=now, data=asdict(report))
