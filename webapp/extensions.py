"""The Flask extensions, unbound, and how Padlock speaks to its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from apscheduler.schedulers.background import BackgroundScheduler
from flask_apscheduler import APScheduler
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    MetaData,
    String,
    Table,
    TypeDecorator,
    event,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from webapp import sqlite_file
from webapp.site import this_site

Column = ColumnElement[Any] | InstrumentedAttribute[Any]
# The number of the lock by which those who write to PostgreSQL take turns: any would do
WRITERS = 0x9AD10C
UNREACHABLE = (
    "Is PostgreSQL running, and is PADLOCK_DATABASE_URL right? See docs/running.md, “PostgreSQL”."
)
BUSY_MILLISECONDS = 10_000  # for which SQLite waits for another process that writes

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    # Every constraint has a name, so that a migration can drop it on SQLite too.
    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base)
login = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(get_remote_address)
# Bound and started by monitor/refresh/scheduler.py only
scheduler = APScheduler(BackgroundScheduler(timezone=UTC))

if TYPE_CHECKING:
    # Flask-SQLAlchemy makes its class when it runs, where a type checker cannot see it
    Model = Base
else:
    Model = db.Model


class Instant(TypeDecorator[datetime]):
    """A moment: aware and UTC on both sides, stored naive where the database knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        if dialect.name == "sqlite":  # a third of the default's time: each result writes a dozen
            return lambda at: None if at is None else _without_zone(at.astimezone(UTC))
        return super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        if dialect.name == "sqlite":  # a third of the usual time, for half a million of a CSV
            return lambda text: None if text is None else datetime.fromisoformat(f"{text}+00:00")
        return lambda at: None if at is None else at.astimezone(UTC)


def _without_zone(at: datetime) -> str:
    return at.isoformat(" ", "microseconds")[: len("2026-11-28 12:00:00.000000")]


def word_column(words: type[StrEnum]) -> Enum:
    """The type of a column that holds one of these words as people read them, in any database, and
    may learn more."""
    return Enum(words, native_enum=False, create_constraint=False, length=32, values_callable=list)


@compiles(String, "postgresql")
def _in_byte_order(type_: String, compiler: Any, **kw: Any) -> str:
    """Text in PostgreSQL is put in order and folded as SQLite does it, whatever the locale of the
    database: lists look the same, an index goes on fitting when the system's locales change, and no
    one has to think of it in a migration.
    """
    # Of a column; not of a value
    collate = ' COLLATE "C"' if kw.get("type_expression") is not None else ""
    return f"{compiler.visit_VARCHAR(type_, **kw)}{collate}"


def contains(column: InstrumentedAttribute[Any], words: str) -> ColumnElement[bool]:
    """Whether this text stands in a column, in upper or lower case, nowhere a pattern: "%" finds a
    per cent sign."""
    # SQLite's LIKE takes both cases for the same by itself, and lower() costs it three times as
    # long as LIKE. ILIKE in PostgreSQL
    like = column.contains if db.engine.dialect.name == "sqlite" else column.icontains
    return like(words, autoescape=True)


@contextmanager
def writing(*, beside_others: bool = False, patience: float | None = None) -> Iterator[None]:
    """One short write transaction of the current session: committed at the end, rolled back on any
    error.

    What was read before is read again inside. On SQLite a transaction that reads first and writes
    later can fail at once, or lose what another wrote in between; one that says BEGIN IMMEDIATE
    waits for its turn. PostgreSQL would let two write at once: there one waits for the other as
    well, so that what is read inside is true on both. Only who is `beside_others` does not wait
    there, and has to lock the rows that it goes by. One inside another would throw away what the
    outer has done so far: that raises RuntimeError.
    """
    info = db.session.info
    if info.get("writing"):
        raise RuntimeError("a write is under way in this session already")
    db.session.rollback()
    info["writing"] = True
    try:
        options = {"writing": "beside" if beside_others else "alone", "patience": patience}
        db.session.connection(execution_options=options)
        yield
        db.session.commit()
    except BaseException as error:
        db.session.rollback()
        if saving_fails(error):
            this_site().not_saved = str(getattr(error, "orig", error))
        raise
    else:
        this_site().not_saved = None
    finally:
        info["writing"] = False


def keeps_all_from_writing() -> bool:
    """Whether this session is in a write on SQLite, which takes one at a time."""
    return bool(db.session.info.get("writing")) and db.engine.dialect.name == "sqlite"


_CANNOT_SAVE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR}
# The same in PostgreSQL: disk_full, read_only_sql_transaction, io_error
_SQLSTATES = {"53100", "25006", "58030"}


