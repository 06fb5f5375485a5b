"""The index that searches of listing rows and of the audit log go by, see `searches`: their
trigrams, which are all pieces of three characters of their texts.

SQLite: the FTS5 tables `listing_search` and `activity_search`, kept up to date by triggers.
PostgreSQL: indexes of the extension pg_trgm, which its planner uses. Either may be missing: then a
search looks through the texts of all rows. docs/adr/0016 says why it is so.
"""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from datetime import datetime

from flask import Flask
from sqlalchemy import BindParameter, bindparam, func, select, text
from sqlalchemy.exc import DBAPIError

from webapp.customers.listing_row import ListingRow
from webapp.customers.models import Domain, Service
from webapp.extensions import db, writing
from webapp.monitor.health import rules
from webapp.monitor.health.facts import Flag
from webapp.site import site_of

log = logging.getLogger(__name__)

NAME = "listing_search"  # tables and indexes called so are of no model
LOG_NAME = "activity_search"
MANY_ROWS = 100_000  # from so many on a search without the index is slow

# A document has the number of its item, and a service this much more: a word that services alone
# have is not looked for in all of them when domains are listed.
SERVICES = 1 << 40
# A client's id is one trigram too, of code points that texts do not have: 12 bits each.
PRIVATE = 0xF0000

_NUMBER = "({row}.id >> 1) + (({row}.id & 1) << 40)"
_MARK = (
    "char(983040 + ({row}.client_id >> 24), 983040 + (({row}.client_id >> 12) & 4095),"
    " 983040 + ({row}.client_id & 4095))"
)
_DOCUMENT = f"{_NUMBER}, {{row}}.text, {{row}}.client_text, {_MARK}"
_COLUMNS = "rowid, text, client_text, client"
_ADD = f"INSERT INTO {NAME} ({_COLUMNS}) VALUES ({_DOCUMENT.format(row='new')})"  # noqa: S608
_REMOVE = (
    f"INSERT INTO {NAME} ({NAME}, {_COLUMNS})"  # noqa: S608
    f" VALUES ('delete', {_DOCUMENT.format(row='old')})"
)
_TABLE = (
    f"CREATE VIRTUAL TABLE {NAME} USING fts5(text, client_text, client,"
    " content='', columnsize=0, detail=none, tokenize='trigram')"
)
_ON_INSERT = f"AFTER INSERT ON listing_row BEGIN {_ADD}; END"
_ON_DELETE = f"AFTER DELETE ON listing_row BEGIN {_REMOVE}; END"
# Not for the result of a check, which changes none of these
_ON_UPDATE = (
    "AFTER UPDATE OF text, client_text, client_id ON listing_row WHEN old.text IS NOT new.text"
    " OR old.client_text IS NOT new.client_text OR old.client_id IS NOT new.client_id"
    f" BEGIN {_REMOVE}; {_ADD}; END"
)
_LOG_TEXTS = ("item", "who", "detail_texts")  # lines of the log never change
_LOG_COLUMNS = f"rowid, {', '.join(_LOG_TEXTS)}"
_LOG_TABLE = (
    f"CREATE VIRTUAL TABLE {LOG_NAME} USING fts5({', '.join(_LOG_TEXTS)},"
    " content='', columnsize=0, detail=none, tokenize='trigram')"
)
_LOG_ON_INSERT = (
    f"AFTER INSERT ON activity BEGIN INSERT INTO {LOG_NAME} ({_LOG_COLUMNS})"  # noqa: S608
    " VALUES (new.id, new.item, new.who, new.detail_texts); END"
)
_LOG_ON_DELETE = (
    "AFTER DELETE ON activity BEGIN"  # noqa: S608
    f" INSERT INTO {LOG_NAME} ({LOG_NAME}, {_LOG_COLUMNS})"
    " VALUES ('delete', old.id, old.item, old.who, old.detail_texts); END"
)
# In the order of their names, as the database has them
_SQLITE = {
    LOG_NAME: _LOG_TABLE,
    f"{LOG_NAME}_delete": f"CREATE TRIGGER {LOG_NAME}_delete {_LOG_ON_DELETE}",
    f"{LOG_NAME}_insert": f"CREATE TRIGGER {LOG_NAME}_insert {_LOG_ON_INSERT}",
    NAME: _TABLE,
    f"{NAME}_delete": f"CREATE TRIGGER {NAME}_delete {_ON_DELETE}",
    f"{NAME}_insert": f"CREATE TRIGGER {NAME}_insert {_ON_INSERT}",
    f"{NAME}_update": f"CREATE TRIGGER {NAME}_update {_ON_UPDATE}",
}
_FILL = (
    f"INSERT INTO {NAME} ({_COLUMNS}) SELECT {_DOCUMENT.format(row='listing_row')}"  # noqa: S608
    " FROM listing_row ORDER BY 1"
)
_LOG_FILL = (
    f"INSERT INTO {LOG_NAME} ({_LOG_COLUMNS})"  # noqa: S608
    f" SELECT id, {', '.join(_LOG_TEXTS)} FROM activity ORDER BY id"
)
# The rows that are not found by their client and the first characters of their text
_MISSING = text(
    "SELECT id FROM listing_row WHERE kind = :kind AND id BETWEEN :first AND :last"  # noqa: S608
    f" AND NOT EXISTS (SELECT 1 FROM {NAME}"
    f" WHERE {NAME} MATCH '\"' || {_MARK.format(row='listing_row')} || '\"' ||"
    " CASE WHEN length(listing_row.text) < 3 THEN '' ELSE"
    " ' AND \"' || replace(substr(listing_row.text, 1, 3), '\"', '\"\"') || '\"' END"
    f" AND {NAME}.rowid = {_NUMBER.format(row='listing_row')})"
)
# Name and definition of each. Each kind has an index of an expression of its own, so a search of
# services reads no domains, and PostgreSQL keeps statistics of each kind: else it would read all
# domains for a word that only services have. Of an index with a condition it keeps none.
_POSTGRESQL = {
    f"{NAME}_{kind}_{one}": "listing_row USING gin"
    f" ((CASE WHEN {kind}_id IS NOT NULL THEN {one} END) gin_trgm_ops)"
    for kind in (Domain.kind, Service.kind)
    for one in ("client_text", "text")
} | {f"{LOG_NAME}_{one}": f"activity USING gin ({one} gin_trgm_ops)" for one in _LOG_TEXTS}

