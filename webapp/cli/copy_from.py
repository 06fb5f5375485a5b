"""The command line: `flask copy-from DATABASE`, for a site that outgrows SQLite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, Table, create_engine, func, insert, select
from sqlalchemy.exc import DatabaseError

from webapp import start_check
from webapp.config import database as database_setting
from webapp.extensions import db, tune, writing
from webapp.words import cli as say

ROWS_AT_ONCE = 1000  # rows
# What a scheduler has written into an empty database: that it is alive, and for which settings the
# listing rows are
BY_ITSELF = ("heartbeat", "stored_setting")


@click.command("copy-from")
@click.argument("database", metavar="DATABASE")
def copy_from(database: str) -> None:
    """Copy everything in DATABASE into the database of this site, which must be up to date and
    empty.

    DATABASE is a URL as in PADLOCK_DATABASE_URL, such as
    sqlite:////opt/padlock/instance/padlock.sqlite3. Stop the site first: changes made meanwhile are
    not copied. Either everything is copied or nothing, and DATABASE does not change.
    """
    try:
        source = create_engine(database_setting.database_url(database), hide_parameters=True)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None
    if source.dialect.name == "sqlite" and not Path(source.url.database or "").is_file():
        raise click.UsageError(say.no_file(str(source.url.database)))  # SQLite would make one
    try:
        with source.connect() as there, writing():
            _check(there)
            for table in db.metadata.sorted_tables:  # what others refer to comes first
                click.echo(f"{table.name}: {_copy(table, there):,}")
    except DatabaseError as error:
        shown = source.url.render_as_string()  # without its password
        raise click.ClickException(say.nothing_copied_from(shown, str(error.orig))) from None
    tune()


def _check(there: Connection) -> None:
    """Ends the command where one of the two is not as it has to be."""
    if there.scalar(start_check.RELEASE) != start_check.release():
        raise click.ClickException(say.other_release())
    for table in db.metadata.sorted_tables:
        if table.name not in BY_ITSELF and db.session.scalar(select(select(table).exists())):
            raise click.ClickException(say.database_in_use(table.name))


def _copy(table: Table, there: Connection) -> int:
    db.session.execute(table.delete())
    count = 0
    for rows in _rows(table, there):
        db.session.execute(insert(table), rows)
        count += len(rows)
    # Its numbers go on behind those that came along
    if count and "id" in table.c and db.engine.dialect.name == "postgresql":
        numbers = func.pg_get_serial_sequence(f'"{table.name}"', "id")
        db.session.execute(
            select(func.setval(numbers, select(func.max(table.c.id)).scalar_subquery()))
        )
    return count


def _rows(table: Table, there: Connection) -> Iterator[Sequence[dict[str, Any]]]:
    found = there.execution_options(yield_per=ROWS_AT_ONCE).execute(
        select(table).order_by(*table.primary_key)
    )
    for part in found.mappings().partitions():
        yield [dict(row) for row in part]
