"""The time machine: an agreement held against the tickets of the past days, as if it had always been in force.

    start_replay(agreement=draft, days=30, actor=user, now=now) -> Job          its result is seen at slas:replay

The engine of the live clocks (slas/engine.py) is fed with what the journal tells of each ticket (slas/turns.py), under the
agreement in question, and its clocks are laid beside those that were recorded. People's acts stay what they were: nobody
can say who would have worked otherwise under another promise. Nothing is written but the job's own result and the fact
that it was done.
"""

from slas.replay.findings import Findings, Outcome, Result
from slas.replay.job import KIND, PERIODS, start_replay, take_step

__all__ = ["KIND", "PERIODS", "Findings", "Outcome", "Result", "start_replay", "take_step"]
