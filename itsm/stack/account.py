"""Whom a server runs as, and the folders it owns. Only PostgreSQL drops to another user, and only under root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from itsm.stack.endpoints import UnusableVar

SERVER_USERS = ("itsm", "postgres", "nobody")  # under root: the first one that exists
CLEAN_ENV = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}  # no PG* variable of the caller reaches the server


@dataclass(frozen=True)
class Account:
    """A system user; None = whoever started us."""

    uid: int | None = None
    gid: int | None = None

    def drop(self) -> dict[str, Any]:
        """Arguments of subprocess that hand the child over to this account."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}


def own_folder(folder: Path, account: Account) -> None:
    """Make sure that `folder` is a real folder of ours (or of the server's user), closed to everybody else."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.getuid(), account.uid):
            raise UnusableVar(f"{folder} is not a folder of ours: remove it or choose another VAR=.") from None
    if account.uid is not None and account.gid is not None:
        os.chown(folder, account.uid, account.gid)
    folder.chmod(0o700)


def server_account(data: Path) -> Account:
    owner = data.stat().st_uid if data.exists() else None
    if os.getuid() != 0:
        if owner not in (None, os.getuid()):
            raise UnusableVar(
                f"{data} belongs to another user (uid {owner}): start as that user or choose another VAR=."
            )
        return Account()
    if owner:
        return Account(owner, data.stat().st_gid)
    for name in SERVER_USERS:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(user.pw_uid, user.pw_gid)
    raise UnusableVar(f"PostgreSQL does not run as root and there is none of the users {', '.join(SERVER_USERS)}.")
