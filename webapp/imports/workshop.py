"""The one thread of each process that checks and writes imports, a job after the other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import datetime
from typing import IO, Any

from flask import Flask, current_app

from webapp import csv_writer
from webapp.customers import access
from webapp.customers.models import User
from webapp.extensions import db
from webapp.imports import guessing, importer, remembered
from webapp.imports.job_files import Job, file_of, keep_job
from webapp.imports.table_errors import NotATable
from webapp.site import site_of
from webapp.words import imports as say

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.2  # seconds between two notes of how far it is


class Workshop:
    """The one thread of this process that works on imports, and the locks of the jobs that it
    has."""

    def __init__(self) -> None:
        self.executor = ThreadPoolExecutor(1, "import")
        self.locks: dict[str, IO[bytes]] = {}
        self.waiting: dict[str, Future[None]] = {}


def register(app: Flask) -> None:
    """Gives the site its workshop."""
    site_of(app).imports = Workshop()


def workshop_of(app: Flask) -> Workshop:
    """The workshop of this site in this process."""
    return site_of(app).imports


def start(job: Job, lock: IO[bytes], work: Callable[..., Job], *arguments: Any) -> None:
    """Has the thread do this `work`, `check` or `write`, for a job whose lock this process has."""
    app = this_app()
    workshop = workshop_of(app)
    workshop.locks[job.token] = lock
    try:
        # It came too late for what was done before
        file_of(job.token, "stop").unlink(missing_ok=True)
        keep_job(job)
        workshop.waiting[job.token] = workshop.executor.submit(_run, app, job, work, *arguments)
    except BaseException:  # the disk may be full: the button has to work when it is not any more
        workshop.locks.pop(job.token).close()
        raise


def _run(app: Flask, job: Job, work: Callable[..., Job], *arguments: Any) -> None:
    with app.app_context():
        try:
            keep_job(work(job, *arguments))
        except NotATable as error:
            end(job, "failed", str(error))
        except importer.Stopped:
            end(job, "stopped", say.stopped())
        except (importer.ChangedMeanwhile, importer.HasProblems):
            end(job, "failed", say.changed_meanwhile())
        except Exception:  # whatever it is, a user waits for an answer
            log.exception("The import %s failed.", job.filename)
            end(job, "failed", say.our_fault())
        finally:
            workshop_of(app).waiting.pop(job.token, None)
            workshop_of(app).locks.pop(job.token).close()


def check(job: Job) -> Job:
    """The job once its file is read and compared; at mapping, where a person has to say how.

    Raises what `importer.check` does.
    """
    source, staged = file_of(job.token, "csv"), file_of(job.token, "rows")
    look = guessing.look_at(source, job.mapping.encoding)
    if not job.how:
        found, sure = remembered.proposed(look)
        job = replace(job, how=asdict(found))
        if not sure:
            return replace(job, stage="mapping")
    how = job.mapping
    try:
        checked = importer.check(source, staged, _progress(job), how)
    except importer.AskDates as asked:
        told = asked.order
        words = say.ask_dates(told.example, told.only_day_first, told.only_month_first)
        return replace(job, stage="mapping", error=words, ask_dates=True)
    except NotATable as error:
        if not look.has_headings or how.names_only or not look.headings:
            raise
        return replace(job, stage="mapping", error=str(error))
    if checked.problems:
        lines = csv_writer.lines(*_with_headings(importer.bad_rows(source, staged, how)))
        left = file_of(job.token, "left")
        left.touch(0o600)
        with left.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
    else:
        file_of(job.token, "left").unlink(missing_ok=True)
    return replace(job, stage="checked", error="", **asdict(checked))


def _with_headings(rows: Iterator[list[str]]) -> tuple[list[str], Iterator[list[str]]]:
    return next(rows), rows


def write(job: Job, now: datetime) -> Job:
    """The job once its rows are written. Raises what `importer.write` does."""
    user = db.session.get(User, job.user_id)
    if user is None or not user.active or not user.is_admin:
        return replace(job, stage="failed", error=say.no_admin())
    counts = importer.write(
        file_of(job.token, "rows"),
        user,
        job.filename,
        now,
        _progress(job),
        skip_bad=job.skip_bad,
    )
    for ending in ("rows", "csv"):
        file_of(job.token, ending).unlink(missing_ok=True)
    return replace(job, stage="done", counts=counts, highest=access.highest_ids())


def end(job: Job, stage: str, error: str) -> None:
    """Keeps why this job has imported nothing, and nothing else of it."""
    for ending in ("csv", "rows", "left"):
        file_of(job.token, ending).unlink(missing_ok=True)
    keep_job(replace(job, stage=stage, error=error))


def _progress(job: Job) -> importer.Progress:
    last = 0.0
    stop = file_of(job.token, "stop")

    def progress(doing: str, done: int, total: int) -> None:
        nonlocal last
        if stop.exists():
            raise importer.Stopped
        if time.monotonic() - last > PROGRESS_SECONDS:
            last = time.monotonic()
            keep_job(replace(job, doing=doing, done=done, total=total))

    return progress


def this_app() -> Flask:
    """The site itself, which a thread can take along."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app
