"""The refresh: due -> claim -> probe -> record, in batches that overlap, until a run has asked what it may.

Only who holds a run works on it, only who has claimed a name records it, and answers are recorded in one transaction
with their count. So a process may die at any moment: what was recorded stays, and the rest is due again as soon as its
claims have run out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from threading import Event

from flask import current_app

from webapp.extensions import db
from webapp.monitor import due, runs
from webapp.monitor.models import RefreshRun
from webapp.monitor.network import MachineBusy
from webapp.monitor.stream import Clock, Progress, Stream, Work

log = logging.getLogger(__name__)

Step = Callable[[Work], bool]  # one step of whoever owns a run, such as `flow`: whether another may follow

NONE = due.Batch("", {})


def utc_now() -> datetime:
    """The clock of whoever calls from the edge."""
    return datetime.now(UTC)


def tick(stop: Event, seconds: float, clock: Clock = utc_now, step: Step | None = None) -> bool:
    """What a scheduler does each time it looks: begin what it is time for, and work on what there is, for about so many
    seconds. Whether there is more to do. `step` is how it works: see `handout` for another way than `flow`."""
    runs.beat(clock())
    runs.begin_daily(clock())
    runs.go_on(clock())
    until = time.monotonic() + seconds
    for run_id in runs.waiting(clock()):
        if time.monotonic() < until and not stop.is_set():
            work(run_id, stop, clock, until=until, step=step or flow)
    return not stop.is_set() and bool(runs.waiting(clock()))


def work(
    run_id: int,
    stop: Event,
    clock: Clock = utc_now,
    *,
    until: float = float("inf"),
    only: Sequence[int] = (),
    progress: Progress | None = None,
    step: Step | None = None,
) -> None:
    """Work on a run until it has ended, or until this moment of the monotonic clock; not at all where somebody else
    does. `only` narrows it to these host names. A failure of ours is logged, and the run is tried again later."""
    owner = runs.take(run_id, clock())
    if owner is None:
        return
    task, step = Work(run_id, owner, stop, clock, only, progress, until), step or flow
    renewed_at = time.monotonic()
    try:
        while not stop.is_set() and time.monotonic() < until:
            if not step(task):
                break
            if time.monotonic() - renewed_at > due.LEASE.total_seconds() / 3:
                renewed_at = time.monotonic()
                due.renew("", owner, clock())
    except MachineBusy as error:
        log.warning("the refresh %d is tried again in a while: %s", run_id, error)
        runs.stumbled(run_id, error, clock())
    except Exception as error:
        log.exception("the refresh %d failed on our side", run_id)
        runs.stumbled(run_id, error, clock())
    finally:
        runs.leave(owner)


def flow(work: Work) -> bool:
    """Ask batch after batch from here, the next one as soon as there are connections for it, until then; those that are
    under way then are waited for. Whether there may be more."""
    with closing(Stream(work)) as stream:
        more = True
        while more and stream.flows and time.monotonic() < work.until:
            while more and stream.has_room():
                batch = claim_next(work)
                more = batch is not None
                stream.add(batch or NONE)
            stream.listen()
        while stream.busy and stream.flows:
            stream.listen()
        return more and stream.flows


def claim_next(work: Work) -> due.Batch | None:
    """The next batch of a run; without names while there are others under way, the last of them. None: it is somebody
    else's by now, or there are no more, and it has ended."""
    now, owner = work.clock(), work.owner or ""
    most = _room(work.run_id, now)
    batch = due.claim(work.run_id, owner, most, now, work.only) if most > 0 else NONE
    if batch is None or batch.names or due.held(work.run_id, now):
        return batch
    runs.end(owner, now)
    return None


def work_on(batch: due.Batch, work: Work) -> bool:
    """Ask one batch, and note on the run what became of it. Whether this machine can go on with another."""
    with closing(Stream(work)) as stream:
        stream.add(batch)
        while stream.busy and stream.flows:
            stream.listen()
        return stream.flows


def _room(run_id: int, now: datetime) -> int:
    """How many names the next batch of a run may hold, beside those that are claimed for it already."""
    under_way = due.held(run_id, now)  # read first: a name that is recorded in between counts twice, not never
    run = db.session.get_one(RefreshRun, run_id, populate_existing=True)
    size: int = current_app.config["PADLOCK_REFRESH_BATCH"]
    return min(size, run.most - run.asked - under_way) if run.most else size
