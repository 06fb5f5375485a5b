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
from dataclasses import replace
from threading import Event, Lock
from typing import Protocol

from webapp.extensions import db
from webapp.monitor import due, refresh, runs
from webapp.monitor.asking import GLANCE, Askers
from webapp.monitor.models import RefreshRun
from webapp.monitor.refresh import utc_now
from webapp.monitor.stream import Clock, Work

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

    def step(self, work: Work) -> bool:
        """Hands out a batch, or lends a hand with one, or waits a moment: a step of a run, see `refresh.work`."""
        if not self._broker.anybody():
            soon = min(work.until, time.monotonic() + PATIENCE)  # then it looks again
            return refresh.flow(replace(work, until=soon))
        with self._one_at_a_time:
            return self._move(work)

    def _move(self, work: Work) -> bool:
        self._look(work.clock)
        if time.monotonic() - self._moved_at > PATIENCE and self._waiting:
            log.warning("no worker takes up any batch: the scheduler does it")
            return self._lend_a_hand(work)
        if _paused(work):
            return bool(due.held(work.run_id, work.clock())) and not work.stop.wait(GLANCE)
        if len(self._waiting) >= IN_LINE:
            return not work.stop.wait(GLANCE)
        batch = refresh.claim_next(work)
        if batch is None:
            return False
        return self._hand_out(batch, work) if batch.names else not work.stop.wait(GLANCE)

    def _look(self, clock: Clock) -> None:
        """See which are still there."""
        left = due.untouched(self._waiting, clock()) if self._waiting else set()
        db.session.rollback()  # no transaction is open while we wait
        if not left or len(left) < len(self._waiting):
            self._moved_at = time.monotonic()
        self._waiting = {token: run_id for token, run_id in self._waiting.items() if token in left}

    def _hand_out(self, batch: due.Batch, work: Work) -> bool:
        if not self._broker.tell(work.run_id, batch.claim):
            return refresh.work_on(batch, work)
        self._waiting[batch.claim] = work.run_id
        return True

    def _lend_a_hand(self, work: Work) -> bool:
        token = next(iter(self._waiting))
        run_id = self._waiting.pop(token)
        batch = due.take_up(run_id, token, work.clock())
        return not batch.names or refresh.work_on(batch, replace(work, run_id=run_id))


def take_up(run_id: int, token: str, stop: Event, clock: Clock = utc_now, *, askers: Askers | None = None) -> float:
    """What a worker does when it is told of a batch: has it asked, unless somebody was quicker. For how many seconds it
    has to rest before it takes up another: a machine without a network, or with a fault, must not take all there are.
    """
    try:
        batch = due.take_up(run_id, token, clock())
        well = not batch.names or refresh.work_on(batch, Work(run_id, None, stop, clock, askers=askers))
    except Exception as error:
        log.exception("a batch of the refresh %d failed on our side", run_id)
        _note(run_id, error, clock)
        return runs.STUMBLE_PAUSE.total_seconds()
    return 0.0 if well else runs.OFFLINE_PAUSE.total_seconds()


def _note(run_id: int, error: Exception, clock: Clock) -> None:
    try:
        runs.stumbled(run_id, error, clock())
    except Exception:  # it may be the database that is away
        log.exception("that could not be noted on the run")


def _paused(work: Work) -> bool:
    """Whether a worker has found that the monitor is ill, and nobody has come through with a batch since."""
    retry_at = db.session.get_one(RefreshRun, work.run_id, populate_existing=True).retry_at
    db.session.rollback()  # no transaction is open while we wait
    return retry_at is not None and retry_at > work.clock()
