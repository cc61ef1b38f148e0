"""The database and the broker of a test session: throw-away servers of the same kind as the embedded stack's.

The first process of the session starts tests/guardian.py, which runs both servers and ends them with the session, even
a killed one. The owner's role migrates a template database once; every pytest-xdist worker gets a copy of it. After a
test with real transactions the copy is made anew: that costs 30 ms, the same as TRUNCATE, brings back the rows that
migrations made and needs no rights on append-only tables. DATABASE_URL or REDIS_URL name other servers instead (the
owner's role of DATABASE_OWNER_URL then needs CREATEDB).
"""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import environ
import psycopg2
import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase

from itsm.stack import endpoints
from itsm.stack.postgres import grants

__all__ = ["broker", "django_db_setup", "pytest_configure", "pytest_unconfigure"]

VARIABLE = "PORTICO_TEST_VAR"  # the folder of the session's servers: set by the first process, inherited by the workers
TEMPLATE = "portico_test_template"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
DATABASE = f"portico_test_{WORKER}"

_guardians: list[subprocess.Popen[str]] = []


def pytest_configure(config: pytest.Config) -> None:
    """Under xdist the controller outlives every worker, so it starts the servers for them."""
    if not hasattr(config, "workerinput") and config.getoption("dist", "no") != "no":
        _servers()


def pytest_unconfigure() -> None:
    for guardian in _guardians:
        guardian.communicate()  # closes its standard input and waits for the end


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """Replaces pytest-django's: both aliases, the application's role and the owner's, see this worker's database."""
    var = _servers()
    if not os.environ.get("DATABASE_URL"):
        known = endpoints.load(var)
        settings.DATABASES["default"].update(_place(known.database_url))
        settings.DATABASES["owner"].update(_place(known.owner_url))
    with django_db_blocker.unblock():
        with _one_at_a_time(var):
            if not _exists(TEMPLATE):
                _make_template()
        _use(DATABASE)
        _copy_template()
        TransactionTestCase._fixture_teardown = _start_over  # type: ignore[method-assign]
        yield
        connections.close_all()
        _maintain(f"DROP DATABASE {DATABASE} WITH (FORCE)")


@pytest.fixture
def broker(settings: Any) -> str:
    """The address of an empty broker, which is the cache of this test as well. Workers have one database each."""
    url = os.environ.get("REDIS_URL")
    if not url:
        number = 1 + int(WORKER.removeprefix("gw")) % 15 if WORKER.startswith("gw") else 0
        url = endpoints.load(_servers()).redis_url.replace("virtual_host=0", f"virtual_host={number}")
    redis.Redis.from_url(endpoints.cache_url(url)).flushdb()
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": endpoints.cache_url(url)}}
    settings.REDIS_URL = settings.CELERY_BROKER_URL = url
    return url


def _servers() -> Path:
    """The folder of the session's servers, which run when this returns."""
    if VARIABLE not in os.environ:
        var = tempfile.mkdtemp(prefix="portico-test-")
        command = [sys.executable, "-m", "tests.guardian", var]
        # Its own session: Ctrl-C reaches pytest alone, which then closes the guardian's standard input.
        guardian = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR, start_new_session=True
        )  # fmt: skip
        _guardians.append(guardian)
        assert guardian.stdout is not None
        if guardian.stdout.readline() != "ready\n":
            pytest.exit("The test servers did not start.", 3)
        os.environ[VARIABLE] = var
    return Path(os.environ[VARIABLE])


def _place(url: str) -> dict[str, Any]:
    known = environ.Env.db_url_config(url)
    return {key: known[key] for key in ("HOST", "PORT", "NAME", "USER", "PASSWORD")}


def _use(database: str) -> None:
    connections.close_all()
    for alias in ("default", "owner"):
        settings.DATABASES[alias]["NAME"] = database


def _make_template() -> None:
    app, owner = (settings.DATABASES[alias]["USER"] for alias in ("default", "owner"))
    draft = f"{TEMPLATE}_draft"
    _maintain(f"DROP DATABASE IF EXISTS {draft}")
    _maintain(f"CREATE DATABASE {draft} OWNER {owner}")
    _use(draft)
    with connections["owner"].cursor() as cursor:
        for grant in grants(app, owner):
            cursor.execute(grant)
    call_command("migrate", database="owner", verbosity=0)
    connections.close_all()
    _maintain(f"ALTER DATABASE {draft} RENAME TO {TEMPLATE}")


def _copy_template() -> None:
    _maintain(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
    _maintain(f"CREATE DATABASE {DATABASE} TEMPLATE {TEMPLATE}")


def _start_over(self: TransactionTestCase) -> None:
    connections.close_all()
    _copy_template()


def _exists(database: str) -> bool:
    return bool(_maintain("SELECT 1 FROM pg_database WHERE datname = %s", database))


def _maintain(statement: str, *values: str) -> list[tuple[Any, ...]]:
    """As the superuser of our own cluster, who may end other people's connections; elsewhere as the owner."""
    owner = settings.DATABASES["owner"]
    login = {"user": owner["USER"], "password": owner["PASSWORD"]}
    if not os.environ.get("DATABASE_URL"):
        login = {"user": "postgres", "password": endpoints.load_secrets(_servers())["superuser_password"]}
    place = {"host": owner["HOST"], "port": owner["PORT"] or None, "dbname": "postgres"}
    with closing(psycopg2.connect(**place, **login)) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def _one_at_a_time(var: Path) -> Iterator[None]:
    with (var / "template.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
