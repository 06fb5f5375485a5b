"""The SQLite file under the site: private, the same file all the time, whole, and readable where it
cannot be written.

Never open this file in another way than through SQLite: when a process closes a file, POSIX takes
away every lock that it has on it, those of SQLite among them.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError, OperationalError

LOOK_AGAIN_SECONDS = 10.0
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# In what the pool knows of a connection: the path, where it was opened so
_IMMUTABLE = "padlock_immutable"
_SIDE_FILES = ("", "-wal", "-shm", "-journal")


class FileChanged(sqlite3.OperationalError):
    """The path of the database does not lead to the open file any more, or it is empty: what is
    written is lost."""

    def __init__(self, change: str) -> None:
        super().__init__(f"The database file was {change} while the site was running")


class OpenFile:
    """The file that an engine has opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.identity: tuple[int, int] | None = None  # device and inode, since it was first opened
        self._filled = False  # there was something in it
        # What is wrong with it, in SQLite's words; it stays until the site is restarted
        self.damage = ""
        self._looked_at = float("-inf")
        self._lock = threading.Lock()

    def change(self) -> str:
        """What became of it: "deleted", "replaced" or "emptied"; "" where the path still leads
        to the file that is open."""
        if self.identity is None:
            return ""
        try:
            found = self.path.stat()
        except OSError:
            return "deleted"
        if (found.st_dev, found.st_ino) != self.identity:
            return "replaced"
        self._filled = self._filled or found.st_size > 0
        # SQLite would take it for a new database, and throw away what its log still has of the old
        # one.
        return "emptied" if self._filled and not found.st_size else ""

    def damage_found(self, seconds: float) -> str:
        """What is damaged in the file, as far as `seconds` suffice to see it; looked at every ten
        seconds at most."""
        with self._lock:
            if (
                not self.damage
                and time.monotonic() - self._looked_at > LOOK_AGAIN_SECONDS
                and self.path.is_file()
            ):
                self.damage = damage(self.path, seconds)
                self._looked_at = time.monotonic()
        return self.damage


# Each engine has a dialect of its own
_files: WeakKeyDictionary[Dialect, OpenFile] = WeakKeyDictionary()


def of(engine: Engine) -> OpenFile | None:
    """The file that this engine has open; None before it is opened, and where the database is not
    in a file."""
    return _files.get(engine.dialect)


def damage(path: Path, seconds: float) -> str:
    """What SQLite finds wrong with this file within so many seconds; empty where it finds
    nothing."""
    until = time.monotonic() + seconds
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=0.2)
        ) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > until, 10_000)
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.DatabaseError as error:
        return str(error) if getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE else ""
    return "" if found == "ok" else found


def make_private(path: Path) -> None:
    """Makes the file where there is none, and lets only its owner read it and what SQLite keeps
    beside it: it holds customers and password hashes. SQLite gives its side files the rights of the
    file."""
    with suppress(OSError):  # it is there, or SQLite says better why it cannot be made
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    for suffix in _SIDE_FILES:
        file = Path(f"{path}{suffix}")
        with suppress(OSError):  # it is not there, not ours, or the disk is read-only
            mode = file.stat().st_mode
            if stat.S_ISREG(mode) and mode & 0o077:
                file.chmod(mode & 0o700)


def _only_readable(path: Path) -> bool:
    """Whether nothing can be written here, and no log has changes that are not in the file yet."""
    locked = not os.access(path, os.W_OK) and not os.access(path.parent, os.W_OK)
    log = Path(f"{path}-wal")
    return locked and path.is_file() and not (log.exists() and log.stat().st_size)


@event.listens_for(Engine, "do_connect")
def _open(dialect: Dialect, record: Any, args: list[Any], options: dict[str, Any]) -> Any:
    if dialect.name != "sqlite" or args[0] == ":memory:" or options.get("uri"):
        return None
    path = Path(args[0])
    file = _files.setdefault(dialect, OpenFile(path))
    if change := file.change():
        raise FileChanged(change)
    make_private(path)
    if record is not None:
        record.info.pop(_IMMUTABLE, None)
    if _only_readable(path):
        if record is not None:
            record.info[_IMMUTABLE] = path
        # SQLite wants to make files beside it even to read. Nothing changes here: it may do
        # without.
        connection = sqlite3.connect(f"file:{quote(str(path))}?immutable=1", uri=True, **options)
    else:
        connection = sqlite3.connect(*args, **options)
    if file.identity is None:
        with suppress(OSError):
            found = path.stat()
            file.identity = found.st_dev, found.st_ino
    return connection


@event.listens_for(Engine, "checkout")
def _can_be_written_again(_connection: object, record: Any, _proxy: object) -> None:
    path = record.info.get(_IMMUTABLE)
    if path is not None and not _only_readable(path):
        raise DisconnectionError("the database can be written again")  # it is opened again


def refuse_to_write(connection: Connection) -> None:
    """Raises OperationalError where what is written would be lost, see `FileChanged`."""
    file = _files.get(connection.dialect)
    if file is not None and (change := file.change()):
        raise OperationalError("BEGIN IMMEDIATE", None, FileChanged(change))


@event.listens_for(Engine, "handle_error")
def _remember(context: ExceptionContext) -> None:
    """What an error tells of the file."""
    error = context.original_exception
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    file = _files.get(context.dialect)
    if file is not None and code in _DAMAGE:
        file.damage = file.damage or str(error)
    if code == sqlite3.SQLITE_READONLY and context.connection is not None:
        # Connections that only read are opened again: perhaps it can be written by then
        context.is_disconnect = True
