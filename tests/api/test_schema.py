"""The description of the API: complete, valid, without warnings, and readable in the browser."""

import re

import pytest
from django.contrib.staticfiles import finders
from django.urls import URLPattern, get_resolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from api.models import Scope
from api.urls import urlpatterns
from api.views import openapi
from tickets.models import Link, Phase

VERBS_OF_THE_PAGES = ("incidents", "work", "portal")
SAID_OTHERWISE = {  # a page's verb -> the endpoint that does the same
    "clock_on_paper": "clock", "create": "incidents", "detail": "incident", "ticket": "incident", "list": "incidents", "edit": "incident",
    "categorise": "incident", "reply": "entries", "link": "links", "services": "services",
}  # fmt: skip
PAGES_ONLY = {"home", "search", "status", "draft"}


@pytest.fixture(scope="module")
def schema():
    openapi.cache_clear()
    return openapi()


def test_is_made_without_a_warning(schema):
    assert not GENERATOR_STATS
    validate_schema(schema)


def operations(schema):
    return [(path, method, operation) for path, item in schema["paths"].items() for method, operation in item.items()]


def test_describes_every_endpoint(schema):
    described = {re.sub(r"{(\w+)}", "X", path) for path in schema["paths"]}
    served = {f"/api/{pattern.pattern}" for pattern in urlpatterns if str(pattern.pattern).startswith("v1/")}
    hidden = {"/api/v1/docs/", "/api/v1/schema/"}
    assert described == {re.sub(r"<[^>]+>", "X", path) for path in served} - hidden


def test_says_of_every_operation_what_may_go_wrong(schema):
    for path, method, operation in operations(schema):
        expected = {"400", "401", "403", "404", "406", "429", "500", "503"}
        expected |= {"409", "413", "415", "422"} if method in {"post", "patch"} else set()
        assert expected < set(operation["responses"]), (path, method)
        assert operation["security"] == [{"token": []}, {"session": []}]
        assert operation["description"], (path, method)


def test_offers_the_idempotency_key_on_every_post_and_keeps_it(schema):
    for path, method, operation in operations(schema):
        offered = [parameter["name"] for parameter in operation.get("parameters", ())]
        assert ("Idempotency-Key" in offered) == (method == "post"), path
    for pattern in urlpatterns:
        view = getattr(pattern.callback, "cls", None)
        if hasattr(view, "post"):
            assert view.post.is_answered_once, view


def test_offers_if_match_where_a_version_is_taken(schema):
    takers = {
        operation["operationId"]
        for _path, _method, operation in operations(schema)
        if "If-Match" in [parameter["name"] for parameter in operation.get("parameters", ())]
    }
    assert takers == {"incidents_edit", "incidents_assign", "incidents_prioritise", "incidents_override_priority"}


def test_lets_no_body_carry_more_than_it_names(schema):
    bodies = [body for name, body in schema["components"]["schemas"].items() if name.endswith(("Input", "Form"))]
    assert len(bodies) > 10
    assert all(body["additionalProperties"] is False for body in bodies)


def test_everything_the_pages_can_do_is_in_the_api():
    """ACCEPTANCE.md H4: a verb that a page gets and the API does not fails here."""
    offered = {pattern.name for pattern in urlpatterns}
    resolver = get_resolver()
    verbs = {
        pattern.name
        for namespace in VERBS_OF_THE_PAGES
        for pattern in resolver.namespace_dict[namespace][1].url_patterns
        if isinstance(pattern, URLPattern)
    }
    assert {SAID_OTHERWISE.get(verb, verb) for verb in verbs - PAGES_ONLY} - offered == set()


def test_names_the_choices_as_they_are(schema):
    components = schema["components"]["schemas"]
    assert components["PhaseEnum"]["enum"] == Phase.values
    assert components["LinkType"]["enum"] == Link.Type.values
    assert components["ScopesEnum"]["enum"] == Scope.values


class TestTheDocumentationPage:
    def test_is_for_people_who_are_signed_in(self, client, client_of, bob):
        assert client.get("/api/v1/docs/").url.startswith("/account/login/")
        assert client_of(bob).get("/api/v1/docs/").status_code == 200

    def test_has_nothing_inline_and_nothing_from_elsewhere(self, client_of, bob):
        page = client_of(bob).get("/api/v1/docs/")
        html = page.content.decode()
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=", html)
        files = re.findall(r'(?:src|href)="([^"]+)"', html)
        assert len(files) == 4
        assert all(finders.find(file.removeprefix("/static/")) for file in files)
        assert "unsafe" not in page.headers["Content-Security-Policy"]

    def test_reads_the_schema_with_the_session(self, client_of, bob):
        answer = client_of(bob).get("/api/v1/schema/")
        assert answer.json()["openapi"] == "3.1.0"
