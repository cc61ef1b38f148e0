"""Open tickets follow an edited calendar or a new version of an agreement: what that would do, and the job that does it.

    preview_roll_out(calendar=row, content=edited, reader=user, now=now) -> Impact        before save_calendar
    preview_roll_out(agreement=draft, reader=user, now=now) -> Impact                     before a draft is activated
    start_roll_out(calendar=row, actor=user, now=now) -> Job                              after save_calendar
    start_roll_out(agreement=active, actor=user, now=now) -> Job                          after the activation

Both start_… belong into the transaction of the edit itself: a worker takes the job once that has committed. Call it only
where the person chose "apply to open"; with "only new" nothing is called, and live clocks stay under the version they began
with. An agreement must have been saved with `applies_to_open=True` (and state ACTIVE, its predecessor SUPERSEDED) first.
The job's page is `slas:job`; its end is recorded as `calendar.rolled_out` or `agreement.rolled_out` with the three numbers.
"""

from slas.rollout.impact import Deadline, Effect, Impact, Shift, preview_roll_out
from slas.rollout.job import KIND, start_roll_out, take_step

__all__ = ["KIND", "Deadline", "Effect", "Impact", "Shift", "preview_roll_out", "start_roll_out", "take_step"]
