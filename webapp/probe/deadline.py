"""One moment by which everything has to be over, on the clock that no one can set."""

from __future__ import annotations

import time


class Deadline:
    """`seconds` from now."""

    def __init__(self, seconds: float) -> None:
        self.started = time.monotonic()
        self.end = self.started + seconds

    def remaining(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self.end - time.monotonic())

    def overdue(self) -> float:
        """Seconds since the end, 0 before it."""
        return max(0.0, time.monotonic() - self.end)

    def stand_still(self, since: float) -> None:
        """Do not count the time since this moment: it was spent waiting in the queue."""
        waited = time.monotonic() - since
        self.started += waited
        self.end += waited

    def elapsed(self) -> float:
        """Seconds gone since the start."""
        return time.monotonic() - self.started

    def within(self, seconds: float) -> float:
        """The moment `seconds` from now, or the end where that comes first."""
        return min(self.end, time.monotonic() + seconds)
