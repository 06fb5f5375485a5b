"""Imports through the browser: the uploaded file, the job that works on it, and its progress.

One thread of each process does the work, a job after the other.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from webapp import probe
from webapp.customers.models import User
from webapp.errors import NotFound
from webapp.imports import clients_meant, guessing, remembered
from webapp.imports.guessing import Look
from webapp.imports.job_files import (
    STOPPING,
    WAITING,
    Job,
    clear_away,
    file_of,
    read_job,
    take_lock,
)
from webapp.imports.mapping import Mapping
from webapp.imports.staging import open_staging
from webapp.imports.table_errors import CellProblem
from webapp.imports.workshop import check, end, start, this_app, workshop_of, write
from webapp.words import imports as say

SHOWN_PROBLEMS = 200
SHOWN_ROWS = 10


def begin(
    user: User, filename: str, upload: IO[bytes], now: datetime, how: Mapping | None = None
) -> str:
    """Keeps the upload and starts to check it; `how` it is read, where that is known. The token of
    the job."""
    clear_away(now)
    job = Job(secrets.token_urlsafe(32), user.id, probe.clean(filename, 100) or "upload.csv")
    job = replace(job, how=asdict(how) if how else {})
    lock = take_lock(job.token)
    if lock is None:
        raise RuntimeError("an import has been given the token of another")
    source = file_of(job.token, "csv")
    source.touch(0o600)
    with source.open("wb") as file:
        while piece := upload.read(1 << 20):
            file.write(piece)
    start(job, lock, check)
    return job.token


def start_import(job: Job, now: datetime, *, skip_bad: bool = False) -> None:
    """Starts to write what was checked, and takes up again what a process has left at its end.

    Does nothing where that is under way or done, or the file has problems that are not to be
    skipped.
    """
    lock = take_lock(job.token)
    if lock is None:  # a user has pressed the button twice
        return
    current = read_job(job.token)
    if current is None:
        lock.close()
    elif current.stage == "checking":
        start(current, lock, check)
    elif current.stage == "importing" or (
        current.stage == "checked" and (skip_bad or not current.problems)
    ):
        skip = skip_bad or current.skip_bad
        fresh = replace(current, stage="importing", doing=WAITING, done=0, total=0, skip_bad=skip)
        start(fresh, lock, write, now)
    else:
        lock.close()


def choose(job: Job, how: Mapping, now: datetime) -> None:
    """Has the file read in this way, and remembers it for the next with the same headings.

    Raises `NotATable` where it is not in the encoding that was chosen.
    """
    lock = take_lock(job.token)
    if lock is None:
        return
    current = read_job(job.token)
    if current is None or current.stage not in ("mapping", "checked"):
        lock.close()
        return
    try:
        look = guessing.look_at(file_of(job.token, "csv"), how.encoding)
        there = {
            ours: number for ours, number in how.columns.items() if number < len(look.headings)
        }
        how = replace(how, columns=there)
        remembered.remember(look, how, now)
    except BaseException:
        lock.close()
        raise
    fresh = Job(job.token, job.user_id, job.filename, how=asdict(how))
    start(fresh, lock, check)


def look_of(job: Job, encoding: str) -> Look:
    """What the file of a job looks like, in this encoding.

    Raises `NotATable` where it is not in that, and `errors.NotFound` where there is no file.
    """
    source = file_of(job.token, "csv")
    if job.stage not in ("mapping", "checked") or not source.exists():
        raise NotFound
    return guessing.look_at(source, encoding)


def stop(job: Job) -> None:
    """Stops a job that is running, at its next chunk of rows; does nothing to any other."""
    if not job.running:
        return
    file_of(job.token, "stop").touch(0o600)
    workshop = workshop_of(this_app())
    waiting = workshop.waiting.pop(job.token, None)
    # It has not even begun: a long import is before it
    if waiting is not None and waiting.cancel():
        end(job, "stopped", say.stopped())
        workshop.locks.pop(job.token).close()


def require_job(user: User, token: str) -> Job:
    """This job. Raises `errors.NotFound` where this user has not started it."""
    job = read_job(token)
    if job is None or job.user_id != user.id:
        raise NotFound
    if job.running and (lock := take_lock(token)):
        lock.close()
        job = read_job(token) or job  # it may have ended since it was read
        return (
            replace(job, stage="failed", error=say.interrupted(), interrupted=True)
            if job.running
            else job
        )
    return (
        replace(job, doing=STOPPING, total=0)
        if job.running and file_of(token, "stop").exists()
        else job
    )


def shown_of(job: Job) -> tuple[list[CellProblem], list[dict[str, Any]]]:
    """The first problems and the first rows of a job that is checked."""
    if job.stage != "checked":
        return [], []
    with open_staging(file_of(job.token, "rows")) as staging:
        problems, rows = list(staging.problems(SHOWN_PROBLEMS)), staging.sample(SHOWN_ROWS)
    stored = clients_meant.names(row["client"] for row in rows)
    for row in rows:
        row["client"] = stored.get(row["client"]) or row["client_name"] or row["client"]
    return problems, rows


def all_problems(job: Job) -> Iterator[CellProblem]:
    """Every problem of a job that is checked.

    Raises `errors.NotFound` where there is nothing to tell any more.
    """
    if job.stage != "checked":
        raise NotFound
    return _problems(file_of(job.token, "rows"))


def _problems(path: Path) -> Iterator[CellProblem]:
    with open_staging(path) as staging:
        yield from staging.problems()


def left_out(job: Job) -> Path:
    """The file with the rows that are not imported, each with what is wrong with it.

    Raises `errors.NotFound` where there are none.
    """
    path = file_of(job.token, "left")
    if job.stage not in ("checked", "done") or not path.exists():
        raise NotFound
    return path
