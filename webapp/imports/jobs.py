"""Imports through the browser: the uploaded file, the job that works on it, and its progress.

A job is a token that cannot be guessed. Its state is in files of that name, which only the site may
read: the upload, its staging, its state, a mark that it has to stop, and a lock that a process
holds while it works on it: so all processes of this machine know whether one of them does. One
thread of each process does the work, a job after the other.
"""

from __future__ import annotations

import fcntl
import json
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from flask import Flask, current_app

from webapp import csv_writer, probe
from webapp.customers.models import User
from webapp.errors import NotFound
from webapp.extensions import db
from webapp.imports import clients_meant, importer, mapping
from webapp.imports.mapping import Look, Mapping
from webapp.imports.staging import open_staging
from webapp.imports.table_errors import CellProblem, NotATable
from webapp.site import site_of
from webapp.words import imports as say

log = logging.getLogger(__name__)

KEPT = timedelta(days=1)
SHOWN_PROBLEMS = 200
SHOWN_ROWS = 10
PROGRESS_SECONDS = 0.2  # seconds between two notes of how far it is

# What is being done, a key of `words.imports.DOING`
WAITING = "waiting"
STOPPING = "stopping"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")


@dataclass(frozen=True)
class Job:
    """One import.

    `stage` is checking, mapping, checked, importing, done, stopped or failed. At mapping a person
    has to say how the file is read; `error` says what is open there, or why nothing was imported.
    """

    token: str
    user_id: int
    filename: str
    stage: str = "checking"
    doing: str = WAITING
    done: int = 0
    total: int = 0
    counts: importer.ChangeCounts = field(default_factory=dict)
    problems: int = 0
    warnings: int = 0
    notes: list[str] = field(default_factory=list)
    error: str = ""
    how: dict[str, Any] = field(default_factory=dict)  # a `Mapping`; empty: guessed
    bad_rows: int = 0
    good_rows: int = 0
    skip_bad: bool = False
    ask_dates: bool = False
    interrupted: bool = False  # it can be taken up again

    @property
    def mapping(self) -> Mapping:
        """How its file is read."""
        return Mapping(**self.how)

    @property
    def running(self) -> bool:
        return self.stage in ("checking", "importing")

    @property
    def stopping(self) -> bool:
        return self.running and self.doing == STOPPING

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 0

    @property
    def anything_to_do(self) -> bool:
        return any(of["new"] or of["changed"] for of in self.counts.values())


def begin(
    user: User, filename: str, upload: IO[bytes], now: datetime, how: Mapping | None = None
) -> str:
    """Keeps the upload and starts to check it; `how` it is read, where that is known. The token of
    the job."""
    clear_away(now)
    job = Job(secrets.token_urlsafe(32), user.id, probe.clean(filename, 100) or "upload.csv")
    job = replace(job, how=asdict(how) if how else {})
    lock = _lock(job.token)
    if lock is None:
        raise RuntimeError("an import has been given the token of another")
    source = _file(job.token, "csv")
    source.touch(0o600)
    with source.open("wb") as file:
        while piece := upload.read(1 << 20):
            file.write(piece)
    _start(job, lock, _check)
    return job.token


def start_import(job: Job, now: datetime, *, skip_bad: bool = False) -> None:
    """Starts to write what was checked, and takes up again what a process has left at its end.

    Does nothing where that is under way or done, or the file has problems that are not to be
    skipped.
    """
    lock = _lock(job.token)
    if lock is None:  # a user has pressed the button twice
        return
    current = _read(job.token)
    if current is None:
        lock.close()
    elif current.stage == "checking":
        _start(current, lock, _check)
    elif current.stage == "importing" or (
        current.stage == "checked" and (skip_bad or not current.problems)
    ):
        skip = skip_bad or current.skip_bad
        fresh = replace(current, stage="importing", doing=WAITING, done=0, total=0, skip_bad=skip)
        _start(fresh, lock, _write, now)
    else:
        lock.close()


def choose(job: Job, how: Mapping, now: datetime) -> None:
    """Has the file read in this way, and remembers it for the next with the same headings.

    Raises `NotATable` where it is not in the encoding that was chosen.
    """
    lock = _lock(job.token)
    if lock is None:
        return
    current = _read(job.token)
    if current is None or current.stage not in ("mapping", "checked"):
        lock.close()
        return
    try:
        look = mapping.look_at(_file(job.token, "csv"), how.encoding)
        there = {
            ours: number for ours, number in how.columns.items() if number < len(look.headings)
        }
        how = replace(how, columns=there)
        mapping.remember(look, how, now)
    except BaseException:
        lock.close()
        raise
    fresh = Job(job.token, job.user_id, job.filename, how=asdict(how))
    _start(fresh, lock, _check)


def look_of(job: Job, encoding: str) -> Look:
    """What the file of a job looks like, in this encoding.

    Raises `NotATable` where it is not in that, and `errors.NotFound` where there is no file.
    """
    source = _file(job.token, "csv")
    if job.stage not in ("mapping", "checked") or not source.exists():
        raise NotFound
    return mapping.look_at(source, encoding)


def stop(job: Job) -> None:
    """Stops a job that is running, at its next chunk of rows; does nothing to any other."""
    if not job.running:
        return
    _file(job.token, "stop").touch(0o600)
    workshop = _workshop(_app())
    waiting = workshop.waiting.pop(job.token, None)
    # It has not even begun: a long import is before it
    if waiting is not None and waiting.cancel():
        _end(job, "stopped", say.stopped())
        workshop.locks.pop(job.token).close()


