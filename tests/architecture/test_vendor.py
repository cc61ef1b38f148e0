"""What is vendored is what the manifest says, and loads nothing from elsewhere."""

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = [ROOT / "static" / "vendor", ROOT / "tests" / "e2e" / "vendor", ROOT / "core" / "fonts"]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
PAGES = [path for path in TEMPLATES if path.parent.name != "mail"]  # a mail program knows inline styles only
SCRIPTS = sorted((ROOT / "static" / "js").rglob("*.js"))
COMMENT = re.compile(r"/\*.*?\*/|(?m:^\s*//.*$)", re.S)
ELSEWHERE = re.compile(
    r"https?://[^\s\"'`)]*(unpkg|jsdelivr|cdnjs|npmjs|googleapis|gstatic|skypack|esm\.sh|cdn\.)", re.I
)


def manifest(folder: Path) -> list[dict]:
    return json.loads((folder / "manifest.json").read_text())["packages"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
class TestVendoredFiles:
    def test_are_the_ones_in_the_manifest(self, folder):
        named = {name for package in manifest(folder) for name in package["files"]}
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert found == named | {"manifest.json"}

    def test_are_unchanged(self, folder):
        changed = [
            name
            for package in manifest(folder)
            for name, sha256 in package["files"].items()
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != sha256
        ]
        assert changed == []

    def test_come_with_version_and_licence_text(self, folder):
        for package in manifest(folder):
            assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"]), package["name"]
            assert package["licence"], package["name"]
            assert any(name.startswith("licences/") for name in package["files"]), package["name"]

    def test_load_nothing_from_elsewhere(self, folder):
        for path in [*folder.glob("*.js"), *folder.glob("*.css"), folder / "manifest.json"]:
            found = ELSEWHERE.search(COMMENT.sub("", path.read_text()))
            assert found is None, f"{path.name}: {found and found[0]}"
            assert "sourceMappingURL" not in path.read_text()[-300:], path.name


class TestOwnFiles:
    def test_name_only_icons_of_the_sprite(self):
        drawn = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static" / "icons.svg").read_text()))
        assert drawn == set((ROOT / "static" / "icons.txt").read_text().split())
        used = {
            name
            for path in TEMPLATES
            for name in re.findall(r'\{% icon "([\w-]+)"|<c-[\w-]+[^>]*\sicon="([\w-]+)"', path.read_text())
            for name in name
            if name
        }
        assert used - drawn == set()

    @pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
    def test_keep_to_the_content_security_policy(self, path):
        source = re.sub(r"\{% comment %\}.*?\{% endcomment %\}", "", path.read_text(), flags=re.S)
        assert not re.search(r"\sstyle\s*=", source)
        assert not re.search(r"\son[a-z]+\s*=\s*[\"']", source)
        assert not re.search(r"<style|javascript:", source)
        assert not re.search(r"<script(?![^>]*(\bsrc=|type=\"application/json\"))", source)
        assert not re.search(r"hx-trigger=\"[^\"]*\[", source), "a trigger filter needs eval"

    @pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
    def test_scripts_write_no_markup_and_evaluate_nothing(self, path):
        source = path.read_text()
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b", source)
