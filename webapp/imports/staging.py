"""Staging for the rows of an import between reading and writing: an SQLite file of its own.

However many rows there are, none of them has to be in memory, and they can come in any order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from webapp.imports.table_errors import CellProblem
from webapp.words import imports as say

CHUNK_ROWS = 1000  # rows that are compared or written together
# In the order in which they are written: the latter two belong to a client
ROW_KINDS = ("client", "service", "domain")
Chunk = list[dict[str, Any]]
OPTIONAL = (
    *("product", "domain", "status", "next_due", "registered", "expires", "server", "who_renews"),
    *("tags", "contact_email", "note"),
)

_FIELDS = (
    *("line", "kind", "key", "client", "name", "domain", "host", "status"),
    *("next_due", "registered", "expires", "server", "who_renews", "tags", "contact_email", "note"),
    "watched",
)
_TABLES = (
    f"CREATE TABLE waiting (line INTEGER PRIMARY KEY, {', '.join(_FIELDS[1:])}, id, version,"
    " change)",
    "CREATE INDEX waiting_kind ON waiting (kind, line)",
    "CREATE INDEX waiting_key ON waiting (kind, key)",
    "CREATE TABLE problem (line, place, text, serious, UNIQUE (line, place, text))",
    "CREATE TABLE known_column (name)",
    # Of a billing system: which it is, and everything that it has, also what cannot be imported
    "CREATE TABLE source (id)",
    "CREATE TABLE seen (kind, key, line, left_out DEFAULT FALSE, PRIMARY KEY (kind, key))",
    "CREATE INDEX seen_line ON seen (line)",
)
_ADD = (
    f"INSERT INTO waiting ({', '.join(_FIELDS)}) VALUES"  # noqa: S608
    f" ({', '.join(f':{name}' for name in _FIELDS)})"
)
_REPEATED = """
FROM waiting JOIN (
    SELECT kind, key, max(line) AS last FROM waiting GROUP BY kind, key HAVING count(*) > 1
)
USING (kind, key) WHERE line < last
"""
# Of the lines of a file: a client that is only named by an item has that line's number, negated.
_OF_FILE = "line > 0"


class Staging:
    """The waiting rows of one import, and what is wrong with its file."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add_columns(self, names: Iterable[str]) -> None:
        self._database.executemany(
            "INSERT INTO known_column VALUES (?)", ((name,) for name in names)
        )

    def absent_columns(self) -> set[str]:
        """The columns that the file could have and has not: it says nothing about them, and what is
        stored stays."""
        return set(OPTIONAL) - {
            row["name"] for row in self._database.execute("SELECT name FROM known_column")
        }

    def set_source(self, source_id: int) -> None:
        """The rows are those of this billing system, and are known by its ids."""
        self._database.execute("INSERT INTO source VALUES (?)", (source_id,))

    def source(self) -> int | None:
        """The billing system that the rows are of; None where they are a file's."""
        found = self._database.execute("SELECT id FROM source").fetchone()
        return None if found is None else int(found["id"])

    def see(self, kind: str, key: str | None, line: int) -> bool:
        """Notes that the billing system has this; False where it has been seen before. What has no
        key is noted each time."""
        add = "INSERT OR IGNORE INTO seen (kind, key, line) VALUES (?, ?, ?)"
        return self._database.execute(add, (kind, key, line)).rowcount == 1

    def seen(self, kind: str, keys: Collection[str | None]) -> set[str]:
        """Those of these keys that the billing system has, and that were not left out."""
        found = self._database.execute(
            "SELECT key FROM seen WHERE NOT left_out AND kind = ?"  # noqa: S608
            f" AND key IN ({_marks(keys)})",
            (kind, *keys),
        )
        return {row["key"] for row in found}

    def seen_on(self, line: int) -> tuple[str, str | None] | None:
        """The kind and the key of what stands on this line."""
        found = self._database.execute("SELECT kind, key FROM seen WHERE line = ?", (line,))
        return next(((row["kind"], row["key"]) for row in found), None)

    def last_line(self) -> int:
        return int(self._database.execute("SELECT coalesce(max(line), 0) FROM seen").fetchone()[0])

    def waiting_among(self, kind: str, column: str, values: Collection[Any]) -> set[Any]:
        """Those of these values that a waiting row of this kind has in a column: "key" or "id"."""
        found = self._database.execute(
            f"SELECT {column} FROM waiting WHERE kind = ?"  # noqa: S608
            f" AND {column} IN ({_marks(values)})",
            (kind, *values),
        )
        return {row[column] for row in found}

    def client_ids(self, texts: Collection[str]) -> dict[str, int]:
        """The ids of those of these clients that wait to be changed, or are the same."""
        found = self._database.execute(
            "SELECT key, id FROM waiting WHERE kind = 'client' AND id IS NOT NULL"  # noqa: S608
            f" AND key IN ({_marks(texts)})",
            tuple(texts),
        )
        return {row["key"]: row["id"] for row in found}

    def add(self, rows: Iterable[Mapping[str, Any]], problems: Iterable[CellProblem]) -> None:
        self._database.executemany(_ADD, rows)
        self.tell(problems)

    def tell(self, problems: Iterable[CellProblem]) -> None:
        told = (
            (problem.line, problem.column, problem.text, problem.serious) for problem in problems
        )
        # What is compared twice is told once.
        self._database.executemany("INSERT OR IGNORE INTO problem VALUES (?, ?, ?, ?)", told)

    def drop(self, lines: Iterable[int]) -> None:
        """Rows with a problem wait no longer: they are neither counted nor shown as something to
        come."""
        self._database.executemany(
            "DELETE FROM waiting WHERE line = ?", ((line,) for line in lines)
        )

    def leave_out(self, lines: Collection[int]) -> None:
        """Drops rows for which another one counts: what is stored of them has to go."""
        self.drop(lines)
        self._database.executemany(
            "UPDATE seen SET left_out = TRUE WHERE line = ?", ((line,) for line in lines)
        )

    def doubles(self, kind: str) -> Iterator[Chunk]:
        """The waiting rows that one client has more than once under one name, name by name."""
        name = "coalesce(host, lower(domain))"
        several = (
            f"SELECT client, {name} AS name FROM waiting WHERE kind = :kind"  # noqa: S608
            " GROUP BY 1, 2 HAVING count(*) > 1"
        )
        for found in self._database.execute(several, {"kind": kind}).fetchall():
            rows = self._database.execute(
                "SELECT * FROM waiting WHERE kind = :kind AND client = :client"  # noqa: S608
                f" AND {name} = :name ORDER BY line",
                {"kind": kind, **dict(found)},
            )
            yield [dict(row) for row in rows]

    def drop_repeated(self) -> None:
        """Where one item stands on several lines the last of them is imported, and the others
        are reported."""
        found = self._database.execute(f"SELECT line, last {_REPEATED} AND {_OF_FILE}")
        self.tell(
            CellProblem(row["line"], "", say.repeated(row["last"]), serious=False) for row in found
        )
        repeated = f"SELECT line {_REPEATED}"
        self._database.execute(f"DELETE FROM waiting WHERE line IN ({repeated})")  # noqa: S608

    def chunks(self, kind: str, *changes: str) -> Iterator[list[dict[str, Any]]]:
        """The waiting rows of a kind, a thousand at a time; only those with one of these changes,
        if any are named."""
        wanted = f" AND change IN ({_marks(changes)})" if changes else ""
        line = -(1 << 62)
        while True:
            found = self._database.execute(
                f"SELECT * FROM waiting WHERE kind = ? AND line > ?{wanted} ORDER BY"  # noqa: S608
                f" line LIMIT {CHUNK_ROWS}",
                (kind, line, *changes),
            ).fetchall()
            if not found:
                return
            line = found[-1]["line"]
            yield [dict(row) for row in found]

    def compared(self, rows: Iterable[tuple[str, int | None, int | None, int]]) -> None:
        """Notes change, id and version of what is there already, by line."""
        self._database.executemany(
            "UPDATE waiting SET change = ?, id = ?, version = ? WHERE line = ?", rows
        )

    def names_of_several(self) -> set[str]:
        """What more than one client row of the file has as its `client`."""
        found = self._database.execute(
            "SELECT client FROM waiting WHERE kind = 'client' GROUP BY client HAVING count(*) > 1"
        )
        return {row["client"] for row in found}

    def counts(self) -> dict[str, dict[str, int]]:
        """How many are new, changed and the same, by kind."""
        counts = {kind: {"new": 0, "changed": 0, "same": 0} for kind in ROW_KINDS}
        for kind, change, count in self._database.execute(
            "SELECT kind, change, count(*) FROM waiting WHERE change IS NOT NULL GROUP BY kind,"
            " change"
        ):
            counts[kind][change] = count
        return counts

    def total(self, *changes: str) -> int:
        """How many rows wait; only those with one of these changes, if any are named."""
        wanted = f" WHERE change IN ({_marks(changes)})" if changes else ""
        counted = f"SELECT count(*) FROM waiting{wanted}"  # noqa: S608
        return int(self._database.execute(counted, changes).fetchone()[0])

    def total_of_file(self) -> int:
        """How many rows of the file wait."""
        return int(
            self._database.execute(
                f"SELECT count(*) FROM waiting WHERE {_OF_FILE}"  # noqa: S608
            ).fetchone()[0]
        )

    def sample(self, most: int) -> list[dict[str, Any]]:
        """The first rows as they were understood, with the name of a client of the file itself."""
        named = "SELECT max(name) FROM waiting AS named WHERE kind = 'client' AND key = row.client"
        rows = self._database.execute(
            f"SELECT *, ({named}) AS client_name FROM waiting AS row"  # noqa: S608
            f" WHERE {_OF_FILE} ORDER BY line LIMIT ?",
            (most,),
        )
        return [dict(row) for row in rows]

    def count_problems(self, *, serious: bool) -> int:
        found = self._database.execute("SELECT count(*) FROM problem WHERE serious = ?", (serious,))
        return int(found.fetchone()[0])

    def bad_lines(self) -> Iterator[tuple[int, str]]:
        """The lines that are not imported, in their order, each with everything that is wrong."""
        told = "CASE place WHEN '' THEN text ELSE place || ': ' || text END"
        return iter(
            self._database.execute(
                f"SELECT line, group_concat({told}, ' ') FROM problem"  # noqa: S608
                " WHERE serious GROUP BY line ORDER BY line"
            )
        )

    def count_bad_lines(self) -> int:
        """How many lines are not imported."""
        found = self._database.execute("SELECT count(DISTINCT line) FROM problem WHERE serious")
        return int(found.fetchone()[0])

    def problems(self, most: int = -1) -> Iterator[CellProblem]:
        """By line, those that stop the import first; all of them unless there is a `most`."""
        found = self._database.execute(
            "SELECT * FROM problem ORDER BY serious DESC, line LIMIT ?", (most,)
        )
        return (
            CellProblem(row["line"], row["place"], row["text"], bool(row["serious"]))
            for row in found
        )


@contextmanager
def open_staging(path: Path, *, fresh: bool = False) -> Iterator[Staging]:
    """The staging in this file; a new one where it has to be `fresh`.

    Only its owner may read it. What is done in it is kept if nothing goes wrong.
    """
    if fresh:
        path.with_name(f"{path.name}-journal").unlink(missing_ok=True)  # it belongs to the old one
        path.unlink(missing_ok=True)
        path.touch(0o600)
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None
    )
    database.row_factory = sqlite3.Row
    try:
        # A process may be killed: what is there already stays whole, and the next one goes on
        database.execute(f"PRAGMA journal_mode = {'MEMORY' if fresh else 'DELETE'}")
        database.execute("PRAGMA synchronous = OFF")  # it lives for a day, and can be made again
        database.execute("BEGIN")
        for statement in _TABLES if fresh else ():
            database.execute(statement)
        yield Staging(database)
        database.execute("COMMIT")
    finally:
        database.close()


def _marks(values: Iterable[object]) -> str:
    return ", ".join("?" for _ in values)
