"""What is kept of an import while it is checked and written.

A job is a token that cannot be guessed. Its state is in files of that name, which only the site may
read: the upload, its staging, its state, a mark that it has to stop, and a lock that a process
holds while it works on it: so all processes of this machine know whether one of them does.
"""

from __future__ import annotations

import fcntl
import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from flask import current_app

from webapp.imports import importer
from webapp.imports.mapping import Mapping

KEPT = timedelta(days=1)
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
    highest: dict[str, int] = field(default_factory=dict)  # ids of each kind, once it is written
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


def clear_away(now: datetime) -> None:
    """Removes the files of jobs that no one has touched for a day."""
    for path in _folder().iterdir():
        with suppress(FileNotFoundError):  # another user was quicker
            if path.stat().st_mtime < (now - KEPT).timestamp():
                path.unlink()


def take_lock(token: str) -> IO[bytes] | None:
    """The right to work on a job, until it is closed or this process ends, however it does.

    None: it is taken.
    """
    path = file_of(token, "lock")
    path.touch(0o600)
    file = path.open("rb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def keep_job(job: Job) -> None:
    """Writes the state beside itself first: a process that reads it meanwhile sees the old one,
    whole."""
    fresh = file_of(job.token, "new")
    fresh.touch(0o600)
    fresh.write_text(json.dumps(asdict(job)))
    fresh.replace(file_of(job.token, "json"))


def read_job(token: str) -> Job | None:
    """What is known of this token; None for one that was never given, or whose files were cleared
    away."""
    if not _TOKEN.match(token):
        return None
    try:
        job = Job(**json.loads(file_of(token, "json").read_text()))
    except FileNotFoundError:
        return None
    return job if job.stage != "checked" or file_of(token, "rows").exists() else None


def file_of(token: str, ending: str) -> Path:
    """The file of a job with this ending: csv, rows, left, json, stop or lock."""
    return _folder() / f"{token}.{ending}"


def _folder() -> Path:
    folder = Path(current_app.instance_path) / "imports"
    folder.mkdir(0o700, parents=True, exist_ok=True)
    return folder
