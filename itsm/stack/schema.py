"""Is the database of the embedded cluster as new as the code? Asking Django takes five seconds of every start."""

import hashlib
from contextlib import closing
from pathlib import Path

import psycopg2

from itsm.stack.programs import PROJECT


def fingerprint(login: dict[str, str]) -> str:
    """Changes with the applied migrations (so a restored dump is noticed), our migration files and the lock file."""
    with closing(psycopg2.connect(**login)) as session, session.cursor() as cursor:
        cursor.execute("SELECT to_regclass('django_migrations') IS NOT NULL")
        if cursor.fetchone() == (True,):
            cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        applied = cursor.fetchall()
    files = sorted(str(path.relative_to(PROJECT)) for path in PROJECT.glob("*/migrations/*.py"))
    installed = (PROJECT / "requirements.lock").read_bytes()
    return hashlib.sha256(repr((applied, files, installed)).encode()).hexdigest()


def is_current(var: Path, found: str) -> bool:
    marker = var / "migrated.sha256"
    return marker.exists() and marker.read_text() == found


def remember(var: Path, found: str) -> None:
    (var / "migrated.sha256").write_text(found)
