import pytest
from django.core.exceptions import ImproperlyConfigured

from itsm import env


class TestReaders:
    @pytest.mark.parametrize(("raw", "value"), [("1", True), ("yes", True), ("0", False), ("", False), ("Off", False)])
    def test_flag_reads_yes_and_no(self, monkeypatch, raw, value):
        monkeypatch.setenv("X", raw)
        assert env.flag("X") is value

    @pytest.mark.parametrize(
        ("read", "raw", "says"),
        [
            (lambda: env.flag("X"), "maybe", "neither yes nor no"),
            (lambda: env.number("X", 1), "ten", "not a whole number"),
            (lambda: env.number("X", 1, most=9), "10", "outside 0…9"),
            (lambda: env.choice("X", "a", ("a", "b")), "c", "not one of a, b"),
            (lambda: env.json_object("X"), "[1]", "not a JSON object"),
            (lambda: env.json_object("X"), "{", "not JSON"),
        ],
    )
    def test_refuses_nonsense_in_one_sentence(self, monkeypatch, read, raw, says):
        monkeypatch.setenv("X", raw)
        with pytest.raises(ImproperlyConfigured, match=says):
            read()

    def test_remembers_what_it_read(self, monkeypatch):
        env.text("SOMETHING_NEW")
        assert "SOMETHING_NEW" in env.READ
        env.READ.discard("SOMETHING_NEW")
