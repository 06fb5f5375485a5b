"""A run whose batches are claimed here, and asked wherever a worker is first to take them up.

The database is the truth. What goes through the broker is only the word that a batch waits, and the token under which
it is claimed. Whoever is told of it takes it up by one conditional UPDATE, so it does no harm when a word is lost,
late, or comes twice: a batch that nobody takes up is due again when its claim has run out.

Nobody has to count the workers: a few batches wait in line, and as soon as one is taken up the next is handed out.
Where nobody takes up any, the scheduler does it itself: at once where there is no worker or no broker, else after a
while.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from threading import Event, Lock
from typing import Protocol

from webapp.extensions import db
from webapp.monitor import due, refresh, runs
from webapp.monitor.asking import GLANCE
from webapp.monitor.models import RefreshRun
from webapp.monitor.refresh import utc_now
from webapp.monitor.stream import Clock, Progress

log = logging.getLogger(__name__)

IN_LINE = 8  # batches that wait for a worker
PATIENCE = 30.0  # seconds for which the line may stand still


class Broker(Protocol):
    """How workers are told of a batch."""

    def anybody(self) -> bool:
        """Whether there is a worker to take something up, as far as can be told now."""

    def tell(self, run_id: int, token: str) -> bool:
        """Says that a batch waits. Whether that was said."""


class Line:
    """The batches that wait for a worker, as this process has handed them out."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._waiting: dict[str, int] = {}  # the token of each -> its run, the oldest first
        self._one_at_a_time = Lock()  # two runs may be worked on at once, each by a thread of the scheduler's
        self._moved_at = 0.0  # when somebody else last took up one of them, on the monotonic clock

    def step(
        self,
        run_id: int,
        owner: str,
        stop: Event,
        clock: Clock,
        only: Sequence[int] = (),
        progress: Progress | None = None,
        until: float = float("inf"),
    ) -> bool:
        """Hands out a batch, or lends a hand with one, or waits a moment: a step of a run, see `refresh.work`."""
        if not self._broker.anybody():
            soon = min(until, time.monotonic() + PATIENCE)  # then it looks again
            return refresh.flow(run_id, owner, stop, clock, only, progress, soon)
        with self._one_at_a_time:
            return self._move(run_id, owner, stop, clock, only)

    def _move(self, run_id: int, owner: str, stop: Event, clock: Clock, only: Sequence[int]) -> bool:
        self._look(clock)
        if time.monotonic() - self._moved_at > PATIENCE and self._waiting:
            log.warning("no worker takes up any batch: the scheduler does it")
            return self._lend_a_hand(owner, stop, clock)
        if _paused(run_id, clock):
            return bool(due.held(run_id, clock())) and not stop.wait(GLANCE)
        if len(self._waiting) >= IN_LINE:
            return not stop.wait(GLANCE)
        batch = refresh.claim_next(run_id, owner, clock(), only)
        if batch is None:
            return False
        return self._hand_out(batch, run_id, owner, stop, clock) if batch.names else not stop.wait(GLANCE)

    def _look(self, clock: Clock) -> None:
        """See which are still there."""
        left = due.untouched(self._waiting, clock()) if self._waiting else set()
        db.session.rollback()  # no transaction is open while we wait
        if not left or len(left) < len(self._waiting):
            self._moved_at = time.monotonic()
        self._waiting = {token: run_id for token, run_id in self._waiting.items() if token in left}

    def _hand_out(self, batch: due.Batch, run_id: int, owner: str, stop: Event, clock: Clock) -> bool:
        if not self._broker.tell(run_id, batch.claim):
            return refresh.work_on(batch, run_id, owner, stop, clock)
        self._waiting[batch.claim] = run_id
        return True

    def _lend_a_hand(self, owner: str, stop: Event, clock: Clock) -> bool:
        token = next(iter(self._waiting))
        run_id = self._waiting.pop(token)
        batch = due.take_up(run_id, token, clock())
        return not batch.names or refresh.work_on(batch, run_id, owner, stop, clock)


def take_up(run_id: int, token: str, stop: Event, clock: Clock = utc_now) -> float:
    """What a worker does when it is told of a batch: asks it, unless somebody was quicker. For how many seconds it has
    to rest before it takes up another: a machine without a network, or with a fault, must not take all there are."""
    batch = due.take_up(run_id, token, clock())
    if not batch.names:
        return 0.0
    try:
        well = refresh.work_on(batch, run_id, None, stop, clock)
    except Exception as error:
        log.exception("a batch of the refresh %d failed on our side", run_id)
        runs.stumbled(run_id, error, clock())
        return runs.STUMBLE_PAUSE.total_seconds()
    return 0.0 if well else runs.OFFLINE_PAUSE.total_seconds()


def _paused(run_id: int, clock: Clock) -> bool:
    """Whether a worker has found that the monitor is ill, and nobody has come through with a batch since."""
    retry_at = db.session.get_one(RefreshRun, run_id, populate_existing=True).retry_at
    db.session.rollback()  # no transaction is open while we wait
    return retry_at is not None and retry_at > clock()
