"""Rules of the house that no tool checks by itself."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings

from core.lifecycle import Stage

ROOT = Path(settings.BASE_DIR)
OURS = [config for config in apps.get_app_configs() if Path(config.path).parent == ROOT]
SOURCES = [path for config in OURS for path in Path(config.path).rglob("*.py")]


@pytest.mark.parametrize("config", OURS, ids=lambda config: config.name)
class TestEveryApp:
    def test_knows_its_life_cycle_stage(self, config):
        assert isinstance(config.stage, Stage)

    def test_has_a_name_of_its_own(self, config):
        installed = set(packages_distributions()) - {"tests", "benchmarks", "scripts"}
        assert config.name not in sys.stdlib_module_names | installed

    def test_has_no_room_for_odds_and_ends(self, config):
        forbidden = {"utils.py", "helpers.py", "common", "signals.py", "constants.py"}
        assert not forbidden & {path.name for path in Path(config.path).iterdir()}


def test_layers_name_every_app():
    text = (ROOT / "pyproject.toml").read_text()
    assert {config.name for config in OURS} <= set(text.split('root_packages = ["')[1].split('"]')[0].split('", "'))


# A file of such a name, or a package of it.
BELOW_THE_EDGE = {"models.py", "services.py", "policies.py", "selectors.py", "sweep.py", "clock.py", "ledger.py"}


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if BELOW_THE_EDGE & {path.name, f"{path.parent.name}.py"}],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_now_is_an_argument_below_the_edge(path):
    """`timezone.now()` and `datetime.now()` are read by views, tasks and commands only (HOUSE.md section 4)."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    readings = [
        ast.unparse(call) for call in calls if ast.unparse(call.func) in {"timezone.now", "datetime.now", "now"}
    ]
    assert readings == []


@pytest.mark.parametrize(
    "path", [path for path in SOURCES if path.name == "views.py"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_views_write_through_services_only(path):
    writes = {"save", "create", "update", "delete", "bulk_create", "update_or_create", "get_or_create"}
    tree = ast.parse(path.read_text())
    found = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in writes
        and "objects" in ast.unparse(node.func)
    ]
    assert found == []
