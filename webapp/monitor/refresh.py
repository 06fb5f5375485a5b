"""The refresh: due -> claim -> probe -> record, in batches, until a run has asked what it may.

Only who holds a run works on it, only who has claimed a name records it, and each answer is recorded in a transaction
of its own, together with its count. So a process may die at any moment: what was recorded stays, and the rest is due
again as soon as its claims have run out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from threading import Event
from typing import Protocol

from flask import current_app
from sqlalchemy import select

from webapp.extensions import db, writing
from webapp.monitor import due, pace, runs
from webapp.monitor.asking import GLANCE, answers
from webapp.monitor.models import Hostname, RefreshRun
from webapp.monitor.network import NETWORK, is_offline
from webapp.monitor.record import remember
from webapp.probe import Finding, Reason

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Progress = Callable[[RefreshRun], object]


class Step(Protocol):
    """One step of whoever owns a run, such as `next_batch`. Whether another may follow."""

    def __call__(
        self,
        run_id: int,
        owner: str,
        stop: Event,
        clock: Clock,
        only: Sequence[int] = (),
        progress: Progress | None = None,
    ) -> bool: ...


class Outcome(StrEnum):
    """What became of a batch."""

    DONE = "done"
    STOPPED = "stopped"
    OFFLINE = "offline"


def utc_now() -> datetime:
    """The clock of whoever calls from the edge."""
    return datetime.now(UTC)


def tick(stop: Event, seconds: float, clock: Clock = utc_now, step: Step | None = None) -> bool:
    """What a scheduler does each time it looks: begin what it is time for, and work on what there is, for about so many
    seconds. Whether there is more to do. `step` is how it works: see `handout` for another way than `next_batch`."""
    runs.beat(clock())
    runs.begin_daily(clock())
    runs.go_on(clock())
    until = time.monotonic() + seconds
    for run_id in runs.waiting(clock()):
        if time.monotonic() < until and not stop.is_set():
            work(run_id, stop, clock, until=until, step=step or next_batch)
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
    step = step or next_batch
    renewed_at = time.monotonic()
    try:
        while not stop.is_set() and time.monotonic() < until and step(run_id, owner, stop, clock, only, progress):
            if _to_renew(renewed_at):
                renewed_at = time.monotonic()
                due.renew("", owner, clock())
    except Exception as error:
        log.exception("the refresh %d failed on our side", run_id)
        runs.stumbled(run_id, error, clock())
    finally:
        runs.leave(owner)


def next_batch(
    run_id: int,
    owner: str,
    stop: Event,
    clock: Clock,
    only: Sequence[int] = (),
    progress: Progress | None = None,
) -> bool:
    """One more batch of a run, asked from here. Whether another may follow."""
    batch = claim_next(run_id, owner, clock(), only)
    if batch is None:
        return False
    if batch.names:
        return work_on(batch, run_id, owner, stop, clock, progress)
    stop.wait(GLANCE)
    return True


def claim_next(run_id: int, owner: str, now: datetime, only: Sequence[int] = ()) -> due.Batch | None:
    """The next batch of a run; without names while others are at work on the last of them. None: it is somebody else's
    by now, or there are no more, and it has ended."""
    most = _room(run_id, now)
    batch = due.claim(run_id, owner, most, now, only) if most > 0 else due.Batch("", {})
    if batch is None or batch.names or due.held(run_id, now):
        return batch
    runs.end(owner, now)
    return None


def work_on(
    batch: due.Batch,
    run_id: int,
    owner: str | None,
    stop: Event,
    clock: Clock = utc_now,
    progress: Progress | None = None,
) -> bool:
    """Ask a batch, hold it and the run that `owner` owns meanwhile, and note on the run what became of it. Whether this
    machine can go on with another."""
    renewed_at = time.monotonic()

    def glance() -> None:
        nonlocal renewed_at
        if _to_renew(renewed_at):
            renewed_at = time.monotonic()
            due.renew(batch.claim, owner, clock())
        _tell(run_id, progress)

    outcome = refresh_batch(batch.names, batch.claim, run_id, stop, clock, glance)
    _tell(run_id, progress)
    if outcome is Outcome.OFFLINE:
        log.warning("this machine has no network: the refresh %d stores nothing and is tried again", run_id)
        runs.went_offline(run_id, clock())
    elif outcome is Outcome.DONE:
        runs.went_well(run_id)
    return outcome is Outcome.DONE


def _to_renew(renewed_at: float) -> bool:
    """Whether what was claimed or renewed then, on the monotonic clock, should be renewed now."""
    return time.monotonic() - renewed_at > due.LEASE.total_seconds() / 3


def _tell(run_id: int, progress: Progress | None) -> None:
    """Show somebody how far a run is."""
    if progress is not None:
        progress(db.session.get_one(RefreshRun, run_id, populate_existing=True))
        db.session.rollback()  # no transaction is open while we wait


def _room(run_id: int, now: datetime) -> int:
    """How many names the next batch of a run may hold, beside those that workers hold."""
    under_way = due.held(run_id, now)  # read first: a name that is recorded in between counts twice, not never
    run = db.session.get_one(RefreshRun, run_id, populate_existing=True)
    size: int = current_app.config["PADLOCK_REFRESH_BATCH"]
    return min(size, run.most - run.asked - under_way) if run.most else size


def refresh_batch(
    names: Mapping[int, str],
    claim: str,
    run_id: int,
    stop: Event,
    clock: Clock = utc_now,
    glance: Callable[[], object] = lambda: None,
) -> Outcome:
    """Ask these host names, by id, which `claim` holds, and record what they answer; `glance` is called every now and
    then, to renew the claim. An answer that our own network could have given is recorded when it is sure that it has
    not; else all of these are dropped."""
    ids = {name: number for number, name in names.items()}
    doubtful = []
    try:
        for finding in answers(ids, stop, glance):
            if finding.reason in NETWORK:
                doubtful.append(finding)
            else:
                _settle(ids[finding.input], finding, claim, run_id, clock())
        offline = not stop.is_set() and is_offline(doubtful, len(ids), stop, glance)
        if stop.is_set():
            return Outcome.STOPPED
        if offline:
            return Outcome.OFFLINE
        for finding in doubtful:
            _settle(ids[finding.input], finding, claim, run_id, clock())
        return Outcome.DONE
    finally:
        due.release(claim)


def _settle(hostname_id: int, finding: Finding, claim: str, run_id: int, now: datetime) -> None:
    """Record one answer and count it. It is dropped where the name has gone, or nobody uses it any more, or somebody
    else has claimed it because we were away for too long."""
    with writing(beside_others=True):
        held = select(Hostname).where(Hostname.id == hostname_id, Hostname.claim == claim, due.in_use())
        row = db.session.scalar(held.with_for_update(key_share=True))
        if row is None:
            return
        changed = remember(row, finding, now)
        failed = finding.reason is Reason.MONITOR_ERROR
        row.asked_at, row.run_id = now if failed else finding.checked_at, run_id
        row.claim = row.claimed_until = None
        if failed:
            row.next_at = now + pace.HOUR
        runs.count(run_id, "failed" if failed else finding.state.value, changed=changed)
