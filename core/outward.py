"""A POST to an address that somebody typed, which cannot be turned against the inside (SSRF).

The name is resolved once and the connection goes to the very address that was checked, so that a name with two answers gains
nothing; every address it has must be public, also behind the forms that hide an IPv4 address in an IPv6 one. Only https on
its own port; no redirect is followed, no proxy of the environment is used, and one deadline covers everything from the
name to the answer.
"""

import io
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

SECONDS = 5.0
HTTPS, HTTP = 443, 80

_DISGUISES = tuple(
    ip_network(network)
    for network in ("::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10")
)
"""IPv6 networks whose addresses stand for IPv4 ones, or never were public."""


class Refused(Exception):
    """The address is none we call: trying again cannot help."""


class Unreachable(Exception):
    """There was no proper answer in time; there may be one later."""


@dataclass(frozen=True)
class Answer:
    """The status alone: what a receiver writes is shown to nobody."""

    status: int
    seconds: float


@dataclass(frozen=True)
class _Place:
    """Where a URL leads: the name for TLS and Host, the checked address for the connection."""

    host: str
    port: int
    address: str
    target: str
    is_tls: bool


def post(
    url: str, *, body: bytes, headers: Mapping[str, str], may_be_private: bool = False, seconds: float = SECONDS
) -> Answer:
    """POST `body` and return how it was answered, whatever the status. `may_be_private`: also http, any port and any
    address. Raises Refused, Unreachable."""
    begun = time.monotonic()
    ends = begun + seconds
    place = _place(url, may_be_private=may_be_private, ends=ends)
    try:
        with _connect(place, ends) as line:
            connection = HTTPConnection(place.host, place.port)
            connection.default_port = HTTPS if place.is_tls else HTTP
            connection.sock = line
            connection.request("POST", place.target, body=body, headers={**headers, "Connection": "close"})
            status = connection.getresponse().status
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(_words(error)) from error
    return Answer(status, time.monotonic() - begun)


def check(url: str, *, may_be_private: bool = False, seconds: float = 2.0) -> None:
    """Say before it is kept whether an address would be called. Raises Refused; a name that has no address now may have
    one later."""
    try:
        _place(url, may_be_private=may_be_private, ends=time.monotonic() + seconds)
    except Unreachable:
        return


def is_public(address: str) -> bool:
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address) and any(ip in network for network in _DISGUISES):
        return False
    return _is_global(ip)


def _is_global(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def _place(url: str, *, may_be_private: bool, ends: float) -> _Place:
    parts = _parts(url)
    is_tls = parts.scheme == "https"
    port = parts.port or (HTTPS if is_tls else HTTP)
    if not may_be_private and (not is_tls or port != HTTPS):
        raise Refused("only https on port 443 is called")
    host = str(parts.hostname)
    addresses = _resolve(host, port, ends)
    if not may_be_private and (inside := [address for address in addresses if not is_public(address)]):
        raise Refused(f"{host} is {inside[0]}, which is not a public address")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Place(host, port, addresses[0], target, is_tls)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_fit = parts.scheme in ("https", "http") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_fit = False
    if not is_fit or not url.isascii() or not url.isprintable() or " " in url:
        raise Refused("this is not an address of the web")
    if parts.username is not None or parts.password is not None:
        raise Refused("an address with a name and a password is not called")
    return parts


def _resolve(host: str, port: int, ends: float) -> list[str]:
    """Every address of the name. In a thread of its own: the resolver knows no deadline."""
    found: list[str] = []
    problems: list[OSError | UnicodeError] = []

    def ask() -> None:
        try:
            found.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            problems.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(max(0.0, ends - time.monotonic()))
    addresses = list(found)
    if not addresses:
        raise Unreachable(f"{host} has no address: {problems[0]}" if problems else f"no address of {host} in time")
    return addresses


class _Line:
    """A connected socket whose every wait ends at one moment, as much of one as http.client needs."""

    def __init__(self, plain: socket.socket, ends: float) -> None:
        self._socket, self._ends = plain, ends

    def __enter__(self) -> "_Line":
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def sendall(self, data: bytes) -> None:
        self._socket.settimeout(self._left())
        self._socket.sendall(data)

    def makefile(self, *_args: Any, **_options: Any) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self))

    def receive_into(self, buffer: Any) -> int:
        self._socket.settimeout(self._left())
        return self._socket.recv_into(buffer)

    def close(self) -> None:
        self._socket.close()

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class _Reader(io.RawIOBase):
    def __init__(self, line: _Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._line.receive_into(buffer)


def _connect(place: _Place, ends: float) -> Any:
    """Typed loosely because http.client wants a socket and needs three of its methods."""
    left = max(0.01, ends - time.monotonic())
    plain = socket.create_connection((place.address, place.port), timeout=left)
    try:
        if place.is_tls:
            plain = ssl.create_default_context().wrap_socket(plain, server_hostname=place.host)
    except BaseException:
        plain.close()
        raise
    return _Line(plain, ends)


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return f"{type(error).__name__}: {error}"[:300]
