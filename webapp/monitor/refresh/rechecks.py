"""Host names that are checked once more, outside their turn: what has turned invalid some minutes
later, and a name of which something is about to be reported just before.

They are a run of their own, one a day, that goes on whenever one is due. Its job stands in the lane
of the refreshes, so the two take turns: an outage of ten thousand names never doubles the load.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from webapp.extensions import db, writing
from webapp.monitor.models import RefreshRun, RunKind, RunState, Target
from webapp.monitor.refresh import runs, selection
from webapp.words.refreshes import RunDetail

MOST_AT_ONCE = 500  # names of a tick: then a refresh that waits has its turn
PAUSE_AFTER_FAILURE = timedelta(minutes=10)


def add(target_ids: Collection[int], now: datetime) -> None:
    """Has these targets checked now, unless they are about to be. Call it inside `writing()`."""
    if target_ids:
        later = or_(Target.recheck_at.is_(None), Target.recheck_at > now)
        chosen = update(Target).where(Target.id.in_(target_ids), later).values(recheck_at=now)
        db.session.execute(chosen, execution_options={"synchronize_session": False})


def go_on(now: datetime) -> None:
    """The run of the day begins or goes on when names are due."""
    size = min(selection.to_recheck(now), MOST_AT_ONCE)
    if not size:
        return
    slot = f"{RunKind.RECHECK} {now.date()}"
    run = db.session.scalar(select(RefreshRun).filter_by(slot=slot))
    if run is None:
        runs.begin(RunKind.RECHECK, slot, size, now, size=size)
        return
    if run.ended_at is None or (
        run.state is RunState.FAILED and now < run.ended_at + PAUSE_AFTER_FAILURE
    ):
        return
    ended = (RefreshRun.id == run.id, RefreshRun.ended_at.is_not(None))
    most = run.asked + size
    fresh = {"state": RunState.RUNNING, "started_at": now, "ended_at": None, "tries": 0}
    with writing():
        if runs.update_runs(*ended, **fresh, most=most, total=most, detail_code=RunDetail.NONE):
            runs.add_job(run.id, now)
