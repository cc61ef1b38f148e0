"""Schemathesis makes up requests that fit the schema and requests that do not, and holds every answer to it.

The numbers and ids in the addresses are those of real rows, so that the calls get past the 404. What one call writes is
undone before the next. `make test` draws a few examples of each operation, `make test-all` many.
"""

import copy
import re

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, assume, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.urls import urlpatterns
from api.views import openapi
from itsm.wsgi import application

ADDRESSES = [
    "/api/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern)).replace("{pk}", "{id}")
    for pattern in urlpatterns
    if hasattr(pattern.callback, "cls") and pattern.name != "schema"
]


# What fits the schema may still be refused for what it means: a cursor of another list, a ticket that has ended.
EXCLUDED = [positive_data_acceptance]


class Undo(Exception):
    """Rolls back what the call wrote."""


@pytest.fixture
def described(incident, bob, network, vpn):
    """The schema, with bob's rows as the only ones its addresses can name."""
    raw = copy.deepcopy(openapi())
    ids = {"organisations": bob.organisation_id, "people": bob.pk, "teams": network.pk}
    for path, item in raw["paths"].items():
        values = {"number": incident.ticket.number, "key": vpn.key, "id": ids.get(path.split("/")[3])}
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["schema"] = {"enum": [values[parameter["name"]]]}
    schema = schemathesis.openapi.from_dict(raw)
    schema.app = application
    return schema


@pytest.fixture
def in_one_transaction():
    """Requests that come through WSGI would close the test's connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def explore(described, call_as, alice, in_one_transaction):
    """Draws requests for every operation of an address and checks the answers."""
    headers = {"Authorization": f"Bearer {call_as(alice).secret}"}

    def attempt(case):
        # A broken length is refused by gunicorn, before us.
        assume(not any(name.upper().replace("-", "_") == "CONTENT_LENGTH" for name in case.headers))
        # A form has no lists: one file is the same whether the schema calls it a file or a list of one.
        is_form, body = case.media_type == "multipart/form-data", case.body
        assume(not (is_form and isinstance(body, dict) and isinstance(body.get("files"), (str, bytes))))
        try:
            with transaction.atomic():
                case.call_and_validate(headers=headers, excluded_checks=EXCLUDED)
                raise Undo
        except Undo:
            pass

    def _explore(address, mode, **limits):
        for operation in described[address].values():
            draw = given(case=operation.as_strategy(generation_mode=mode))
            limited = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), **limits)
            limited(draw(attempt))()

    return _explore


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("mode", list(GenerationMode))
class TestEveryAddress:
    def test_answers_as_described(self, explore, address, mode):
        """The same few requests every time."""
        explore(address, mode, max_examples=3, derandomize=True)

    @pytest.mark.matrix
    def test_answers_as_described_whatever_is_asked(self, explore, address, mode):
        explore(address, mode, max_examples=25)
