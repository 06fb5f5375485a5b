"""What is known of one diagnosis while it runs and for some minutes after."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime

from webapp.probe.steps import Step

KEPT_SECONDS = 900  # for which a diagnosis can be looked at
COOL_DOWN_SECONDS = 30  # before the same is done again


@dataclass(slots=True)
class Diagnosis:
    """One diagnosis: its steps so far, in order, and whether more will come.

    `server` is the address of the server that the name is meant for. `failed`: it ended without a
    verdict, by a fault of ours.
    """

    name: str
    server: str | None
    viewer: int
    started_at: datetime
    steps: list[Step] = field(default_factory=list)
    running: bool = True
    failed: bool = False
    ended: float = 0.0  # on the monotonic clock

    @property
    def fresh(self) -> bool:
        """Whether it is under way, or has just been done."""
        return self.running or time.monotonic() - self.ended < COOL_DOWN_SECONDS