def require_job(user: User, token: str) -> Job:
    """This job. Raises `errors.NotFound` where this user has not started it."""
    job = _read(token)
    if job is None or job.user_id != user.id:
        raise NotFound
    if job.running and (lock := _lock(token)):
        lock.close()
        job = _read(token) or job  # it may have ended since it was read
        return (
            replace(job, stage="failed", error=say.interrupted(), interrupted=True)
            if job.running
            else job
        )
    return (
        replace(job, doing=STOPPING, total=0)
        if job.running and _file(token, "stop").exists()
        else job
    )


def shown_of(job: Job) -> tuple[list[CellProblem], list[dict[str, Any]]]:
    """The first problems and the first rows of a job that is checked."""
    if job.stage != "checked":
        return [], []
    with open_staging(_file(job.token, "rows")) as staging:
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
    return _problems(_file(job.token, "rows"))


def _problems(path: Path) -> Iterator[CellProblem]:
    with open_staging(path) as staging:
        yield from staging.problems()


def left_out(job: Job) -> Path:
    """The file with the rows that are not imported, each with what is wrong with it.

    Raises `errors.NotFound` where there are none.
    """
    path = _file(job.token, "left")
    if job.stage not in ("checked", "done") or not path.exists():
        raise NotFound
    return path


def clear_away(now: datetime) -> None:
    """Removes the files of jobs that no one has touched for a day."""
    for path in _folder().iterdir():
        with suppress(FileNotFoundError):  # another user was quicker
            if path.stat().st_mtime < (now - KEPT).timestamp():
                path.unlink()


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


def _workshop(app: Flask) -> Workshop:
    return site_of(app).imports


def _lock(token: str) -> IO[bytes] | None:
    """The right to work on a job, until it is closed or this process ends, however it does.

    None: it is taken.
    """
    path = _file(token, "lock")
    path.touch(0o600)
    file = path.open("rb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _start(job: Job, lock: IO[bytes], work: Callable[..., Job], *arguments: Any) -> None:
    app = _app()
    workshop = _workshop(app)
    workshop.locks[job.token] = lock
    try:
        # It came too late for what was done before
        _file(job.token, "stop").unlink(missing_ok=True)
        _keep(job)
        workshop.waiting[job.token] = workshop.executor.submit(_run, app, job, work, *arguments)
    except BaseException:  # the disk may be full: the button has to work when it is not any more
        workshop.locks.pop(job.token).close()
        raise


def _run(app: Flask, job: Job, work: Callable[..., Job], *arguments: Any) -> None:
    with app.app_context():
        try:
            _keep(work(job, *arguments))
        except NotATable as error:
            _end(job, "failed", str(error))
        except importer.Stopped:
            _end(job, "stopped", say.stopped())
        except (importer.ChangedMeanwhile, importer.HasProblems):
            _end(job, "failed", say.changed_meanwhile())
        except Exception:  # whatever it is, a user waits for an answer
            log.exception("The import %s failed.", job.filename)
            _end(job, "failed", say.our_fault())
        finally:
            _workshop(app).waiting.pop(job.token, None)
            _workshop(app).locks.pop(job.token).close()


def _check(job: Job) -> Job:
    source, staged = _file(job.token, "csv"), _file(job.token, "rows")
    look = mapping.look_at(source, job.mapping.encoding)
    if not job.how:
        found, sure = mapping.proposed(look)
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
        left = _file(job.token, "left")
        left.touch(0o600)
        with left.open("w", encoding="utf-8", newline="") as file:
            file.writelines(lines)
    else:
        _file(job.token, "left").unlink(missing_ok=True)
    return replace(job, stage="checked", error="", **asdict(checked))


def _with_headings(rows: Iterator[list[str]]) -> tuple[list[str], Iterator[list[str]]]:
    return next(rows), rows


def _write(job: Job, now: datetime) -> Job:
    user = db.session.get(User, job.user_id)
    if user is None or not user.active or not user.is_admin:
        return replace(job, stage="failed", error=say.no_admin())
    counts = importer.write(
        _file(job.token, "rows"), user, job.filename, now, _progress(job), skip_bad=job.skip_bad
    )
    for ending in ("rows", "csv"):
        _file(job.token, ending).unlink(missing_ok=True)
    return replace(job, stage="done", counts=counts)


def _end(job: Job, stage: str, error: str) -> None:
    """Keeps why this job has imported nothing, and nothing else of it."""
    for ending in ("csv", "rows", "left"):
        _file(job.token, ending).unlink(missing_ok=True)
    _keep(replace(job, stage=stage, error=error))


def _progress(job: Job) -> importer.Progress:
    last = 0.0
    stop = _file(job.token, "stop")

    def progress(doing: str, done: int, total: int) -> None:
        nonlocal last
        if stop.exists():
            raise importer.Stopped
        if time.monotonic() - last > PROGRESS_SECONDS:
            last = time.monotonic()
            _keep(replace(job, doing=doing, done=done, total=total))

    return progress


def _keep(job: Job) -> None:
    """Writes the state beside itself first: a process that reads it meanwhile sees the old one,
    whole."""
    fresh = _file(job.token, "new")
    fresh.touch(0o600)
    fresh.write_text(json.dumps(asdict(job)))
    fresh.replace(_file(job.token, "json"))


def _read(token: str) -> Job | None:
    """What is known of this token; None for one that was never given, or whose files were cleared
    away."""
    if not _TOKEN.match(token):
        return None
    try:
        job = Job(**json.loads(_file(token, "json").read_text()))
    except FileNotFoundError:
        return None
    return job if job.stage != "checked" or _file(token, "rows").exists() else None


def _file(token: str, ending: str) -> Path:
    return _folder() / f"{token}.{ending}"


def _folder() -> Path:
    folder = Path(current_app.instance_path) / "imports"
    folder.mkdir(0o700, parents=True, exist_ok=True)
    return folder


def _app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app
