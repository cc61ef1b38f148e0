"""The beat table: every periodic task in one list, each with `expires`, and the scheduler that leads by lock.

A task that waited longer than it expires is dropped by the worker: the next tick says "look now" again, so nothing is
lost. Two beats are harmless: only the holder of a PostgreSQL advisory lock ticks.
"""

import logging
from typing import Any

import psycopg2
from celery.beat import Scheduler
from celery.schedules import crontab
from django.conf import settings

logger = logging.getLogger(__name__)

BEAT: dict[str, Any] = {
    "sweep due clocks": {"task": "slas.tasks.sweep_due_clocks", "schedule": 1.0, "options": {"queue": "timers", "expires": 5}},
    "dispatch the outbox": {"task": "mail.tasks.dispatch_outbox", "schedule": 1.0, "options": {"queue": "mail", "expires": 5}},
    "call webhooks": {"task": "journal.tasks.call_webhooks", "schedule": 1.0, "options": {"queue": "default", "expires": 5}},
    "refresh the forecast": {"task": "slas.tasks.refresh_forecast", "schedule": 60.0, "options": {"queue": "reports", "expires": 50}},
    "calibrate the forecast": {"task": "slas.tasks.calibrate_forecast", "schedule": crontab(hour="3", minute="40"), "options": {"queue": "reports", "expires": 3600}},
    "run jobs": {"task": "journal.tasks.run_jobs", "schedule": 2.0, "options": {"queue": "reports", "expires": 5}},
    "close resolved incidents": {"task": "incidents.tasks.close_resolved", "schedule": crontab(minute="*/10"), "options": {"queue": "default", "expires": 600}},
    "purge answered API calls": {"task": "api.tasks.purge_calls", "schedule": crontab(minute="40"), "options": {"queue": "default", "expires": 3600}},
    "purge the outbox": {"task": "journal.tasks.purge_outbox", "schedule": crontab(hour="3", minute="10"), "options": {"queue": "default", "expires": 3600}},
    "clear old sessions": {"task": "accounts.tasks.clear_sessions", "schedule": crontab(hour="3", minute="20"), "options": {"queue": "default", "expires": 3600}},
}  # fmt: skip

LEADER_LOCK = 0x506F7274  # "Port": the advisory lock that the leading beat holds


class LeaderScheduler(Scheduler):
    """A static schedule that ticks only while this process holds the leader's lock.

    The lock belongs to a database session: when the leader dies, PostgreSQL frees it and the next beat leads. Needs a
    direct connection (not PgBouncer's transaction pooling).
    """

    _session: Any = None

    def setup_schedule(self) -> None:
        self.merge_inplace(BEAT)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        if not self._leads():
            return 0.25
        return min(super().tick(*args, **kwargs), 1.0)

    def _leads(self) -> bool:
        try:
            if self._session is None:
                self._session = self._connect()
                with self._session.cursor() as cursor:
                    cursor.execute("SELECT pg_try_advisory_lock(%s)", [LEADER_LOCK])
                    leads = cursor.fetchone()[0]
                if not leads:
                    self._session.close()
                    self._session = None
                return leads
            with self._session.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.Error as error:
            logger.warning("beat has no database session, not leading: %s", str(error).strip())
            self._session = None
            return False
        return True

    @staticmethod
    def _connect() -> Any:
        database = settings.DATABASES["default"]
        session = psycopg2.connect(
            dbname=database["NAME"], user=database["USER"], password=database["PASSWORD"], host=database["HOST"],
            port=database["PORT"] or None, connect_timeout=3, keepalives_idle=5, keepalives_interval=2, keepalives_count=3,
        )  # fmt: skip
        session.autocommit = True
        return session
