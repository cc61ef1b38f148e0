"""Callers of the API: `call_as(bob).get("incidents/")`. The clock stands five minutes after `now`."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from api.models import Scope
from api.services import create_token

ROOT = "/api/v1/"


class Caller:
    """A program with a token. Paths are below /api/v1/; an absolute one (`next`, a file's `url`) is taken as it is."""

    def __init__(self, secret: str | None) -> None:
        self.secret = secret
        self.client = Client(headers={"Authorization": f"Bearer {secret}"} if secret else {})
        self.client.raise_request_exception = False

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        return self.client.get(_address(path), query, headers=headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(_address(path), json.dumps(body or {}), "application/json", headers=headers)

    def patch(self, path: str, body: Any, **headers: str) -> Any:
        return self.client.patch(_address(path), json.dumps(body), "application/json", headers=headers)

    def upload(self, path: str, form: dict[str, Any], **headers: str) -> Any:
        return self.client.post(_address(path), form, headers=headers)


def _address(path: str) -> str:
    return path if path.startswith(("/", "http://")) else f"{ROOT}{path}"


@pytest.fixture
def at_work(now: datetime) -> Iterator[datetime]:
    """Five minutes after the incident was opened; time stands still."""
    moment = now + timedelta(minutes=5)
    with time_machine.travel(moment, tick=False):
        yield moment


@pytest.fixture
def call_as(at_work: datetime) -> Callable[..., Caller]:
    def _call_as(user: User | None, *scopes: str) -> Caller:
        if user is None:
            return Caller(None)
        _token, secret = create_token(
            owner=user, name="Test", scopes=scopes or tuple(Scope), expires_at=at_work + timedelta(days=1), now=at_work
        )
        return Caller(secret)

    return _call_as
