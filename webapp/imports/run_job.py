"""The background job of an import through the browser: checks its file, or writes what was checked.

It writes all rows in one transaction, which stores in its own row that it is done: it commits only
while the job is still its own. So it is never written twice, whatever process is killed, or is so
slow that another takes the job up.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime

from flask import Flask
from sqlalchemy.exc import OperationalError

from webapp import csv_writer
from webapp.customers import access
from webapp.customers.models import User
from webapp.extensions import db
from webapp.imports import guessing, importer, job_files, remembered
from webapp.imports.job_files import WAITING, ImportJob, file_of, keep_end, keep_job, read_job
from webapp.imports.table_errors import NotATable
from webapp.jobs import queue
from webapp.jobs.queue import DONE, ClaimedJob, Outcome
from webapp.jobs.runner import Work
from webapp.site import site_of, this_site
from webapp.words import imports as say

log = logging.getLogger(__name__)

KIND = "import"
# The steps of a job, and the stage at which each begins
CHECK = "check"
WRITE = "write"
BEGINS_AT = {CHECK: "checking", WRITE: "checked"}
MOST_TRIES = 3  # of a job whose process is killed: the job may be the cause
PROGRESS_SECONDS = 0.2  # between two notes of how far it is
HOLD_SECONDS = queue.LEASE.total_seconds() / 4  # between two renewals of the lease


class _ProcessEnds(Exception):
    """Another process goes on with the job."""


class _LostClaim(Exception):
    """An administrator has ended the job, or another process has taken it up."""


def register(app: Flask) -> None:
    """Has imports checked and written in the background, one at a time in each process."""
    work = Work(run, job_files.any_here, lambda _: "", lane="imports")
    site_of(app).jobs.works[KIND] = work


def run(claimed: ClaimedJob) -> Outcome:
    """Does the step of this job. What is wrong with the file is told to its user; what fails on our
    side to administrators as well, and only a person has it tried again."""
    job = read_job(claimed.arguments["token"])
    if job is None:
        return Outcome("no upload", final=True)
    if claimed.tries > MOST_TRIES:
        return Outcome("interrupted", final=True)
    step = claimed.arguments["step"]
    if job.stage != BEGINS_AT[step]:
        return DONE  # it was stopped while it waited, or a process that was killed has done it
    job = replace(job, doing=WAITING, done=0, total=0)
    try:
        ended = _done(job, claimed, step)
        if ended.stage == "done" or _still_ours(claimed):
            keep_end(ended)
    except _LostClaim:
        pass
    except _ProcessEnds:
        queue.let_go([claimed], datetime.now(UTC))
    except Exception as error:  # whatever it is, a user waits for an answer
        log.exception("The import %s failed.", job.filename)
        return Outcome("error", type(error).__name__, final=True)
    return DONE  # which changes nothing where the job is not ours any more


def _done(job: ImportJob, claimed: ClaimedJob, step: str) -> ImportJob:
    """The job after this step, whatever became of it."""
    try:
        progress = _progress(job, claimed)
        progress(WAITING, 0, 0)  # it may have been stopped when this process had just claimed it
        return _check(job, progress) if step == CHECK else _write(job, claimed, progress)
    except NotATable as error:
        return replace(job, stage="failed", error=str(error))
    except importer.Stopped:
        return replace(job, stage="stopped", error=say.stopped())
    except (importer.PreviewOutdated, importer.HasProblems):
        return replace(job, stage="failed", error=say.changed_meanwhile())


def _check(job: ImportJob, progress: importer.Progress) -> ImportJob:
    """The job once its file is read and compared; at mapping, where a person has to say how.

    Raises what `importer.check` does.
    """
    source = file_of(job.token, "csv")
    staged = file_of(job.token, "rows")
    sample = guessing.sample_file(source, job.mapping.encoding)
    if not job.how:
        found, sure = remembered.proposed(sample)
        job = replace(job, how=asdict(found))
        if not sure:
            return replace(job, stage="mapping")
    how = job.mapping
    try:
        checked = importer.check(source, staged, progress, how)
    except importer.AskDates as asked:
        told = asked.order
        words = say.ask_dates(told.example, told.only_day_first, told.only_month_first)
        return replace(job, stage="mapping", error=words, ask_dates=True)
    except NotATable as error:
        if not sample.has_headings or how.names_only or not sample.headings:
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


def _write(job: ImportJob, claimed: ClaimedJob, progress: importer.Progress) -> ImportJob:
    """The job once its rows are written. Raises what `importer.write` does."""
    skip_bad = claimed.arguments["skip_bad"]
    written = dict(claimed.progress)  # by a process that was killed before it could tell
    if not written:
        user = db.session.get(User, job.user_id)
        if user is None or not user.active or not user.is_admin:
            return replace(job, stage="failed", error=say.no_admin())

        def note(counts: importer.ChangeCounts) -> None:
            written.update(counts=counts, highest=access.highest_ids())
            if not queue.store_progress(claimed, written, datetime.now(UTC)):
                raise _LostClaim

        importer.write(
            file_of(job.token, "rows"),
            user,
            job.filename,
            datetime.now(UTC),
            progress,
            skip_bad=skip_bad,
            before_commit=note,
        )
    return replace(job, stage="done", skip_bad=skip_bad, **written)


def _progress(job: ImportJob, claimed: ClaimedJob) -> importer.Progress:
    """Keeps how far the job is, holds it, and raises what it has to stop for."""
    told_at = -math.inf
    held_at = time.monotonic()
    stop = file_of(job.token, "stop")
    ends = this_site().jobs.stopping

    def progress(doing: str, done: int, total: int) -> None:
        nonlocal told_at, held_at
        if ends.is_set():
            raise _ProcessEnds
        if stop.exists():
            raise importer.Stopped
        if time.monotonic() - held_at > HOLD_SECONDS:
            held_at = time.monotonic()
            if not _still_ours(claimed):
                raise _LostClaim
        if time.monotonic() - told_at > PROGRESS_SECONDS:
            told_at = time.monotonic()
            keep_job(replace(job, doing=doing, done=done, total=total))

    return progress


def _still_ours(claimed: ClaimedJob) -> bool:
    try:
        return queue.renew_lease(claimed, datetime.now(UTC))
    except OperationalError:  # another import writes: the lease lasts until the next try
        return True
