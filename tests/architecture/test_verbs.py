"""One verb, one name, seven places (STYLE.md section 2): every move of every machine has all of them."""

import importlib
import inspect

import pytest
from django.template.loader import get_template
from django.urls import reverse

from work import kinds

VERBS = [(kind.key, verb) for kind in kinds.all_kinds() for verb in kind.machine.moves]
PAST = {"hold": "held"}


def past(verb: str) -> str:
    if verb in PAST:
        return PAST[verb]
    if verb == "cancel":
        return "cancelled"
    return f"{verb}d" if verb.endswith("e") else f"{verb}ed"


@pytest.mark.parametrize(("kind", "verb"), VERBS)
class TestEveryVerb:
    def test_has_its_service(self, kind, verb):
        assert hasattr(importlib.import_module(f"{kind}s.services"), f"{verb}_{kind}")

    def test_has_its_policy(self, kind, verb):
        assert hasattr(importlib.import_module(f"{kind}s.policies"), f"can_{verb}")

    def test_has_its_view_and_address(self, kind, verb):
        assert hasattr(importlib.import_module(f"{kind}s.views"), verb)
        assert reverse(f"{kind}s:{verb}", args=["X-1"]) == f"/{kind}s/X-1/{verb}/"

    def test_has_its_part_of_the_page(self, kind, verb):
        get_template(f"{kind}s/detail.html#{verb}")

    def test_records_its_event(self, kind, verb):
        source = inspect.getsource(importlib.import_module(f"{kind}s.services"))
        assert f'"{kind}.{past(verb)}"' in source

    def test_is_offered_by_the_registry(self, kind, verb):
        assert verb in next(k for k in kinds.all_kinds() if k.key == kind).verbs
