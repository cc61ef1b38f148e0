"""Typed readers of the environment that refuse nonsense: a wrong value stops the start with one clear sentence.

Every variable Portico knows is read here and nowhere else; `READ` lists them for the docs and for the test that holds
docker-compose.yml against it.
"""

import json
import os
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

READ: set[str] = set()

_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off", ""}


def text(name: str, default: str = "") -> str:
    READ.add(name)
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    READ.add(name)
    raw = os.environ.get(name)
    if raw is None:
        return default
    value = raw.strip().lower()
    if value in _YES:
        return True
    if value in _NO:
        return False
    raise ImproperlyConfigured(f"{name}={raw!r} is neither yes nor no (use 1 or 0).")


def number(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    READ.add(name)
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r} is not a whole number.") from None
    if not least <= value <= most:
        raise ImproperlyConfigured(f"{name}={value} is outside {least}…{most}.")
    return value


def items(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """A comma-separated list."""
    raw = text(name)
    return [item.strip() for item in raw.split(",") if item.strip()] if raw else list(default)


def networks(name: str, default: tuple[str, ...]) -> list[IPv4Network | IPv6Network]:
    """A comma-separated list of addresses and networks (10.0.0.0/8)."""
    try:
        return [ip_network(item) for item in items(name, default)]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}.") from None


def folder(name: str, default: Path) -> Path:
    return Path(text(name, str(default))).expanduser().resolve()


def choice(name: str, default: str, among: tuple[str, ...]) -> str:
    value = text(name, default)
    if value not in among:
        raise ImproperlyConfigured(f"{name}={value!r} is not one of {', '.join(among)}.")
    return value


def json_object(name: str) -> dict[str, Any]:
    raw = text(name, "{}")
    try:
        value = json.loads(raw)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f"{name} is not a JSON object.")
    return value
