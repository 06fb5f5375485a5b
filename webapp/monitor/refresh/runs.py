"""Refresh runs: when one begins, who works on it, how it ends, and the last ones.

One begins for each local day, once its time has come. The day is the slot and the slot is unique,
so it does not matter how many schedulers look, how often the site starts, or which way the clock is
turned.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.exc import IntegrityError

from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.monitor.models import Heartbeat, RefreshRun, RunKind, RunState
from webapp.monitor.refresh import selection
from webapp.monitor.refresh.network import MachineBusy
from webapp.words import refreshes
from webapp.words.refreshes import RunDetail

log = logging.getLogger(__name__)

OFFLINE_PAUSE = timedelta(minutes=5)  # until a monitor without a network tries again
# Until a run that failed on our side is tried again; doubled each time
STUMBLE_PAUSE = timedelta(minutes=1)
MOST_TRIES = 5
LATE = timedelta(hours=1)
JOB = "refresh"  # the kind of the background job that works on a run
TRY_FOR = timedelta(days=30)


def day_of(now: datetime, at: time, zone: tzinfo) -> str:
    """The local day whose refresh should have begun by `now`: today, or yesterday before it is
    time."""
    local = now.astimezone(zone)
    today = local.date()
    return (today if local.time() >= at else today - timedelta(days=1)).isoformat()


def begin(
    kind: RunKind, slot: str, most: int, now: datetime, who: str = "", size: int | None = None
) -> RefreshRun | None:
    """A new run that may ask `most` of `size` names, 0 for all; without a size it is every host
    name in use. None where this slot has had its run, or there is nothing to ask."""
    size = selection.names_in_use() if size is None else size
    if not size:
        return None
    try:
        with writing():
            run = new(kind, slot, most, min(most or size, size), now, who)
            run_id = run.id
            add_job(run_id, now)
    except IntegrityError:
        return None
    return db.session.get(RefreshRun, run_id)


def new(kind: RunKind, slot: str, most: int, total: int, now: datetime, who: str) -> RefreshRun:
    """The row of a run that begins. Call it inside `writing()`."""
    run = RefreshRun(kind=kind, slot=slot, most=most, total=total, started_at=now, who=who)
    db.session.add(run)
    db.session.flush()
    return run


def begin_here(most: int, now: datetime, size: int) -> ClaimedJob | None:
    """The job of a new run that this process works on itself, for who waits at a command line. None
    where there is nothing to ask."""
    if not size:
        return None
    with writing():
        total = min(most or size, size)
        run = new(RunKind.COMMAND, slot_of_now(now), most, total, now, "command line")
        return queue.add_claimed(JOB, str(run.id), {"run": run.id}, now, TRY_FOR)


def slot_of_now(now: datetime) -> str:
    """A slot for a run that a user or a command starts now."""
    return f"{now:%Y-%m-%d %H:%M:%S} {secrets.token_hex(4)}"


def add_job(run_id: int, now: datetime) -> None:
    """Has a process work on this run at once. Call it inside `writing()`."""
    queue.add(JOB, str(run_id), {"run": run_id}, now, TRY_FOR)


def add_missing_jobs(now: datetime) -> None:
    """Adds the job of each run that is under way and has none: an administrator has ended
    it, or the run comes from an earlier release."""
    under_way = select(RefreshRun.id).filter_by(ended_at=None)
    ids = {str(run_id): run_id for run_id in db.session.scalars(under_way)}
    keys = set(db.session.scalars(select(Job.key).where(Job.kind == JOB, Job.key.in_(ids))))
    for key in ids.keys() - keys:
        with writing():
            add_job(ids[key], now)


def outcome(run_id: int, now: datetime) -> Outcome:
    """What has become of a try: the run has ended, or it goes on after a pause."""
    run = db.session.get(RefreshRun, run_id, populate_existing=True)
    if run is None or run.ended:
        return DONE
    return Outcome(pause=max(run.retry_at - now, timedelta(0)) if run.retry_at else timedelta(0))


def interrupt(run_id: int, now: datetime) -> None:
    """Ends what a command line has left behind: it was for the person who sat there."""
    with writing():
        told = {"state": RunState.FAILED, "detail_code": RunDetail.INTERRUPTED}
        update_runs(*_unfinished(run_id), **told, ended_at=now)


def end(run_id: int, owner: ClaimedJob, now: datetime) -> None:
    """Nothing is due any more, as the process found that has the job `owner`."""
    with writing():
        run = db.session.scalar(select(RefreshRun).where(*_unfinished(run_id)))
        if run is not None and queue.hold(owner, now, selection.lease()):
            all_failed = run.asked > 0 and run.failed == run.asked
            run.state = RunState.FAILED if all_failed else RunState.DONE
            run.detail_code = RunDetail.ALL_FAILED if all_failed else RunDetail.NONE
            if run.failed:
                told = refreshes.failed_checks(run.asked, run.failed)
                log.error("the refresh %d did not go well: %s", run.id, told)
                if not all_failed and refreshes.many_failed(run.asked, run.failed):
                    run.detail_code = RunDetail.MANY_FAILED
                    run.detail_parameters = {"asked": run.asked, "failed": run.failed}
            run.ended_at = now


def went_well(run_id: int) -> None:
    """A batch has come through, here or at a worker: whatever was wrong before is over."""
    with writing():
        fresh = {"state": RunState.RUNNING, "tries": 0, "retry_at": None}
        update_runs(*_unfinished(run_id), detail_code=RunDetail.NONE, **fresh)


def went_offline(run_id: int, now: datetime) -> None:
    """The monitor has no network: nothing was stored, and it is tried again in a while."""
    with writing():
        update_runs(*_unfinished(run_id), state=RunState.OFFLINE, retry_at=now + OFFLINE_PAUSE)


def stumbled(run_id: int, error: Exception, now: datetime) -> None:
    """A batch failed on our side.

    It is tried again, later each time, and given up after a few times. What fails in several places
    at once has failed once.
    """
    with writing():
        run = db.session.scalar(select(RefreshRun).where(*_unfinished(run_id)))
        if run is not None and (run.retry_at is None or run.retry_at <= now):
            run.tries += 1
            busy = isinstance(error, MachineBusy)
            run.detail_code = RunDetail.BUSY if busy else RunDetail.ERROR
            run.detail_parameters = {} if busy else {"error": type(error).__name__}
            run.retry_at = now + STUMBLE_PAUSE * 2 ** (run.tries - 1)
            if run.tries >= MOST_TRIES:
                run.state = RunState.FAILED
                run.ended_at = now


def count(run_id: int, more: Mapping[str, int]) -> None:
    """So many more names were asked, by column.

    Call it inside the `writing()` that records the findings: so the counts hold, whenever the
    process dies.
    """
    columns = RefreshRun.__table__.c
    update_runs(
        RefreshRun.id == run_id, **{name: columns[name] + number for name, number in more.items()}
    )


def beat(now: datetime) -> None:
    """The scheduler is alive."""
    with writing():
        db.session.merge(Heartbeat(id=1, ticked_at=now))


# --- what pages, System Health and /readyz ask ---


def last_tick() -> datetime | None:
    """When a scheduler last looked whether there is something to do; each does about once a
    minute."""
    return db.session.scalar(select(Heartbeat.ticked_at).filter_by(id=1))


def last_daily() -> RefreshRun | None:
    """The newest run of the clock's."""
    return db.session.scalar(_newest().filter_by(kind=RunKind.DAILY).limit(1))


