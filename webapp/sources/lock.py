"""One run of a source at a time, whichever process it is in: a lock that ends with its process."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import current_app
from sqlalchemy import text

from webapp.extensions import db
from webapp.sources.fault import Fault

_LOCKS = 0x50ADC0  # of PostgreSQL's locks with two numbers: any would do


def file_of(source_id: int, ending: str) -> Path:
    """A file of this source, which only the site may read; another database has another."""
    folder = Path(current_app.instance_path) / "sources"
    folder.mkdir(0o700, parents=True, exist_ok=True)
    database = hashlib.sha256(str(db.engine.url).encode()).hexdigest()[:8]
    return folder / f"{database}-{source_id}.{ending}"


@contextmanager
def only_run(source_id: int) -> Iterator[None]:
    """Raises `Fault` where this source is being read already."""
    if db.engine.dialect.name == "postgresql":
        with _in_postgresql(source_id):
            yield
        return
    with file_of(source_id, "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Fault("running") from None
        yield


@contextmanager
def _in_postgresql(source_id: int) -> Iterator[None]:
    # No transaction is open meanwhile: the server would end one that waits for a panel
    options = {"isolation_level": "AUTOCOMMIT"}
    numbers = {"locks": _LOCKS, "source": source_id}
    with db.engine.connect().execution_options(**options) as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:locks, :source)"), numbers):
            raise Fault("running")
        try:
            yield
        finally:
            connection.scalar(text("SELECT pg_advisory_unlock(:locks, :source)"), numbers)
