"""Sources are read hourly, by background jobs that the scheduler's tick adds."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.imports import importer
from webapp.jobs import queue
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.jobs.runner import Work
from webapp.monitor.refresh import scheduler
from webapp.site import site_of, this_site
from webapp.sources.models import EVERY, Source

KIND = "source"
TRY_FOR = timedelta(hours=1)
MOST_TRIES = 3  # of a job whose process is killed: the job may be the cause
HOLD_SECONDS = queue.LEASE.total_seconds() / 4  # between two renewals of the lease


class _LostClaim(importer.Stopped):
    """An administrator has ended the job, or another process has taken it up."""


class _ProcessEnds(importer.Stopped):
    """Another process goes on with the job."""


def register(app: Flask) -> None:
    """Has sources read in the background, one at a time in each process."""
    site_of(app).jobs.works[KIND] = Work(run, lambda: True, _about, lane="sources")
    scheduler.at_each_tick(app, add_due)


def add_due(now: datetime) -> None:
    """Adds a job for every source that is due; its first sync has been agreed to."""
    due = Source.paused.is_(False), Source.next_at <= now
    if db.session.scalar(select(Source.id).where(*due).limit(1)) is None:
        return  # most ticks write nothing
    with writing():
        for id_ in list(db.session.scalars(select(Source.id).where(*due))):
            db.session.execute(update(Source).where(Source.id == id_).values(next_at=now + EVERY))
            queue.add(KIND, str(id_), {"source": id_, "user": None}, now, TRY_FOR)


def run(claimed: ClaimedJob) -> Outcome:
    """Reads the source of this job. How it ends is told by its run; what fails here, by the log."""
    from webapp.sources import sync  # an HTTP client, which no start needs

    source = db.session.get(Source, claimed.arguments["source"])
    if source is None:
        return DONE
    if claimed.tries > MOST_TRIES:
        return Outcome("interrupted", final=True)
    user = db.session.get(User, claimed.arguments["user"] or 0)
    by = user.email if user is not None else ""
    try:
        sync.run(source, sync.Order(user, by, datetime.now(UTC)), _progress(claimed))
    except _ProcessEnds:
        queue.let_go([claimed], datetime.now(UTC))
    except _LostClaim:
        pass
    return DONE


def _progress(claimed: ClaimedJob) -> importer.Progress:
    """Keeps how far the job is, holds it, and raises what it has to stop for."""
    held_at = time.monotonic()
    ends = this_site().jobs.stopping

    def progress(doing: str, done: int, total: int) -> None:
        nonlocal held_at
        if ends.is_set():
            raise _ProcessEnds
        if time.monotonic() - held_at > HOLD_SECONDS:
            held_at = time.monotonic()
            if not _still_ours(claimed):
                raise _LostClaim

    return progress


def _still_ours(claimed: ClaimedJob) -> bool:
    try:
        return queue.renew_lease(claimed, datetime.now(UTC))
    except OperationalError:  # an import writes: the lease lasts until the next try
        return True


def _about(arguments: dict[str, Any]) -> str:
    source = db.session.get(Source, arguments["source"])
    return source.name if source is not None else ""