def todays(now: datetime) -> RefreshRun | None:
    """The run of this day; None where it has not begun."""
    config = current_app.config
    day = day_of(now, config["PADLOCK_REFRESH_AT"], config["PADLOCK_TIMEZONE"])
    return db.session.scalar(select(RefreshRun).filter_by(kind=RunKind.DAILY, slot=day))


def latest(most: int) -> list[RefreshRun]:
    """The newest runs, of every kind."""
    return list(db.session.scalars(_newest().limit(most)))


def under_way() -> RefreshRun | None:
    """The run that is being worked on or waits for it, the newest of several."""
    return db.session.scalar(_newest().filter_by(ended_at=None).limit(1))


def offline_since() -> datetime | None:
    """Since when the monitor has had no network, as its last run saw it; None where it has one. A
    run that has just begun has not seen anything yet."""
    has_seen = or_(RefreshRun.state != RunState.RUNNING, RefreshRun.asked > 0)
    run = db.session.scalar(_newest().where(has_seen).limit(1))
    if run is not None and run.state is RunState.OFFLINE:
        return run.started_at
    waits = select(RefreshRun.started_at).filter_by(kind=RunKind.RECHECK, ended_at=None)
    return db.session.scalar(waits.filter_by(state=RunState.OFFLINE).limit(1))


def is_late(now: datetime) -> bool:
    """Whether the day's run has not begun an hour after its time, though there is something to
    ask."""
    config = current_app.config
    day = day_of(now - LATE, config["PADLOCK_REFRESH_AT"], config["PADLOCK_TIMEZONE"])
    of_day = (RefreshRun.kind == RunKind.DAILY, RefreshRun.slot >= day)
    begun = db.session.scalar(select(RefreshRun.id).where(*of_day).limit(1)) is not None
    return not begun and selection.awaited(now - LATE) > 0


def _unfinished(run_id: int) -> tuple[ColumnElement[bool], ...]:
    return RefreshRun.id == run_id, RefreshRun.ended_at.is_(None)


def _newest() -> Select[RefreshRun]:
    """Rechecks are no refresh: theirs goes on all day."""
    refreshes = select(RefreshRun).where(RefreshRun.kind != RunKind.RECHECK)
    return refreshes.order_by(RefreshRun.id.desc())


def update_runs(*where: ColumnElement[bool], **values: Any) -> int:
    """How many runs fit and were changed."""
    statement = update(RefreshRun).where(*where).values(values)
    result: Any = db.session.execute(statement, execution_options={"synchronize_session": False})
    changed: int = result.rowcount
    return changed
