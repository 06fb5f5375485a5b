"""Whether the database is one that this release can work with: said in one sentence before anything is served."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from webapp.extensions import db

exit_code = 2  # of a process that cannot start; gunicorn.conf.py has its workers end with 3

UPGRADE = "Run: .venv/bin/flask db upgrade"


def problem(app: Flask) -> str:
    """Why the site cannot work with its database, and what to do, in a sentence or two; empty where it can, and where
    the database is locked or away for now: the site then waits for it."""
    with app.app_context():
        try:
            found = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        except DatabaseError as error:
            return _words(error)
        finally:
            db.session.remove()
    newest = max(file.name[:4] for file in Path(app.root_path, "migrations", "versions").glob("[0-9]*.py"))
    if found is None or found < newest:
        return f"The database is of an older release of Padlock. {UPGRADE}"
    if found > newest:
        return "The database is of a newer release of Padlock. Install that release, or restore an older backup."
    return ""


def _words(error: DatabaseError) -> str:
    code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return (
            f"The file of the database is damaged, or no database at all: {db.engine.url.database}. Restore the last"
            f" backup (see docs/running.md, “The database”), or correct PADLOCK_DATABASE_URL."
        )
    if "no such table" in str(error.orig) or getattr(error.orig, "sqlstate", None) == "42P01":
        return f"The database has no tables yet. {UPGRADE}"
    return ""
