import sys
import time
from pathlib import Path

import pytest

from itsm.stack import part as part_module
from itsm.stack.part import Part
from itsm.stack.programs import PROJECT
from tests.stack.conftest import within


@pytest.fixture
def make_part(tmp_path):
    made = []

    def _make(code: str, **how) -> Part:
        made.append(Part("thing", [sys.executable, "-c", code], {}, tmp_path / "log" / "thing.log", **how))
        made[-1].start()
        return made[-1]

    yield _make
    for part in made:
        part.kill()
        part.see_off(time.monotonic() + 5)


class TestPart:
    def test_writes_its_log(self, make_part):
        part = make_part("print('first'); print('last words')")
        assert within(5, lambda: part.has_ended)
        assert part.last_words() == "last words"

    def test_says_how_it_ended(self, make_part):
        part = make_part("raise SystemExit(3)")
        assert within(5, lambda: part.has_ended)
        assert part.bury() == "ended with status 3"

    def test_takes_its_children_with_it(self, make_part, tmp_path):
        child = "import os, time, pathlib; pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(60)"
        part = make_part(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])", cwd=tmp_path)
        assert within(5, lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
        part.process.kill()
        assert within(5, lambda: part.has_ended)
        assert part.bury() == "was ended by SIGKILL"
        assert within(2, lambda: not is_alive(int((tmp_path / "pid").read_text())))

    def test_that_forks_can_have_its_children_die_with_it(self, make_part):
        part = make_part(
            "import os, time; from itsm.stack.parent import die_with; parent = os.getpid(); child = os.fork()\n"
            "if child: print(child, flush=True)\n"
            "else: die_with(parent)\n"
            "time.sleep(60)",
            cwd=PROJECT,
        )
        assert within(10, lambda: part.log.read_text())
        time.sleep(0.2)  # for the child to ask the kernel
        part.process.kill()
        assert within(2, lambda: not is_alive(int(part.log.read_text())))

    def test_that_does_not_listen_is_killed_after_its_patience(self, make_part):
        part = make_part(
            "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ok', flush=True); time.sleep(60)"
        )
        assert within(5, lambda: part.log.read_text() == "ok\n")
        part.ask_to_stop()
        begun = time.monotonic()
        part.see_off(begun + 0.2)
        assert 0.2 <= time.monotonic() - begun < 2
        assert part.pid is None

    def test_waits_longer_the_more_often_it_ends_at_once(self, make_part):
        part = make_part("")
        waits = []
        for _ in range(3):
            assert within(5, lambda: part.has_ended)
            part.bury()
            waits.append(round(part.start_at - time.monotonic(), 1))
            part.start()
        assert waits == [0.0, 0.2, 0.7] or waits == [0.0, 0.3, 0.8]

    def test_forgets_that_after_half_a_minute_of_health(self, make_part):
        part = make_part("")
        part.n_quick_ends = 9
        part.started_at -= part_module.STEADY + 1
        assert within(5, lambda: part.has_ended)
        part.bury()
        assert part.is_due


class TestLog:
    def test_over_its_limit_is_put_aside_under_the_hands_of_its_writer(self, make_part, monkeypatch):
        monkeypatch.setattr(part_module, "LOG_LIMIT", 10)
        part = make_part(
            "import time; print('before the cut', flush=True); time.sleep(0.4); print('after', flush=True)"
        )
        assert within(5, lambda: "before" in part.log.read_text())
        part.cap_log()
        assert within(5, lambda: part.has_ended)
        assert part.log.read_text() == "after\n"
        assert part.log.with_suffix(".log.1").read_text() == "before the cut\n"


def is_alive(pid: int) -> bool:
    """A zombie that nobody has waited for yet is not alive."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
