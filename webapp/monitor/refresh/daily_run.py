"""When the refresh run of a day begins, and when it goes on."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import or_, select

from webapp.extensions import db, writing
from webapp.monitor.models import RefreshRun, RunKind, RunState
from webapp.monitor.refresh import selection
from webapp.monitor.refresh.runs import add_job, begin, day_of, todays, update_runs
from webapp.words.refreshes import RunDetail

PAUSE_AFTER_FAILURE = timedelta(hours=1)


def begin_daily(now: datetime) -> None:
    """Begin the run of the day, where it is time and no one has; a day that was missed is made up.

    What is left of an earlier day ends: its names are due in the new run. No run begins while there
    is nothing to ask.
    """
    config = current_app.config
    day = day_of(now, config["PADLOCK_REFRESH_AT"], config["PADLOCK_TIMEZONE"])
    # A later day has had its turn already: it is the hour that comes twice in autumn. (Where that
    # is in the future, the clock has been set back, and this day is as good as any.)
    later = (RefreshRun.slot > day) & (RefreshRun.started_at <= now)
    done = select(RefreshRun.id).where(
        RefreshRun.kind == RunKind.DAILY, or_(RefreshRun.slot == day, later)
    )
    if db.session.scalar(done.limit(1)) is not None:
        return
    run = begin(
        RunKind.DAILY, day, config["PADLOCK_REFRESH_DAILY_LIMIT"], now, size=selection.awaited(now)
    )
    if run is not None:
        # The adaptive schedule only ever stops for the day: what it has not come to is as due as
        # before.
        cut = (
            {"state": RunState.DONE}
            if selection.adaptive()
            else {"state": RunState.FAILED, "detail_code": RunDetail.CUT_OFF}
        )
        open_before = (
            RefreshRun.kind == RunKind.DAILY,
            RefreshRun.ended_at.is_(None),
            RefreshRun.id < run.id,
        )
        with writing():
            running = (*open_before, RefreshRun.state == RunState.RUNNING)
            update_runs(*running, **cut, ended_at=now)
            update_runs(*open_before, ended_at=now)


def go_on(now: datetime) -> None:
    """With the adaptive schedule the run of the day, ended, goes on when the next names have their
    turn, as long as the day's checks last. One that failed is left alone for a while."""
    rested = or_(
        RefreshRun.state == RunState.DONE,
        RefreshRun.__table__.c.ended_at <= now - PAUSE_AFTER_FAILURE,
    )
    ended = (
        RefreshRun.ended_at.is_not(None),
        rested,
        or_(RefreshRun.most == 0, RefreshRun.asked < RefreshRun.most),
    )
    run = todays(now) if selection.adaptive() else None
    size = selection.awaited(now) if run is not None and run.ended else 0
    if run is not None and size:
        total = min(run.most or run.asked + size, run.asked + size)
        with writing():
            fresh = {"state": RunState.RUNNING, "tries": 0, "ended_at": None, "total": total}
            if update_runs(RefreshRun.id == run.id, *ended, detail_code=RunDetail.NONE, **fresh):
                add_job(run.id, now)
