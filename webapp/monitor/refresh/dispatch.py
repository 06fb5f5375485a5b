"""Dispatch: a run's batches are claimed here, and checked by the first worker that takes them.

The database is the truth. The broker carries only the message that a batch waits, and the token
under which it is claimed. A worker takes it by one conditional UPDATE, so a message that is lost,
late or sent twice does no harm: a batch that no worker takes is due again when its claim has
expired.

Workers need not be counted: a few batches wait in the queue, and as soon as one is taken the next
is dispatched. Where no worker takes any, the scheduler does it itself: at once where there is no
worker or no broker, else after a while.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from threading import Event
from typing import Protocol

from webapp.extensions import db
from webapp.monitor.models import RefreshRun
from webapp.monitor.probing import STOP_CHECK_SECONDS, Prober
from webapp.monitor.refresh import runner, runs, selection
from webapp.monitor.refresh.pipeline import Clock, RunWork
from webapp.monitor.refresh.runner import utc_now

log = logging.getLogger(__name__)

MAX_QUEUED_BATCHES = 8  # batches that wait for a worker
STALLED_QUEUE_SECONDS = 30.0  # seconds for which the queue may stand still


class Broker(Protocol):
    """How workers are told of a batch."""

    def anybody(self) -> bool:
        """Whether there is a worker to take something up, as far as can be told now."""

    def tell(self, run_id: int, token: str) -> bool:
        """Says that a batch waits. Whether that was said."""


class Dispatcher:
    """The batches that wait for a worker, as this process has dispatched them."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._waiting: dict[str, int] = {}  # the token of each -> its run, the oldest first
        # When another process last took up one of them, on the monotonic clock
        self._moved_at = 0.0

    def step(self, work: RunWork) -> bool:
        """Dispatches a batch, or lends a hand with one, or waits a moment: a step of a run, see
        `runner.work`."""
        if not self._broker.anybody():
            soon = min(work.until, time.monotonic() + STALLED_QUEUE_SECONDS)  # then it looks again
            return runner.flow(replace(work, until=soon))
        self._forget_taken_up(work.clock)
        if time.monotonic() - self._moved_at > STALLED_QUEUE_SECONDS and self._waiting:
            log.warning("no worker takes up any batch: the scheduler does it")
            return self._lend_a_hand(work)
        if _paused(work):
            return bool(selection.held(work.run_id, work.clock())) and not work.stop.wait(
                STOP_CHECK_SECONDS
            )
        if len(self._waiting) >= MAX_QUEUED_BATCHES:
            return not work.stop.wait(STOP_CHECK_SECONDS)
        batch = runner.claim_next(work)
        if batch is None:
            return False
        return (
            self._hand_out(batch, work) if batch.names else not work.stop.wait(STOP_CHECK_SECONDS)
        )

    def _forget_taken_up(self, clock: Clock) -> None:
        """Forgets the batches that a worker has taken up."""
        left = selection.untouched(self._waiting, clock()) if self._waiting else set()
        db.session.rollback()  # no transaction is open while we wait
        if not left or len(left) < len(self._waiting):
            self._moved_at = time.monotonic()
        self._waiting = {token: run_id for token, run_id in self._waiting.items() if token in left}

    def _hand_out(self, batch: selection.Batch, work: RunWork) -> bool:
        if not self._broker.tell(work.run_id, batch.claim):
            return runner.work_on(batch, work)
        self._waiting[batch.claim] = work.run_id
        return True

    def _lend_a_hand(self, work: RunWork) -> bool:
        token = next(iter(self._waiting))
        run_id = self._waiting.pop(token)
        batch = selection.take_up(run_id, token, work.clock())
        return not batch.names or runner.work_on(batch, replace(work, run_id=run_id))


def take_up(
    run_id: int, token: str, stop: Event, clock: Clock = utc_now, *, prober: Prober | None = None
) -> float:
    """What a worker does when it is told of a batch: has it asked, unless another process was
    quicker. For how many seconds it has to rest before it takes up another: a machine without a
    network, or with a fault, must not take all there are.
    """
    try:
        batch = selection.take_up(run_id, token, clock())
        well = not batch.names or runner.work_on(
            batch, RunWork(run_id, None, stop, clock, prober=prober)
        )
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


def _paused(work: RunWork) -> bool:
    """Whether a worker has found that the monitor is ill, and no one has come through with a batch
    since."""
    retry_at = db.session.get_one(RefreshRun, work.run_id, populate_existing=True).retry_at
    db.session.rollback()  # no transaction is open while we wait
    return retry_at is not None and retry_at > work.clock()
