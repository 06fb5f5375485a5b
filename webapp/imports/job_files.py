"""The files of an import through the browser, which only the site may read.

Their name is a token that cannot be guessed: the upload, its staging, its state with how far it is,
and a mark that it has to stop. All of these are written while another import holds the database.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import current_app

from webapp.imports import importer
from webapp.imports.mapping import Mapping

KEPT = timedelta(days=1)
# What is being done, a key of `words.imports.DOING`
WAITING = "waiting"
STOPPING = "stopping"
INTERRUPTED = "interrupted"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}\Z")


@dataclass(frozen=True)
class ImportJob:
    """One import.

    `stage` is checking, mapping, checked, importing, done, stopped or failed. At mapping a person
    has to say how the file is read; `error` says what is open there, or why nothing was imported.
    Importing is not kept: an import that is checked, and whose job writes it, is shown so.
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
    can_retry: bool = False  # it has failed on our side; only shown

    @property
    def mapping(self) -> Mapping:
        """How its file is read."""
        return Mapping(**self.how)

    @property
    def running(self) -> bool:
        return self.stage in ("checking", "importing")

    @property
    def ended(self) -> bool:
        return self.stage in ("done", "stopped", "failed")

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


def any_here() -> bool:
    """Whether an import has its files on this host: another may share the database."""
    return any((Path(current_app.instance_path) / "imports").glob("*.json"))


def keep_job(job: ImportJob) -> None:
    """Writes the state beside itself first: a process that reads it meanwhile sees the old one,
    whole."""
    fresh = file_of(job.token, "new")
    fresh.touch(0o600)
    fresh.write_text(json.dumps(asdict(job)))
    fresh.replace(file_of(job.token, "json"))


def keep_end(job: ImportJob) -> None:
    """Keeps how a step has ended, and no file that is not needed any more."""
    keep_job(job)
    if job.ended:
        for ending in ("csv", "rows", *(() if job.stage == "done" else ("left",))):
            file_of(job.token, ending).unlink(missing_ok=True)


def read_job(token: str) -> ImportJob | None:
    """What is known of this token; None for one that was never given, or whose files were cleared
    away."""
    if not _TOKEN.match(token):
        return None
    try:
        job = ImportJob(**json.loads(file_of(token, "json").read_text()))
    except (FileNotFoundError, TypeError):  # the latter: of an older release
        return None
    return job if job.stage != "checked" or file_of(token, "rows").exists() else None


def file_of(token: str, ending: str) -> Path:
    """The file of a job with this ending: csv, rows, left, json or stop."""
    return _folder() / f"{token}.{ending}"


def _folder() -> Path:
    folder = Path(current_app.instance_path) / "imports"
    folder.mkdir(0o700, parents=True, exist_ok=True)
    return folder
