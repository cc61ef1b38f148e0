"""`manage.py check --deploy` has nothing to say of what docker-compose.yml describes, and speaks up where it should."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

from core import checks
from tests.itsm.test_compose import environment

GIVEN = {
    "SECRET_KEY": "0123456789abcdef" * 4,
    "SITE_URL": "https://desk.example.com",
    "MAIL_FROM": "Portico <desk@example.com>",
    "SMTP_HOST": "smtp.example.com",
}


def production(**more: str) -> dict[str, str]:
    """The environment of the web service, filled in, in the image."""

    def fill(match: re.Match[str]) -> str:
        name, sign, rest = match.groups()
        return GIVEN.get(name, rest if sign == ":-" else "secret")

    filled = {name: re.sub(r"\$\{(\w+)(:[-?])?([^}]*)\}", fill, value) for name, value in environment("web").items()}
    filled.pop("PROMETHEUS_MULTIPROC_DIR")
    filled["DATABASE_OWNER_URL"] = "postgres://portico_owner:secret@postgres:5432/portico"
    return {"PATH": os.environ["PATH"], "PRODUCTION": "1", "STATIC_MANIFEST": "1", **filled, **more}


def check(env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    return subprocess.run(command, env=env, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)


class TestDeployCheck:
    def test_is_clean_for_the_composed_production(self, tmp_path):
        done = check(production(VAR_DIR=str(tmp_path)))
        assert (done.returncode, done.stderr.count("portico.")) == (0, 0), done.stderr
        assert "no issues" in done.stdout

    def test_speaks_up_for_each_weakness(self, tmp_path):
        weak = production(VAR_DIR=str(tmp_path), SITE_URL="http://desk.example.com", SMTP_HOST="", PORTICO_DEMO="1")
        weak["DATABASE_OWNER_URL"] = weak["DATABASE_URL"]
        done = check(weak)
        assert done.returncode != 0
        for problem in ("portico.W001", "portico.W002", "portico.E001", "security.W004", "security.W012"):
            assert problem in done.stderr, problem

    def test_production_invents_no_secret(self, tmp_path):
        without = {name: value for name, value in production(VAR_DIR=str(tmp_path)).items() if name != "SECRET_KEY"}
        done = check(without)
        assert done.returncode != 0
        assert "production does not invent one" in done.stderr


class TestOurChecks:
    @pytest.mark.parametrize(("owner", "ids"), [("portico_owner", []), ("portico_app", ["portico.W001"])])
    def test_two_roles_are_told_from_one(self, monkeypatch: pytest.MonkeyPatch, owner: str, ids: list[str]):
        monkeypatch.setitem(settings.DATABASES["default"], "USER", "portico_app")
        monkeypatch.setitem(settings.DATABASES["owner"], "USER", owner)
        assert [message.id for message in checks.one_role_for_everything()] == ids
