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
from webapp.monitor.models import Heartbeat, RefreshRun, RunKind, RunState
from webapp.monitor.refresh import selection
from webapp.monitor.refresh.network import MachineBusy
from webapp.words import refreshes
from webapp.words.refreshes import Detail

log = logging.getLogger(__name__)

OFFLINE_PAUSE = timedelta(minutes=5)  # until a monitor without a network tries again
# Until a run that failed on our side is tried again; doubled each time
STUMBLE_PAUSE = timedelta(minutes=1)
MOST_TRIES = 5
LATE = timedelta(hours=1)


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
            db.session.flush()
            run_id = run.id
    except IntegrityError:
        return None
    return db.session.get(RefreshRun, run_id)


def new(kind: RunKind, slot: str, most: int, total: int, now: datetime, who: str) -> RefreshRun:
    """The row of a run that begins. Call it inside `writing()`."""
    run = RefreshRun(kind=kind, slot=slot, most=most, total=total, started_at=now, who=who)
    db.session.add(run)
    return run


def slot_of_now(now: datetime) -> str:
    """A slot for a run that a user or a command starts now."""
    return f"{now:%Y-%m-%d %H:%M:%S} {secrets.token_hex(4)}"


def take(run_id: int, now: datetime) -> str | None:
    """Become the one who works on a run, until `leave`; the word to say so with.

    None: another process is.
    """
    owner = secrets.token_hex(16)
    unowned = selection.free(RefreshRun.__table__.c.owned_until, now)
    with writing():
        free = (RefreshRun.id == run_id, RefreshRun.ended_at.is_(None), unowned)
        taken = update_runs(*free, owner=owner, owned_until=now + selection.lease())
    return owner if taken else None


def leave(owner: str) -> None:
    """Let another process work on it."""
    with writing():
        update_runs(RefreshRun.owner == owner, owner=None, owned_until=None)


def waiting(now: datetime) -> list[int]:
    """The runs that a scheduler may work on now, those that a person waits for first.

    What a command line has left behind is ended: it was for the person who sat there.
    """
    free = selection.free(RefreshRun.__table__.c.owned_until, now)
    retry_at = RefreshRun.__table__.c.retry_at
    # A retry further away than any pause was set under another clock.
    longest = OFFLINE_PAUSE + STUMBLE_PAUSE * 2**MOST_TRIES
    ready = or_(retry_at.is_(None), retry_at <= now, retry_at > now + longest)
    unfinished = select(RefreshRun).where(RefreshRun.ended_at.is_(None), free, ready)
    rows = db.session.scalars(unfinished.order_by(RefreshRun.kind.desc(), RefreshRun.id)).all()
    left = [run.id for run in rows if run.kind is RunKind.COMMAND]
    found = [run.id for run in rows if run.kind is not RunKind.COMMAND]
    if left:
        with writing():
            update_runs(
                RefreshRun.id.in_(left),
                free,
                state=RunState.FAILED,
                detail_code=Detail.INTERRUPTED,
                ended_at=now,
                owner=None,
            )
    return found


def end(owner: str, now: datetime) -> None:
    """Nothing is due any more."""
    with writing():
        run = db.session.scalar(select(RefreshRun).filter_by(owner=owner, ended_at=None))
        if run is not None:
            all_failed = run.asked > 0 and run.failed == run.asked
            run.state = RunState.FAILED if all_failed else RunState.DONE
            run.detail_code = Detail.ALL_FAILED if all_failed else Detail.NONE
            if run.failed:
                told = refreshes.failed_checks(run.asked, run.failed)
                log.error("the refresh %d did not go well: %s", run.id, told)
                if not all_failed and refreshes.many_failed(run.asked, run.failed):
                    run.detail_code = Detail.MANY_FAILED
                    run.detail_parameters = {"asked": run.asked, "failed": run.failed}
            run.ended_at = now
            run.owner = None
            run.owned_until = None


def went_well(run_id: int) -> None:
    """A batch has come through, here or at a worker: whatever was wrong before is over."""
    with writing():
        fresh = {"state": RunState.RUNNING, "tries": 0, "retry_at": None}
        update_runs(*_unfinished(run_id), detail_code=Detail.NONE, **fresh)


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
            run.detail_code = Detail.BUSY if busy else Detail.ERROR
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
    """Since when the monitor has had no network, as its last run saw it; None where it has one."""
    run = db.session.scalar(_newest().limit(1))
    return run.started_at if run is not None and run.state is RunState.OFFLINE else None


def held_elsewhere() -> bool:
    """Whether a process holds a run, as seen by one that holds none itself. It may have died."""
    held = select(RefreshRun.id).where(RefreshRun.ended_at.is_(None), RefreshRun.owner.is_not(None))
    return db.session.scalar(held.limit(1)) is not None


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
    return select(RefreshRun).order_by(RefreshRun.id.desc())


def update_runs(*where: ColumnElement[bool], **values: Any) -> int:
    """How many runs fit and were changed."""
    statement = update(RefreshRun).where(*where).values(values)
    result: Any = db.session.execute(statement, execution_options={"synchronize_session": False})
    changed: int = result.rowcount
    return changed
