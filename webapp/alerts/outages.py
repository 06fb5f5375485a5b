"""The monitor's own outages: nothing is told meanwhile, and all of it at once afterwards.

What fell due in an outage waits until its names have been seen again: they may have been renewed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

# Names are checked daily at least: all have been seen again after that
LONGEST_WAIT = timedelta(hours=25)
# Names that turned red meanwhile are seen and confirmed by then
SHORTEST_WAIT = timedelta(hours=1)

NOTICED_AFTER = timedelta(hours=1)  # an outage may have begun that much earlier


@dataclass(slots=True)
class Outage:
    """The last outage of the monitor, and what is still to be told of it."""

    offline_at: datetime | None = None  # None: there was none
    online_at: datetime | None = None
    catching_up: bool = False  # it is over, and what fell due has not been told
    waiting: set[str] = field(default_factory=set)  # names that have to be seen first
    gathered: set[str] = field(default_factory=set)  # names that there is something to tell of
    until: datetime | None = None  # when it is told, whatever still waits

    @property
    def lasts(self) -> bool:
        return self.offline_at is not None and self.online_at is None

    def is_to_blame(self, since: datetime) -> bool:
        """Whether a name's silence since then may have been the monitor's own."""
        return (
            self.offline_at is not None
            and self.online_at is not None
            and self.offline_at - NOTICED_AFTER <= since < self.online_at
        )

    def begin(self, now: datetime) -> None:
        if self.lasts:
            return
        self.waiting |= self.gathered
        self.gathered = set()
        self.offline_at = now
        self.online_at = None
        self.catching_up = False

    def end(self, now: datetime) -> None:
        if self.lasts:
            self.online_at = now
            self.catching_up = True
            self.until = now + LONGEST_WAIT

    def has_just_ended(self, now: datetime) -> bool:
        """Whether what is seen now for the first time since may well have happened meanwhile."""
        return self.online_at is not None and now < self.online_at + SHORTEST_WAIT

    def gather(self, name: str, until: datetime | None) -> None:
        """There is something to tell of a name that was seen again, which may wait that long."""
        self.waiting.discard(name)
        self.gathered.add(name)
        if self.until is not None and until is not None:
            self.until = min(self.until, until)

    def drop(self, name: str) -> None:
        """There is nothing to tell of a name."""
        self.waiting.discard(name)
        self.gathered.discard(name)

    def is_told(self, now: datetime) -> bool:
        """Whether all that fell due is to be told now."""
        if not self.catching_up or self.online_at is None or self.until is None:
            return False
        seen = not self.waiting and now >= self.online_at + SHORTEST_WAIT
        return seen or now >= self.until

    def next_moment(self, now: datetime) -> datetime | None:
        """When to ask that again, unless a name is seen before; None: never."""
        if not self.catching_up or self.online_at is None or self.until is None:
            return None
        soonest = self.online_at + SHORTEST_WAIT
        return min(soonest, self.until) if now < soonest else self.until

    def finish(self) -> set[str]:
        """The names that are told of; those that were not seen are told of by themselves later."""
        gathered = self.gathered
        self.waiting = set()
        self.gathered = set()
        self.catching_up = False
        self.until = None
        return gathered
