"""`manage.py check --deploy` has nothing to say about the settings that docker-compose.yml makes."""

import os
import subprocess
import sys

from django.conf import settings

PRODUCTION = {
    "SECRET_KEY": "x7Jq2mW9vK4tR8bN3cP6yD1fH5gL0sA-zXuEoIiTnQwVrMkBjPz4",
    "SITE_URL": "https://desk.example.org",
    "DATABASE_URL": "postgres://portico_app:secret@db:5432/portico",
    "DATABASE_OWNER_URL": "postgres://portico_owner:secret@db:5432/portico",
    "REDIS_URL": "redis://redis:6379/0",
    "PRODUCTION": "1",
    "TRUSTED_PROXIES": "1",
    "LOG_LEVEL": "ERROR",
}


def check(**environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG", "VIRTUAL_ENV"}}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], cwd=settings.BASE_DIR,
        env={**kept, "VAR_DIR": "/nonexistent", **environment}, capture_output=True, text=True,
    )  # fmt: skip


def test_finds_nothing():
    result = check(**PRODUCTION)
    assert (result.returncode, result.stdout) == (0, "System check identified no issues (0 silenced).\n"), result.stderr


def test_production_does_not_invent_a_secret():
    result = check(**{**PRODUCTION, "SECRET_KEY": ""})
    assert result.returncode != 0
    assert "SECRET_KEY is not set" in result.stderr
