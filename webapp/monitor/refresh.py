"""The refresh: due -> claim -> probe -> record, in batches, until a run has asked what it may.

Only who holds a run works on it, only who has claimed a name records it, and each answer is recorded in a transaction
of its own, together with its count. So a process may die at any moment: what was recorded stays, and the rest is due
again as soon as its claims have run out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime
from enum import StrEnum
from queue import Empty, SimpleQueue
from threading import Event

from flask import current_app
from sqlalchemy import select

from webapp import probe
from webapp.extensions import db, writing
from webapp.monitor import due, runs
from webapp.monitor.asking import probe_settings
from webapp.monitor.models import Hostname, RefreshRun
from webapp.monitor.record import remember
from webapp.probe import Finding, Reason, State

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
Progress = Callable[[RefreshRun], object]

GLANCE = 0.25  # seconds until whoever waits for answers looks whether to stop
PATIENCE = 6  # times the deadline of a check that a name stands in line at a busy address
MOST_CONTROLS = 5  # control names of the site's own
MOST_REMEMBERED = 2000  # of them that are looked through
SUSPICIOUS = 10  # names of a batch from which on it can tell that it is the monitor that is ill

# What looks the same whether the far side is gone or our own network is. A firewall on our side may refuse as well.
NETWORK = frozenset(
    {Reason.DNS_NOT_FOUND, Reason.DNS_FAILED, Reason.TIMEOUT, Reason.UNREACHABLE, Reason.REFUSED},
)


class Outcome(StrEnum):
    """What became of a batch."""

    DONE = "done"
    STOPPED = "stopped"
    OFFLINE = "offline"


def utc_now() -> datetime:
    """The clock of whoever calls from the edge."""
    return datetime.now(UTC)


def tick(stop: Event, seconds: float, clock: Clock = utc_now) -> bool:
    """What a scheduler does each time it looks: begin what it is time for, and work on what there is, for about so many
    seconds. Whether there is more to do."""
    runs.beat(clock())
    runs.begin_daily(clock())
    until = time.monotonic() + seconds
    for run_id in runs.waiting(clock()):
        if time.monotonic() < until and not stop.is_set():
            work(run_id, stop, clock, until=until)
    return not stop.is_set() and bool(runs.waiting(clock()))


def work(
    run_id: int,
    stop: Event,
    clock: Clock = utc_now,
    *,
    until: float = float("inf"),
    only: Sequence[int] = (),
    progress: Progress | None = None,
) -> None:
    """Work on a run until it has ended, or until this moment of the monotonic clock; not at all where somebody else
    does. `only` narrows it to these host names. A failure of ours is logged, and the run is tried again later."""
    owner = runs.take(run_id, clock())
    if owner is None:
        return
    try:
        while not stop.is_set() and time.monotonic() < until:
            if not _next_batch(run_id, owner, stop, clock, only, progress):
                break
    except Exception as error:
        log.exception("the refresh %d failed on our side", run_id)
        runs.stumbled(owner, error, clock())
    finally:
        runs.leave(owner)


def _next_batch(
    run_id: int, owner: str, stop: Event, clock: Clock, only: Sequence[int], progress: Progress | None
) -> bool:
    """One more batch of a run. Whether another may follow."""
    most = _room(run_id)
    batch = due.claim(run_id, owner, most, clock(), only) if most > 0 else due.Batch("", {})
    if batch is None:
        return False
    if not batch.names:
        runs.end(owner, clock())
        return False
    renewed_at = time.monotonic()

    def glance() -> None:
        nonlocal renewed_at
        if time.monotonic() - renewed_at > due.LEASE.total_seconds() / 3:
            renewed_at = time.monotonic()
            due.renew(batch.claim, owner, clock())
        _tell(run_id, progress)

    outcome = refresh_batch(batch.names, batch.claim, run_id, stop, clock, glance)
    _tell(run_id, progress)
    if outcome is Outcome.OFFLINE:
        log.warning("this machine has no network: the refresh %d stores nothing and is tried again", run_id)
        runs.went_offline(owner, clock())
    elif outcome is Outcome.DONE:
        runs.went_well(owner)
    return outcome is Outcome.DONE


def _tell(run_id: int, progress: Progress | None) -> None:
    """Show somebody how far a run is."""
    if progress is not None:
        progress(db.session.get_one(RefreshRun, run_id, populate_existing=True))
        db.session.rollback()  # no transaction is open while we wait


def _room(run_id: int) -> int:
    """How many names the next batch of a run may hold."""
    run = db.session.get_one(RefreshRun, run_id, populate_existing=True)
    size: int = current_app.config["PADLOCK_REFRESH_BATCH"]
    return min(size, run.most - run.asked) if run.most else size


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
        for finding in _answers(ids, stop, glance):
            if finding.reason in NETWORK:
                doubtful.append(finding)
            else:
                _settle(ids[finding.input], finding, claim, run_id, clock())
        offline = not stop.is_set() and _offline(doubtful, len(ids), stop, glance)
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
        runs.count(run_id, "failed" if failed else finding.state.value, changed=changed)


def _answers(names: Iterable[str], stop: Event, glance: Callable[[], object]) -> Iterator[Finding]:
    """What these names answer, in the order in which they do; ends early when it is to stop."""
    config = current_app.config
    settings = probe_settings(config)
    at_once, pause = config["PADLOCK_PER_ADDRESS"], config["PADLOCK_PER_ADDRESS_PAUSE"]
    turns = probe.Turns(at_once, pause, patience=PATIENCE * settings.timeout)
    finished: SimpleQueue[Future[Finding]] = SimpleQueue()
    with closing(probe.Crew[Finding](config["PADLOCK_PROBE_CONCURRENCY"], "refresh")) as crew:
        flying = [crew.submit(probe.probe(name, settings, turns)) for name in names]
        for answer in flying:
            answer.add_done_callback(finished.put)
        left = len(flying)
        while left and not stop.is_set():
            glance()
            try:
                yield finished.get(timeout=GLANCE).result()
                left -= 1
            except Empty:
                continue


def _offline(doubtful: list[Finding], size: int, stop: Event, glance: Callable[[], object]) -> bool:
    """Whether it is our own network that is down, now that so many of a batch of this size have no answer.

    The control names tell; where none is set, those of the site's own names that answered last, at other addresses.
    Where there are none of these either, it is ours if nothing at all answers and either no name gets past our resolver
    and our router, or several servers that have answered before are gone at the same moment.
    """
    if size < SUSPICIOUS or 2 * len(doubtful) <= size:
        return False
    known = _answered_before()
    names = {finding.input for finding in doubtful}
    places = {(finding.address, finding.port) for finding in doubtful}
    others = {where: name for name, where in known.items() if name not in names and where not in places}
    controls = current_app.config["PADLOCK_CONTROL_NAMES"] or list(others.values())[:MOST_CONTROLS]
    if controls:
        told = _answers(controls, stop, glance)
        return all(finding.reason in NETWORK | {Reason.MONITOR_ERROR} for finding in told)
    not_past_us = all(finding.reason in (Reason.DNS_FAILED, Reason.UNREACHABLE) for finding in doubtful)
    several = len({where for name, where in known.items() if name in names}) > 1
    return len(doubtful) == size and (not_past_us or several)


def _answered_before() -> dict[str, tuple[str | None, int | None]]:
    """The names that had something to say when last asked, and where: the latest of them."""
    answered = Hostname.state.in_((State.VALID, State.INVALID)) & (Hostname.reason != Reason.REFUSED)
    rows = select(Hostname.name, Hostname.address, Hostname.port).where(answered, due.in_use())
    latest = db.session.execute(rows.order_by(Hostname.checked_at.desc()).limit(MOST_REMEMBERED))
    found = {name: (address, port) for name, address, port in latest}
    db.session.rollback()  # no transaction is open while we wait
    return found