def saving_fails(error: BaseException) -> bool:
    """Whether this error means that nothing can be written for the time being: the disk is full, or
    read-only."""
    orig = getattr(error, "orig", None)
    code = getattr(orig, "sqlite_errorcode", 0)
    # The extended codes of SQLite tell the same in more detail.
    return (
        isinstance(orig, sqlite_file.FileChanged)
        or code & 0xFF in _CANNOT_SAVE
        or getattr(orig, "sqlstate", None) in _SQLSTATES
    )


def among(column: InstrumentedAttribute[Any], values: Iterable[str]) -> ColumnElement[bool]:
    """Whether a column holds one of these texts, as IN says it; but all are one parameter, as a
    thousand of their own take longer to bind than to look up."""
    each = func.json_each if db.engine.dialect.name == "sqlite" else func.json_array_elements_text
    return column.in_(select(each(literal(list(values), JSON)).table_valued("value").c.value))


def among_ids(column: Column, ids: Iterable[int]) -> ColumnElement[bool]:
    """Whether a column has one of these ids, in the same way."""
    if db.engine.dialect.name == "sqlite":
        each = func.json_each(literal([*ids], JSON)).table_valued("value")
        return column.in_(select(each.c.value))
    return column == func.any(literal([*ids], ARRAY(column.type)))


def tune() -> None:
    """Tells the database how its tables are filled, after much was written."""
    with writing(beside_others=True):
        if db.engine.dialect.name == "sqlite":
            # Open connections read what ANALYZE found again only when a table comes or goes
            db.session.execute(text("DROP TABLE IF EXISTS sqlite_stat1"))
        db.session.execute(text("ANALYZE"))


def analyze(*tables: Table) -> None:
    """Call it inside `writing()` when the first of many rows are in these tables.

    PostgreSQL decides once how to look up what a foreign key refers to; where they were almost
    empty then, it would read all of them for each row.
    """
    if db.engine.dialect.name == "postgresql":
        for table in tables:
            db.session.execute(text(f'ANALYZE "{table.name}"'))


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None  # the driver starts no transaction: `_begin` does
        _switch_to_wal(connection)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
        # Pages, of 4 KiB: a total is counted in 5,000 rows, and each may lie in another page
        connection.execute("PRAGMA cache_size = 5200")
        connection.execute("PRAGMA analysis_limit = 1000")  # rows of an index that `tune` looks at
        # Cut short, a file that is mapped ends the process with SIGBUS
        connection.execute("PRAGMA mmap_size = 0")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """The first look into the file: what is wrong with it as a whole shows here, and is said so
    that a person knows what to do."""
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    except sqlite3.DatabaseError as error:
        damaged = "The database is damaged: bring back a backup, see docs/running.md."
        closed = "Let the user of the site write to the database and to its folder."
        cures = {sqlite3.SQLITE_NOTADB: damaged, sqlite3.SQLITE_CORRUPT: damaged}
        cures |= {sqlite3.SQLITE_READONLY: closed, sqlite3.SQLITE_CANTOPEN: closed}
        error.add_note(cures.get(error.sqlite_errorcode & 0xFF, ""))
        raise


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    """Who reads sees the data of one moment, whatever is written meanwhile; who writes sees what
    there is."""
    options = connection.get_execution_options()
    writing = options.get("writing")
    patience = options.get("patience")
    if connection.dialect.name == "sqlite" and writing:
        sqlite_file.refuse_to_write(connection)
        if patience is not None:
            _wait_for_turn(connection, int(1000 * patience))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN")
    elif writing:
        turn = f"; SELECT pg_advisory_xact_lock({WRITERS})" if writing == "alone" else ""
        connection.exec_driver_sql(f"SET TRANSACTION ISOLATION LEVEL READ COMMITTED{turn}")


def _wait_for_turn(connection: Connection, milliseconds: int) -> None:
    usual = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {milliseconds}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {usual}")


@event.listens_for(Engine, "connect")
def _prepare_postgresql(connection: Any, _record: object) -> None:
    if not isinstance(connection, sqlite3.Connection):
        connection.execute("SET lock_timeout = '10s'")  # as long as SQLite waits
        # A process that freezes in the middle of a write must not keep all others waiting.
        connection.execute("SET idle_in_transaction_session_timeout = '60s'")
        # Its 4 is for a disk that turns: it would read a whole table to find one row in a hundred
        connection.execute("SET random_page_cost = 1.1")
        connection.execute("SET jit = off")  # it took 70 ms to compile what then ran for 8
        connection.commit()


@event.listens_for(Engine, "handle_error")
def _say_what_to_do(context: ExceptionContext) -> None:
    """A PostgreSQL that cannot be reached: what the driver says of it names no password."""
    if context.connection is None and not isinstance(context.original_exception, sqlite3.Error):
        context.original_exception.add_note(UNREACHABLE)
