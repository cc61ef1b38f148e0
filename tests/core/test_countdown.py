"""How the time left on a clock is named: the edges of the six states."""

from datetime import UTC, datetime, timedelta

import pytest

from core.countdown import ClockState, running_state, short_parts, thresholds

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class TestRunningState:
    @pytest.mark.parametrize(
        ("minutes", "state"),
        [
            (61, ClockState.ON_TRACK),
            (60, ClockState.DUE_SOON),
            (31, ClockState.DUE_SOON),
            (30, ClockState.AT_RISK),
            (1, ClockState.AT_RISK),
            (0, ClockState.BREACHED),
            (-1, ClockState.BREACHED),
        ],
    )
    def test_follows_the_time_left(self, minutes, state):
        assert running_state(NOW + timedelta(minutes=minutes), now=NOW) is state

    @pytest.mark.parametrize(
        ("gone", "state"), [(49, ClockState.ON_TRACK), (50, ClockState.DUE_SOON), (75, ClockState.AT_RISK)]
    )
    def test_follows_the_share_that_is_gone(self, gone, state):
        started_at = NOW - timedelta(hours=gone)
        assert running_state(started_at + timedelta(hours=100), now=NOW, started_at=started_at) is state


class TestThresholds:
    def test_are_the_earlier_of_share_and_rest(self):
        assert thresholds(NOW, NOW - timedelta(minutes=80)) == (
            NOW - timedelta(minutes=60),
            NOW - timedelta(minutes=30),
        )
        assert thresholds(NOW, NOW - timedelta(hours=8)) == (NOW - timedelta(hours=4), NOW - timedelta(hours=2))


class TestShortParts:
    def test_drop_the_sign_and_round_down(self):
        assert short_parts(timedelta(hours=-1, minutes=-5, seconds=-59)) == [(1, "hour"), (5, "minute")]

    def test_leave_out_an_empty_hour_after_days(self):
        assert short_parts(timedelta(days=3, minutes=20)) == [(3, "day")]
