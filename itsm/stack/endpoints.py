"""Where the embedded stack of one VAR folder listens, and its secrets. No Django, no subprocess: settings read this.

    load(var) -> Endpoints(database_url, owner_url, redis_url, secret_key)

Both servers listen on unix sockets only, in `var/run`. A socket's path may be 103 bytes long; where `var` is longer, the
sockets move to a private folder under /tmp whose name is derived from the path of `var`.
"""

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

DATABASE = "portico"
APP_ROLE = "portico_app"
OWNER_ROLE = "portico_owner"
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "vk.sock"
LONGEST_SOCKET_PATH = 103  # bytes: sun_path of the shortest kernel (108 on Linux, 104 on BSD) without its NUL
SECRETS = ("stack_id", "secret_key", "superuser_password", "owner_password", "app_password", "valkey_password")


class UnusableVar(Exception):
    """The data folder cannot be used; the message is one sentence for the person at the terminal."""


class Endpoints(NamedTuple):
    """Addresses as django-environ (databases) and kombu (redis) parse them; `secret_key` is Django's."""

    database_url: str
    owner_url: str
    redis_url: str
    secret_key: str


def load(var: Path) -> Endpoints:
    """The endpoints of `var`, whether or not its stack runs. Writes var/secrets.json (0600) when it is missing."""
    known = load_secrets(var)
    run = run_dir(var)
    valkey = quote(str(run / VALKEY_SOCKET))
    return Endpoints(
        database_url=database_url(APP_ROLE, known["app_password"], run),
        owner_url=database_url(OWNER_ROLE, known["owner_password"], run),
        redis_url=f"redis+socket://:{known['valkey_password']}@{valkey}?virtual_host=0",
        secret_key=known["secret_key"],
    )


def database_url(role: str, password: str, socket_dir: Path, name: str = DATABASE) -> str:
    """django-environ takes everything before the last slash of the path as the host: here the socket's folder."""
    return f"postgres://{role}:{password}@:5432/{quote(str(socket_dir), safe='')}/{name}"


def cache_url(redis_url: str) -> str:
    """Celery's spelling of a socket as redis-py and Django's cache spell it; any other address stays as it is."""
    if not redis_url.startswith("redis+socket://"):
        return redis_url
    parts = urlsplit(redis_url)
    number = parse_qs(parts.query).get("virtual_host", ["0"])[0].lstrip("/")
    return f"unix://{parts.netloc}{parts.path}?db={number}"


def run_dir(var: Path) -> Path:
    """The folder of the sockets; it need not exist yet."""
    var = var.resolve()
    if len(os.fsencode(var / "run" / POSTGRES_SOCKET)) <= LONGEST_SOCKET_PATH:
        return var / "run"
    digest = hashlib.sha256(os.fsencode(var)).hexdigest()[:16]
    return Path(f"/tmp/portico-{os.getuid()}-{digest}")  # noqa: S108  its owner is checked before it is used


def load_secrets(var: Path) -> dict[str, str]:
    """The random words of `var`. Made once: whoever links the file into place first wins, the others read it."""
    path = var / "secrets.json"
    try:
        if not path.exists():
            _write(var, path)
        known: dict[str, str] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UnusableVar(f"The data folder {var} cannot be used ({error}): choose another with VAR=.") from error
    if missing := [name for name in SECRETS if name not in known]:
        raise UnusableVar(f"{path} lacks {', '.join(missing)}: put the file back from a backup.")
    return known


def _write(var: Path, path: Path) -> None:
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = var / f".secrets-{secrets.token_hex(8)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({name: secrets.token_hex(32) for name in SECRETS}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
