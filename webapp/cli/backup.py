"""The command line: `flask backup FILE`."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import click
from sqlalchemy.exc import DatabaseError

from webapp import start_check
from webapp.extensions import db
from webapp.words import cli as say


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Copy the SQLite database of this site to FILE, while the site runs.

    FILE must not exist. Only its owner can read it (mode 0600): it contains client data and
    password hashes.
    """
    if db.engine.dialect.name != "sqlite":
        raise click.ClickException(say.use_pg_dump())
    try:
        start_check.release()  # any will do: the backup is made before an upgrade
    except DatabaseError as error:
        raise click.ClickException(start_check.words(error)) from None
    source = f"file:{quote(str(db.engine.url.database))}?mode=ro"
    try:
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise click.ClickException(say.file_not_made(str(file), str(error.strerror))) from None
    try:
        with (
            closing(sqlite3.connect(source, uri=True)) as here,
            closing(sqlite3.connect(file)) as there,
        ):
            here.backup(there)
            # One file, and none beside it when it is opened
            there.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        file.unlink()
        raise click.ClickException(say.nothing_copied(str(error))) from None
    click.echo(say.backup_made(str(file)))
