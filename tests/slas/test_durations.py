"""Lengths of working time as they are typed and shown."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from slas.clock import Calendar
from slas.durations import both_ways, day_of, parse_length, write_length

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
EIGHT, WHOLE = 8 * HOUR, 24 * HOUR


class TestParseLength:
    @pytest.mark.parametrize(
        ("text", "day", "length"),
        [
            ("15m", EIGHT, 15 * MINUTE),
            ("4h", EIGHT, 4 * HOUR),
            ("3d 2h", EIGHT, 26 * HOUR),
            ("3d 2h", WHOLE, 74 * HOUR),
            ("3d2h", EIGHT, 26 * HOUR),
            ("2 h 30 min", EIGHT, 150 * MINUTE),
            ("1.5h", EIGHT, 90 * MINUTE),
            ("0,5d", EIGHT, 4 * HOUR),
            ("45s", EIGHT, timedelta(seconds=45)),
            ("3天 2小时", EIGHT, 26 * HOUR),
            ("15分钟", EIGHT, 15 * MINUTE),
            (" 1 DAY ", EIGHT, EIGHT),
            ("0h", EIGHT, timedelta(0)),
        ],
    )
    def test_reads(self, text, day, length):
        assert parse_length(text, day=day) == length

    @pytest.mark.parametrize(
        "text", ["15", "soon", "4h later", "4h 5h", "h4", "3w", "-4h", "4:30", "1e9h", "4h,", "٤ساعات"]
    )
    def test_refuses_and_repeats_what_was_typed(self, text):
        with pytest.raises(ValidationError) as refused:
            parse_length(text, day=EIGHT)
        assert text in refused.value.messages[0]
        assert "15m, 4h or 3d 2h" in refused.value.messages[0]

    @given(
        seconds=st.integers(1, 3 * 366 * 24 * 3600), day=st.integers(1, 24 * 60).map(lambda n: timedelta(minutes=n)),
        language=st.sampled_from(["en", "zh-hans"]),
    )  # fmt: skip
    def test_reads_back_what_was_written(self, seconds, day, language):
        length = timedelta(seconds=seconds)
        with translation.override(language):
            assert parse_length(write_length(length, day=day), day=day) == length


class TestBothWays:
    @pytest.mark.parametrize(
        ("length", "day", "words"),
        [
            (15 * MINUTE, EIGHT, "15m"),
            (4 * HOUR, EIGHT, "4h"),
            (8 * HOUR, EIGHT, "8h (1 working day)"),
            (24 * HOUR, EIGHT, "24h (3 working days)"),
            (26 * HOUR, EIGHT, "26h (3.25 working days)"),
            (24 * HOUR, WHOLE, "24h (1 day)"),
            (30 * HOUR, WHOLE, "30h"),
            (48 * HOUR, WHOLE, "48h (2 days)"),
        ],
    )
    def test_says_time_and_days(self, length, day, words):
        assert both_ways(length, day=day) == words


class TestDayOf:
    @pytest.mark.parametrize(
        ("hours", "day"),
        [
            ({day: [("09:00", "17:00")] for day in range(5)}, EIGHT),
            ({day: [("09:00", "12:00"), ("13:00", "18:00")] for day in range(5)}, EIGHT),
            ({**{day: [("09:00", "17:00")] for day in range(4)}, 4: [("09:00", "13:00")]}, EIGHT),
            ({0: [("09:00", "13:00")], 1: [("09:00", "17:00")]}, EIGHT),
            ({day: [("00:00", "24:00")] for day in range(7)}, WHOLE),
            ({day: [("22:00", "06:00")] for day in range(7)}, EIGHT),
            ({}, WHOLE),
        ],
    )
    def test_is_what_most_working_days_have(self, hours, day):
        assert day_of(Calendar("Europe/Lisbon", hours)) == day