_NAMES: BindParameter[str] = bindparam("names", expanding=True)
_SCHEMA = text("SELECT sql FROM sqlite_schema WHERE name IN :names ORDER BY name").bindparams(
    _NAMES
)
_VALID = text(
    "SELECT count(*) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
    " WHERE relname IN :names AND indisvalid AND relnamespace = current_schema()::regnamespace"
).bindparams(_NAMES)


def register(app: Flask) -> None:
    """Has System Health say where a search would be quicker with an index."""
    site_of(app).health_flags.append(_flags)


def is_of_a_model(name: str | None, _type: object, _parent: object) -> bool:
    """Whether a table or index of the database is that of a model, as Alembic asks."""
    return name is None or not name.startswith((NAME, LOG_NAME))


def exists() -> bool:
    """Whether there is an index that is kept up to date."""
    if db.engine.dialect.name == "sqlite":
        found = db.session.scalars(_SCHEMA, {"names": [*_SQLITE]})
        return list(found) == [*_SQLITE.values()]
    valid: int | None = db.session.scalar(_VALID, {"names": [*_POSTGRESQL]})
    return valid == len(_POSTGRESQL)


def possible() -> bool:
    """Whether this database has what such an index takes."""
    if db.engine.dialect.name != "sqlite":
        known = text("SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'")
        return bool(db.session.scalar(known))
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(_TABLE)
        except sqlite3.OperationalError:
            return False
    return True


def flawed() -> bool:
    """Whether SQLite has lost a part of the index. PostgreSQL looks after its own."""
    return db.engine.dialect.name == "sqlite" and not exists() and possible()


def missing_ids(kind: str, first: int, last: int) -> set[int]:
    """The ids of listing rows of this kind, from id to id, that a search would not find."""
    if db.engine.dialect.name != "sqlite" or not exists():
        return set()
    return {*db.session.scalars(_MISSING, {"kind": kind, "first": first, "last": last})}


def create() -> bool:
    """Makes the index, in place of what there is of one; returns whether there is one now.

    Who writes to SQLite meanwhile waits: about 15 s for a million rows.
    """
    if not possible():
        return False
    if db.engine.dialect.name == "sqlite":
        _create_in_sqlite()
    else:
        _create_in_postgresql()
    return exists()


def _create_in_sqlite() -> None:
    with writing():
        connection = db.session.connection()
        for name in reversed(_SQLITE):  # a table after its triggers
            of = "TABLE" if name in (NAME, LOG_NAME) else "TRIGGER"
            connection.exec_driver_sql(f"DROP {of} IF EXISTS {name}")
        for statement in (*_SQLITE.values(), _FILL, _LOG_FILL):
            connection.exec_driver_sql(statement)


def _create_in_postgresql() -> None:
    """While others write. It is logged where the database does not let us."""
    db.session.rollback()  # the index waits for all who are reading
    options = {"isolation_level": "AUTOCOMMIT"}
    with db.engine.connect().execution_options(**options) as connection:
        connection.detach()  # no one is to wait as long on it afterwards
        connection.exec_driver_sql("SET lock_timeout = 0")
        try:
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            for name, rows in _POSTGRESQL.items():
                connection.exec_driver_sql(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
                connection.exec_driver_sql(f"CREATE INDEX CONCURRENTLY {name} ON {rows}")
        except DBAPIError as error:
            log.warning("The index for searches was not made: %s", error.orig)


def _flags(_now: datetime) -> list[Flag]:
    some = select(ListingRow.id).limit(MANY_ROWS).subquery()
    rows = db.session.scalar(select(func.count()).select_from(some)) or 0
    return rules.search(
        db.engine.dialect.name, many=rows == MANY_ROWS, indexed=exists(), possible=possible()
    )
