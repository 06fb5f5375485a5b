"""Sources are read by background jobs: hourly ones are added by the scheduler's tick."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.imports import importer
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.jobs.runner import Work
from webapp.monitor.refresh import scheduler
from webapp.site import site_of, this_site
from webapp.sources import kept_runs
from webapp.sources.models import EVERY, JOB_KIND, Mode, Source

if TYPE_CHECKING:
    from webapp.sources import sync

TRY_FOR = timedelta(hours=1)
MOST_TRIES = 3  # of a job whose process is killed: the job may be the cause
AT_ONCE = 2  # in each process: who tests a source does not wait for the first sync of another
PROGRESS_SECONDS = 1.0  # between two notes of how far a job is
PAUSE = timedelta(seconds=15)  # of a job whose source is read by the command line meanwhile


class _LostClaim(importer.Stopped):
    """An administrator has ended the job, or another process has taken it up."""


class _ProcessEnds(importer.Stopped):
    """Another process goes on with the job."""


def register(app: Flask) -> None:
    """Has sources read in the background."""
    work = Work(run, lambda: True, _about, lane="sources", at_once=AT_ONCE)
    site_of(app).jobs.works[JOB_KIND] = work
    scheduler.at_each_tick(app, add_due)


def add_due(now: datetime) -> None:
    """Adds a job for every source that is due; its first sync has been agreed to. What a person has
    started comes first."""
    due = Source.paused.is_(False), Source.next_at <= now
    if db.session.scalar(select(Source.id).where(*due).limit(1)) is None:
        return  # most ticks write nothing
    with writing():
        for id_ in list(db.session.scalars(select(Source.id).where(*due))):
            if under_way(id_) is None:
                again = update(Source).where(Source.id == id_).values(next_at=now + EVERY)
                db.session.execute(again)
                asked = {"source": id_, "user": None, "mode": Mode.SYNC}
                queue.add(JOB_KIND, str(id_), asked | {"gone_percents": {}}, now, TRY_FOR)


def under_way(source_id: int) -> Job | None:
    """The job of this source that waits or runs."""
    job = queue.find(JOB_KIND, str(source_id))
    return job if job is not None and job.failed_at is None else None


def run(claimed: ClaimedJob) -> Outcome:
    """Reads the source of this job, for what its mode says. How it ends is told by its run; what
    fails here, by the log."""
    from webapp.sources import sync  # an HTTP client, which no start needs

    source = db.session.get(Source, claimed.arguments["source"])
    if source is None:
        return DONE
    if claimed.tries > MOST_TRIES:
        return Outcome("interrupted", final=True)
    user = db.session.get(User, claimed.arguments["user"] or 0)
    by = user.email if user is not None else ""
    mode = Mode(claimed.arguments["mode"])
    agreed = claimed.arguments["gone_percents"]
    order = sync.Order(user, by, datetime.now(UTC), mode is Mode.PREVIEW, agreed)
    try:
        summary = _carry_out(source, mode, order, _progress(claimed))
        if summary.fault is not None and summary.fault.code == "running":
            return Outcome(pause=PAUSE)
        if mode is not Mode.SYNC and _still_ours(claimed):
            kept_runs.keep(claimed.arguments["source"], summary, order, mode)
    except _ProcessEnds:
        queue.let_go([claimed], datetime.now(UTC))
    except _LostClaim:
        pass
    return DONE


def _carry_out(
    source: Source, mode: Mode, order: sync.Order, progress: importer.Progress
) -> sync.Summary:
    from webapp.sources import sync  # an HTTP client, which no start needs

    if mode is Mode.TEST:
        progress("testing", 0, 0)
        summary = sync.Summary(source.name, fault=sync.test(source))
    else:
        summary = sync.run(source, order, progress)
    if summary.fault is not None and summary.fault.code == "interrupted":
        raise _ProcessEnds
    return summary


def _progress(claimed: ClaimedJob) -> importer.Progress:
    """Stores how far the job is, holds it, and raises what it has to stop for."""
    told_at = -math.inf
    told = ""
    ends = this_site().jobs.stopping

    def progress(doing: str, done: int, total: int) -> None:
        nonlocal told_at, told
        if ends.is_set():
            raise _ProcessEnds
        if doing != told or time.monotonic() - told_at > PROGRESS_SECONDS:
            if not _still_ours(claimed, {"doing": doing, "done": done, "total": total}):
                raise _LostClaim
            told_at = time.monotonic()
            told = doing

    return progress


def _still_ours(claimed: ClaimedJob, progress: dict[str, Any] | None = None) -> bool:
    try:
        return queue.renew_lease(claimed, datetime.now(UTC), progress)
    except OperationalError:  # an import writes: the lease lasts until the next try
        return True


def _about(arguments: dict[str, Any]) -> str:
    source = db.session.get(Source, arguments["source"])
    return source.name if source is not None else ""
