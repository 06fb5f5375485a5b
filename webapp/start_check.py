"""Whether this release can work with the database: one sentence before anything is served."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from webapp.extensions import UNREACHABLE, db

exit_code = 2  # of a process that cannot start; gunicorn.conf.py has its workers end with 3

RELEASE = text("SELECT version_num FROM alembic_version")
UPGRADE = "Run: .venv/bin/flask db upgrade"


def problem(app: Flask, *, may_wait: bool = False) -> str:
    """Why this process cannot work with its database, and what to do, in a sentence or two; empty
    where it can.

    A process that `may_wait` is served by a database that is locked or away for now: it comes back.
    """
    with app.app_context():
        try:
            return _release_problem(app)
        except DatabaseError as error:
            return _lasting(error) if may_wait else words(error)
        finally:
            db.session.remove()


def words(error: DatabaseError) -> str:
    """What is wrong with a database that gave this error, and what to do."""
    if lasting := _lasting(error):
        return lasting
    said = str(error.orig).partition("\n")[0].removesuffix(".")
    cure = f" {UNREACHABLE}" if db.engine.dialect.name == "postgresql" else ""
    return f"The database cannot be used: {said}.{cure}"


def release() -> str | None:
    """The number of the migration that the database is at.

    Raises DatabaseError where there are no tables.
    """
    found: str | None = db.session.scalar(RELEASE)
    return found


def _release_problem(app: Flask) -> str:
    found = release()
    versions = Path(app.root_path, "migrations", "versions")
    newest = max(file.name[:4] for file in versions.glob("[0-9]*.py"))
    if found is None or found < newest:
        return f"The database is of an older release of Padlock. {UPGRADE}"
    if found > newest:
        return (
            "The database is of a newer release of Padlock. Install that release, or restore an"
            " older backup."
        )
    return ""


def _lasting(error: DatabaseError) -> str:
    """What is wrong, where it stays so until a person does something; else ""."""
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    file = db.engine.url.database
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return (
            f"The file of the database is damaged, or no database at all: {file}. Restore the last"
            f" backup (see docs/running.md, “The database”), or correct PADLOCK_DATABASE_URL."
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return (
            f"The file of the database cannot be opened: {file}. Let the user of the site read and"
            f" write the file and its folder, or correct PADLOCK_DATABASE_URL."
        )
    if "no such table" in str(error.orig) or getattr(error.orig, "sqlstate", None) == "42P01":
        return f"The database has no tables yet. {UPGRADE}"
    return ""
