"""Numbers that take seconds to count: background jobs do it every few hours, for all pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import JSON, String, select
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Instant, Model, db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.jobs.runner import Work
from webapp.monitor.refresh import scheduler
from webapp.site import site_of

LANE = "counts"
EMPTY_FOR = timedelta(minutes=5)  # a new site soon has something to count


class StoredCount(Model):
    """Numbers of a page that take a while to count, and when that was."""

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    counted_at: Mapped[datetime] = mapped_column(Instant)
    numbers: Mapped[dict[str, Any]] = mapped_column(JSON)


class Count(NamedTuple):
    """Numbers under a name, which is that of their job as well; how often they are counted, by
    what, as JSON, and whether they say that there was nothing to count."""

    name: str
    every: timedelta
    numbers: Callable[[datetime], dict[str, Any]]
    is_empty: Callable[[dict[str, Any]], bool]


def register(app: Flask, count: Count) -> None:
    """Has these numbers counted."""

    def run(_job: ClaimedJob) -> Outcome:
        count_again(count, datetime.now(UTC))
        return DONE

    def add_count(now: datetime) -> None:
        add_if_due(count, now)

    site_of(app).jobs.works[count.name] = Work(run, lambda: True, lambda _: "", LANE)
    scheduler.at_each_tick(app, add_count)


def add_if_due(count: Count, now: datetime) -> None:
    """Adds the job where the numbers are old, unless it is there already."""
    waits = select(Job.id).where(Job.kind == count.name)
    if _of(count, now, count.every) is None and db.session.scalar(waits) is None:
        with writing():
            queue.add(count.name, "", {}, now, count.every)


def stored(count: Count, now: datetime) -> StoredCount | None:
    """The numbers as they were counted last; None where that is long ago: no scheduler runs."""
    return _of(count, now, 2 * count.every)


def count_again(count: Count, now: datetime) -> None:
    """Counts and stores the numbers."""
    numbers = count.numbers(now)
    db.session.rollback()  # no transaction of readers is open while writers wait
    with writing():
        db.session.merge(StoredCount(name=count.name, counted_at=now, numbers=numbers))


def _of(count: Count, now: datetime, most: timedelta) -> StoredCount | None:
    row = db.session.get(StoredCount, count.name)
    if row is not None and count.is_empty(row.numbers):
        most = EMPTY_FOR
    # One from after `now` was counted under a clock that has been set back
    return row if row is not None and timedelta() <= now - row.counted_at < most else None
