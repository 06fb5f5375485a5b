"""The refresh: select -> claim -> probe -> record, in overlapping batches, until the run is done.

Only the holder of a run works on it, only the holder of a claim records the name, and findings are
recorded in one transaction with their count. So a process may die at any moment: what was recorded
stays, and the rest is due again as soon as its claims have expired.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from threading import Event

from flask import current_app
from sqlalchemy import select

from webapp.extensions import db
from webapp.jobs import queue
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.monitor.models import RefreshRun, RunKind
from webapp.monitor.refresh import daily_run, rechecks, runs, selection
from webapp.monitor.refresh.network import MachineBusy
from webapp.monitor.refresh.pipeline import Clock, Pipeline, Progress, RunWork
from webapp.site import this_site

log = logging.getLogger(__name__)

# One step of the process that owns a run, such as `flow`: whether another may follow
RunStep = Callable[[RunWork], bool]

TURN_SECONDS = 40.0  # of a run, where others wait: a person's must not wait for all names
NONE = selection.Batch("", {})


def utc_now() -> datetime:
    """The clock of no matter who calls from the edge."""
    return datetime.now(UTC)


def tick(now: datetime) -> None:
    """What a scheduler does each time it looks: begin what it is time for, and see that each run
    under way has its job."""
    runs.beat(now)
    daily_run.begin_daily(now)
    daily_run.go_on(now)
    rechecks.go_on(now)
    runs.add_missing_jobs(now)


def run(job: ClaimedJob, step: RunStep | None) -> Outcome:
    """What the process does that has the job of a run; `step`: see `work`."""
    now = utc_now()
    run = db.session.get(RefreshRun, job.arguments["run"])
    if run is not None and run.kind is RunKind.COMMAND:
        runs.interrupt(run.id, now)  # the command, which worked on it itself, has been killed
    if run is None or run.ended or run.kind is RunKind.COMMAND:
        return DONE
    turn_until = time.monotonic() + TURN_SECONDS
    return work(job, this_site().jobs.stopping, turn_until=turn_until, step=step)


def work(
    job: ClaimedJob,
    stop: Event,
    clock: Clock = utc_now,
    *,
    until: float = float("inf"),
    turn_until: float = float("inf"),
    only: Sequence[int] = (),
    progress: Progress | None = None,
    step: RunStep | None = None,
) -> Outcome:
    """Work on the run of this job until it has ended, has to pause, or until this moment of the
    monotonic clock; what became of it. From `turn_until` on a run that waits goes first. `only`
    narrows it to these host names. A failure of ours is logged, and the run is tried again later.
    `step` is how it works: see `dispatch` for another way than `flow`."""
    run_id = job.arguments["run"]
    task = RunWork(run_id, job, stop, clock, only, progress, until, turn_until)
    step = step or flow
    renewed_at = time.monotonic()
    try:
        while not stop.is_set() and time.monotonic() < until:
            if not step(task):
                break
            if time.monotonic() - renewed_at > selection.lease().total_seconds() / 3:
                renewed_at = time.monotonic()
                selection.renew("", job, clock())
    except MachineBusy as error:
        log.warning("this machine was too busy for the refresh %d: tried again soon", run_id)
        runs.stumbled(run_id, error, clock())
    except Exception as error:
        log.exception("the refresh %d failed on our side", run_id)
        runs.stumbled(run_id, error, clock())
    return runs.outcome(run_id, clock())


def flow(work: RunWork) -> bool:
    """Ask batch after batch from here, the next one as soon as there is room for it, until
    then; those that are under way then are waited for. Whether there may be more."""
    with closing(Pipeline(work)) as stream:
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


def claim_next(work: RunWork) -> selection.Batch | None:
    """The next batch of a run; without names while there are others under way, the last of them.

    None: it is another process's by now, another run goes first, or there are no more, and it has
    ended.
    """
    now = work.clock()
    owner = work.owner
    if owner is None or (time.monotonic() > work.turn_until and queue.any_due(runs.JOB, now)):
        return None
    most = _room(work.run_id, now)
    batch = selection.claim(work.run_id, owner, most, now, work.only) if most > 0 else NONE
    if batch is None or batch.names or selection.held(work.run_id, now):
        return batch
    runs.end(work.run_id, owner, now)
    return None


def work_on(batch: selection.Batch, work: RunWork) -> bool:
    """Ask one batch, and note on the run what became of it.

    Whether this machine can go on with another.
    """
    with closing(Pipeline(work)) as stream:
        stream.add(batch)
        while stream.busy and stream.flows:
            stream.listen()
        return stream.flows


def _room(run_id: int, now: datetime) -> int:
    """How many names the next batch of a run may hold, beside those that are claimed for it
    already."""
    size: int = current_app.config["PADLOCK_REFRESH_BATCH"]
    most = db.session.scalar(select(RefreshRun.most).filter_by(id=run_id))
    if not most:
        return size
    # Read first: a name that is recorded in between counts twice, not never
    under_way = selection.held(run_id, now)
    asked = db.session.scalar(select(RefreshRun.asked).filter_by(id=run_id)) or 0
    return min(size, most - asked - under_way)
