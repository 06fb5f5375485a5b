"""Imports through the browser: what their pages show, and what their buttons do.

The work is a background job, see `run_job`. Buttons add it inside `writing()`, so that of two users
who press at once one comes second.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from webapp import probe
from webapp.customers.models import User
from webapp.errors import NotFound
from webapp.extensions import db, writing
from webapp.imports import clients_meant, guessing, remembered
from webapp.imports.guessing import FileSample
from webapp.imports.job_files import (
    INTERRUPTED,
    STOPPING,
    WAITING,
    ImportJob,
    clear_away,
    file_of,
    keep_end,
    keep_job,
    read_job,
)
from webapp.imports.mapping import Mapping
from webapp.imports.run_job import BEGINS_AT, CHECK, KIND, WRITE
from webapp.imports.staging import open_staging
from webapp.imports.table_errors import CellProblem
from webapp.jobs import queue
from webapp.words import imports as say

SHOWN_PROBLEMS = 200
SHOWN_ROWS = 10
TRY_FOR = timedelta(hours=1)


def begin(
    user: User, filename: str, upload: IO[bytes], now: datetime, how: Mapping | None = None
) -> str:
    """Keeps the upload and has it checked; `how` it is read, where that is known. The token of the
    job."""
    clear_away(now)
    job = ImportJob(secrets.token_urlsafe(32), user.id, probe.clean(filename, 100) or "upload.csv")
    job = replace(job, how=asdict(how) if how else {})
    source = file_of(job.token, "csv")
    source.touch(0o600)
    with source.open("wb") as file:
        while piece := upload.read(1 << 20):
            file.write(piece)
    keep_job(job)
    with writing():
        _add(job.token, {"step": CHECK}, now)
    return job.token


def start_import(job: ImportJob, now: datetime, *, skip_bad: bool = False) -> None:
    """Has what was checked written, or what failed on our side tried again.

    Does nothing where that is under way or done, or the file has problems that are not to be
    skipped.
    """
    with writing():
        current = _stored(job.token, now)
        row = queue.find(KIND, job.token)
        if current is None:
            return
        if row is not None and current.can_retry:
            _add(job.token, row.arguments, now)
        elif current.stage == "checked" and (skip_bad or not current.problems):
            _add(job.token, {"step": WRITE, "skip_bad": skip_bad}, now)


def choose(job: ImportJob, how: Mapping, now: datetime) -> None:
    """Has the file read in this way, and remembers it for the next with the same headings.

    Raises `NotATable` where it is not in the encoding that was chosen.
    """
    if job.stage not in ("mapping", "checked"):
        return
    sample = guessing.sample_file(file_of(job.token, "csv"), how.encoding)
    there = {ours: number for ours, number in how.columns.items() if number < len(sample.headings)}
    how = replace(how, columns=there)
    remembered.remember(sample, how, now)
    with writing():
        current = _stored(job.token, now)
        if current is not None and current.stage in ("mapping", "checked"):
            _add(job.token, {"step": CHECK}, now)
            keep_job(ImportJob(job.token, job.user_id, job.filename, how=asdict(how)))


def _add(token: str, arguments: dict[str, Any], now: datetime) -> None:
    # A mark that is there came too late for what was done before
    file_of(token, "stop").unlink(missing_ok=True)
    queue.add(KIND, token, {"token": token, **arguments}, now, TRY_FOR)


def sample_of(job: ImportJob, encoding: str) -> FileSample:
    """What the file of a job looks like, in this encoding.

    Raises `NotATable` where it is not in that, and `errors.NotFound` where there is no file.
    """
    source = file_of(job.token, "csv")
    if job.stage not in ("mapping", "checked") or not source.exists():
        raise NotFound
    return guessing.sample_file(source, encoding)


def stop(job: ImportJob, now: datetime) -> None:
    """Stops a job that waits, and one that is running at its next chunk of rows; does nothing to
    any other. Writes nothing to the database, for which it would wait."""
    if not job.running:
        return
    # The mark comes first: who claims the job from now on sees it
    file_of(job.token, "stop").touch(0o600)
    db.session.rollback()  # what was read before is of another moment
    row = queue.find(KIND, job.token)
    if row is not None and (row.claimed_until is None or row.claimed_until <= now):
        keep_end(replace(job, stage="stopped", error=say.stopped()))


def require_job(user: User, token: str, now: datetime) -> ImportJob:
    """This job. Raises `errors.NotFound` where this user has not started it."""
    job = _stored(token, now)
    if job is None or job.user_id != user.id:
        raise NotFound
    return job


def _stored(token: str, now: datetime) -> ImportJob | None:
    """What its files and its row say of a job."""
    row = queue.find(KIND, token)  # before its files: they say how it ended before its row goes
    job = read_job(token)
    if job is None:
        return None
    if row is None or BEGINS_AT[row.arguments["step"]] != job.stage:
        lost = job.stage == BEGINS_AT[CHECK]
        return replace(job, stage="failed", error=say.ended()) if lost else job
    if row.failed_at is not None:
        error = say.too_late() if row.problem == "late" else say.our_fault()
        return replace(job, stage="failed", error=error, can_retry=True)
    job = replace(job, stage="checking" if row.arguments["step"] == CHECK else "importing")
    if file_of(token, "stop").exists():
        return replace(job, doing=STOPPING, total=0)
    if row.claimed_until is None:
        return replace(job, doing=WAITING, total=0)
    # Who works on it holds it for longer, again and again
    if row.claimed_until < now + queue.LEASE / 2:
        return replace(job, doing=INTERRUPTED, total=0)
    return job


def shown_of(job: ImportJob) -> tuple[list[CellProblem], list[dict[str, Any]]]:
    """The first problems and the first rows of a job that is checked."""
    if job.stage != "checked":
        return [], []
    with open_staging(file_of(job.token, "rows")) as staging:
        problems = list(staging.problems(SHOWN_PROBLEMS))
        rows = staging.sample(SHOWN_ROWS)
    stored = clients_meant.names(row["client"] for row in rows)
    for row in rows:
        row["client"] = stored.get(row["client"]) or row["client_name"] or row["client"]
    return problems, rows


def all_problems(job: ImportJob) -> Iterator[CellProblem]:
    """Every problem of a job that is checked.

    Raises `errors.NotFound` where there is nothing to tell any more.
    """
    if job.stage != "checked":
        raise NotFound
    return _problems(file_of(job.token, "rows"))


def _problems(path: Path) -> Iterator[CellProblem]:
    with open_staging(path) as staging:
        yield from staging.problems()


def left_out(job: ImportJob) -> Path:
    """The file with the rows that are not imported, each with what is wrong with it.

    Raises `errors.NotFound` where there are none.
    """
    path = file_of(job.token, "left")
    if job.stage not in ("checked", "done") or not path.exists():
        raise NotFound
    return path
