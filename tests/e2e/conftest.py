"""A real demo: every process of `make demo` on a free port, a real browser in front of it.

Every page opened through `visitor` counts CSP violations and console errors as failures; `accessible(page)` runs axe.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent.parent
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
START_SECONDS = 300  # cold, on a machine that runs the rest of the suite beside it
STEP_MS = 15_000


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One stack for all of them: they run in one worker."""
    for item in items:
        if "tests/e2e" in str(item.path):
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.xdist_group("e2e"))


def pytest_collection_finish(session: pytest.Session) -> None:
    """xdist groups tests by writing into their names; where that fails, every worker would start a stack of its own."""
    ungrouped = [item.nodeid for item in session.items if "tests/e2e" in str(item.path) and "@e2e" not in item.nodeid]
    if ungrouped and "PYTEST_XDIST_WORKER" in os.environ:
        raise pytest.UsageError(
            f"run with --dist loadgroup, and a pytest whose tests pytest-xdist can group: {ungrouped[0]}"
        )


@dataclass(frozen=True)
class Stack:
    url: str
    var: Path
    logins: dict[str, tuple[str, str]]  # role → e-mail, password

    def manage(self, *words: str, stdin: str | None = None) -> str:
        """Run a management command against this stack's own database."""
        return subprocess.run(
            [sys.executable, "manage.py", *words], cwd=PROJECT, env=_environment(self.var), input=stdin,
            capture_output=True, text=True, check=True, timeout=120,
        ).stdout  # fmt: skip


def _environment(var: Path) -> dict[str, str]:
    inherited = {
        k: v for k, v in os.environ.items() if not k.startswith(("PORTICO_TEST", "PYTEST", "DATABASE", "REDIS"))
    }
    return {**inherited, "VAR_DIR": str(var), "PORTICO_DEMO": "1"}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    var = tmp_path_factory.mktemp("stack")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (var / "supervisor.log").open("w")
    supervisor = subprocess.Popen(
        [sys.executable, "manage.py", "stack", "up"], cwd=PROJECT, env={**_environment(var), "PORT": str(port)},
        stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(url, supervisor, var)
        yield Stack(url=url, var=var, logins=_logins(var))
    finally:
        supervisor.send_signal(signal.SIGINT)
        supervisor.wait(60)
        log.close()


def _wait_until_healthy(url: str, supervisor: subprocess.Popen[bytes], var: Path) -> None:
    ends = time.monotonic() + START_SECONDS
    while time.monotonic() < ends:
        if supervisor.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
                if json.load(answer)["status"] == "ok":
                    return
        except OSError:
            pass
        time.sleep(0.2)
    pytest.fail("the stack did not become healthy:\n" + (var / "supervisor.log").read_text()[-4000:])


def _logins(var: Path) -> dict[str, tuple[str, str]]:
    """Role → (e-mail, password), from what the seed printed for people."""
    text = (var / "demo-logins.txt").read_text()
    password = re.search(r"password (\S+)", text)
    assert password is not None, text
    found = re.findall(r"^\s+(\S+@\S+)\s+(.+?)\s*$", text, re.MULTILINE)
    return {role: (email, password.group(1)) for email, role in found}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("Chromium is missing: `make test` installs Debian's.")
    # Playwright's loop runs in this thread for the rest of the session; Django would take every later test for async.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visitor(stack: Stack, browser: Browser) -> Iterator[Callable[..., Page]]:
    """visitor("customer", width=390, scheme="dark", javascript=False) → a page, signed in; visitor() → a stranger."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def _visit(
        role: str = "", *, width: int = 1440, height: int = 900, scheme: str = "light", javascript: bool = True
    ) -> Page:
        context = browser.new_context(
            base_url=stack.url, viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=javascript
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(STEP_MS)
        page = context.new_page()
        page.on("console", lambda message: _note(faults, message.type, message.text))
        page.on("pageerror", lambda error: faults.append(f"script error: {error}"))
        if role:
            email, password = stack.logins[role]
            page.goto("/account/login/")
            page.fill("input[name=login]", email)
            page.fill("input[name=password]", password)
            page.click("main button[type=submit]")
            page.wait_for_url(lambda url: "/account/login/" not in url)
        return page

    yield _visit
    for context in contexts:
        context.close()
    assert faults == []


def _note(faults: list[str], kind: str, text: str) -> None:
    """A violated policy or a failing script is a fault; a 4xx that the test itself provokes is not."""
    if kind == "error" and "Failed to load resource" not in text:
        faults.append(text)


@pytest.fixture(scope="session")
def accessible() -> Callable[[Page], None]:
    def _check(page: Page) -> None:
        page.evaluate(f"() => {{ {AXE} }}")
        result = page.evaluate("() => axe.run({resultTypes: ['violations']})")
        found = [(v["id"], v["nodes"][0]["html"][:160], len(v["nodes"])) for v in result["violations"]]
        assert found == [], page.url

    return _check


@pytest.fixture(scope="session")
def fits() -> Callable[[Page], None]:
    """Nothing is wider than the window."""

    def _check(page: Page) -> None:
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url

    return _check
