"""The production shape cannot run here; what can be checked without an engine is checked: every variable it sets is read,
every command exists, nothing secret has a default."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from itsm import env, schedule

ROOT = Path(settings.BASE_DIR)
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
OURS = ["migrate", "web", "worker", "beat"]
SECRETS = {"SECRET_KEY", "APP_PASSWORD", "OWNER_PASSWORD", "POSTGRES_PASSWORD"}


@pytest.mark.parametrize("name", OURS)
def test_every_variable_it_sets_is_read(name):
    assert set(COMPOSE["services"][name]["environment"]) - env.READ == set()


def test_every_variable_of_the_image_is_read_by_somebody():
    text = (ROOT / "Dockerfile").read_text()
    known = env.READ | {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
    assert set(re.findall(r"\b([A-Z_]{3,})=", text)) - known == set()


def test_example_names_every_variable_without_a_default():
    wanted = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    offered = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert wanted - offered == set()


def test_nothing_secret_has_a_default():
    text = (ROOT / "docker-compose.yml").read_text()
    assert {name for name in SECRETS if re.search(rf"\$\{{{name}:-", text)} == set()
    example = (ROOT / ".env.example").read_text()
    assert {name for name in SECRETS if re.search(rf"^{name}=.+", example, re.MULTILINE)} == set()


def test_only_the_migration_knows_the_owner():
    knows = [name for name in OURS if "DATABASE_OWNER_URL" in COMPOSE["services"][name]["environment"]]
    assert knows == ["migrate"]


def test_worker_serves_every_queue_of_the_schedule():
    command = COMPOSE["services"]["worker"]["command"]
    queues = set(command[command.index("-Q") + 1].split(","))
    assert {entry["options"]["queue"] for entry in schedule.BEAT.values()} <= queues


def test_every_task_waits_for_what_it_needs():
    for name in ("web", "worker", "beat"):
        needs = COMPOSE["services"][name]["depends_on"]
        assert needs["migrate"] == {"condition": "service_completed_successfully"}
        assert COMPOSE["services"][name]["init"] is True


def test_mail_catcher_is_for_developers_only():
    assert COMPOSE["services"]["mailpit"]["profiles"] == ["dev"]


def test_image_runs_as_a_user_who_owns_nothing():
    text = (ROOT / "Dockerfile").read_text()
    assert text.index("USER portico") > text.index("collectstatic")


def test_roles_script_is_a_shell_script():
    subprocess.run(["sh", "-n", str(ROOT / "docker" / "roles.sh")], check=True)


def test_runtime_lock_names_no_tool_of_development():
    names = set(re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements-run.lock").read_text(), re.MULTILINE))
    assert names & {"pytest", "mypy", "ruff", "playwright", "hypothesis"} == set()
    development = set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    runtime = set(re.findall(r"^([a-z0-9-]+==\S+)", (ROOT / "requirements-run.lock").read_text(), re.MULTILINE))
    assert runtime - development == set()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-run.lock"])
def test_no_registry_address_stands_in_a_lock(name):
    assert "://" not in (ROOT / name).read_text()
