"""A progress bar for a terminal; where nobody watches, a line for every tenth."""

import time
from typing import TextIO

WIDTH = 30
EVERY = 0.1  # seconds between two drawings


class ProgressBar:
    """Call it with (done, total). Draws on `stream`, which a person reads: never on standard output."""

    def __init__(self, stream: TextIO, unit: str) -> None:
        self.stream, self.unit = stream, unit
        self.begun = time.monotonic()
        self.drawn_at, self.tenth = 0.0, 0

    def __call__(self, done: int, total: int) -> None:
        if self.stream.isatty():
            self._draw(done, total)
        elif total and done * 10 // total > self.tenth:
            self.tenth = done * 10 // total
            self.stream.write(f"{self.tenth * 10:3d} %  {done:,} of {total:,} {self.unit}\n")

    def _draw(self, done: int, total: int) -> None:
        is_last = done >= total
        if not is_last and time.monotonic() - self.drawn_at < EVERY:
            return
        self.drawn_at = time.monotonic()
        share = done / total if total else 1.0
        rate = done / max(time.monotonic() - self.begun, 0.001)
        bar = "█" * int(share * WIDTH)
        self.stream.write(f"\r{bar:·<{WIDTH}} {share:4.0%}  {done:,} of {total:,} {self.unit}  {rate:,.0f}/s ")
        if is_last:
            self.stream.write("\n")
        self.stream.flush()
