"""The demo's logins: one password for all of them, made once per data folder and written where only its owner reads."""

import os
import secrets
from pathlib import Path

from itsm.demo.people import LOGINS, address, set_password

NAME = "demo-logins.txt"
WORDS = (
    "amber", "anchor", "beacon", "cedar", "copper", "harbour", "island", "juniper", "lantern", "maple", "meadow",
    "orchard", "pebble", "quartz", "river", "saffron", "silver", "summit", "timber", "walnut", "willow", "winter",
)  # fmt: skip
N_WORDS, DIGITS = 3, 10_000


def make_logins(folder: Path) -> None:
    """Give the demo's people a new password and write it down, with their addresses."""
    password = "-".join([*(secrets.choice(WORDS) for _each in range(N_WORDS)), f"{secrets.randbelow(DIGITS):04}"])
    set_password(password)
    width = max(len(address(name)) for name in LOGINS.values())
    lines = [f"Demo logins, all with the password {password}"]
    lines += [f"  {address(name):<{width}}  {role}" for role, name in LOGINS.items()]
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / NAME, "\n".join(lines) + "\n")


def _write(path: Path, text: str) -> None:
    """All of it or nothing, readable by its owner only."""
    draft = path.with_suffix(".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
