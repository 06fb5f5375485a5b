"""Inserts many rows by one statement."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnDefault, Table, text

from webapp.extensions import db


def insert_rows(table: Table, values: list[dict[str, Any]]) -> None:
    """The database takes the rows out of one JSON text by itself: as thousands of values, or a row
    at a time, they take its driver many times as long, for which others wait."""
    if not values:
        return
    made = {
        column.name: column.default
        for column in table.c
        if isinstance(column.default, ColumnDefault)
    }
    rest = {
        name: default.arg(None) if default.is_callable else default.arg
        for name, default in made.items()
    }
    rows = [rest | row for row in values]
    columns = ", ".join(f'"{name}"' for name in rows[0])
    if db.engine.dialect.name == "postgresql":
        as_text: Callable[[Any], str] = str
        records = f'json_populate_recordset(NULL::"{table.name}", :rows)'
        source = f"SELECT {columns} FROM {records}"  # noqa: S608
    else:
        taken = ", ".join(f"json_extract(value, '$.{name}')" for name in rows[0])
        source = f"SELECT {taken} FROM json_each(:rows)"  # noqa: S608 - our own names
        as_text = _as_sqlite_has_it
    statement = text(f'INSERT INTO "{table.name}" ({columns}) {source}')
    db.session.execute(statement, {"rows": json.dumps(rows, default=as_text)})


def _as_sqlite_has_it(moment: date | datetime) -> str:
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
    return moment.isoformat()
