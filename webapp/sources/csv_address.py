"""A CSV at an address: what `docs/import.md` describes, read by the import's own reader."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any

from flask import current_app

from webapp.imports import clients_meant, dates, guessing, importer
from webapp.imports.csv_reader import CsvRow, open_table
from webapp.imports.headings import DATES
from webapp.imports.importer import Progress
from webapp.imports.mapping import Mapping
from webapp.imports.rows import Reading, understand
from webapp.imports.staging import CHUNK_ROWS, OPTIONAL, Staging
from webapp.imports.table_errors import CellProblem, NotATable
from webapp.sources.fault import Fault
from webapp.sources.panel import Access
from webapp.words import imports as say

if TYPE_CHECKING:
    from webapp.sources.http import Http

MOST_KEY_CHARACTERS = 64


class CsvAddress:
    """A source that gives all that it has as one file."""

    columns: frozenset[str] = frozenset()  # those that its file has

    def __init__(self, access: Access, http: Http) -> None:
        self._access = access
        self._http = http

    def test(self) -> None:
        """Raises `Fault`."""
        with self._file() as path, _told():
            importer.guessed_mapping(path)

    def stage(self, staging: Staging, kinds: Collection[str], progress: Progress) -> None:
        """Reads the rows of these kinds; those that were seen before are left as they are. Raises
        `Fault`."""
        with self._file() as path, _told():
            how = importer.guessed_mapping(path)
            if not staging.last_line():
                staging.add_columns(how.columns)
            _Rows(staging, how, _order(path, how), kinds).read(path, progress)

    @contextmanager
    def _file(self) -> Iterator[Path]:
        """The file, which has no name: it may hold more than is taken, and a process may be
        killed."""
        url = self._access.url
        if query := self._access.credentials.get("query"):
            url = f"{url}?{query}"
        with TemporaryFile(dir=current_app.instance_path) as file:
            answer = self._http.ask("GET", url, headers={"accept": "text/csv, */*"}, into=file)
            file.flush()
            if answer.status != 200:
                fault = Fault("web page", status=answer.status)
                raise fault if answer.is_page else Fault("status", status=answer.status, call="CSV")
            yield Path(f"/proc/self/fd/{file.fileno()}")


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except NotATable as error:
        raise Fault("table", text=str(error)) from None


def _order(path: Path, how: Mapping) -> str:
    """In which order its dates are written. Raises `Fault` where they are two days each."""
    order = dates.DateOrder()
    columns = [column for column in DATES if column in how.columns]
    with open_table(path, guessing.is_heading) as table:
        for found in table.rows():
            if not found.problem:
                cells = how.cells(found)
                order.add(cells[column] for column in columns)
    if order.open:
        raise Fault("dates", example=order.example)
    return order.order


class _Rows:
    """The rows of one file on their way into the staging."""

    def __init__(self, staging: Staging, how: Mapping, order: str, kinds: Collection[str]) -> None:
        self._staging = staging
        self._how = how
        self._kinds = kinds
        self._source = staging.source() or 0
        self._behind = staging.last_line()  # lines of an earlier reading
        self._reading = Reading(
            ports=current_app.config["PADLOCK_PORTS"],
            dates=order,
            by_name=how.by_name,
            product="" if "product" in how.columns else say.usual_product(),
            without={*OPTIONAL, "reference"} - how.columns.keys(),
            own=how.own,
        )
        self._rows: list[dict[str, Any]] = []
        self._problems: list[CellProblem] = []
        self._named = set[str]()

    def read(self, path: Path, progress: Progress) -> None:
        with open_table(path, guessing.is_heading) as table:
            for found in table.rows():
                self._take(found.line + self._behind, self._how.cells(found), found.problem)
                if len(self._rows) + len(self._problems) >= CHUNK_ROWS:
                    self._flush()
                    progress("reading", table.read, table.size)
        self._flush()

    def _take(self, line: int, cells: dict[str, str], problem: str) -> None:
        wanted, wrong = understand(CsvRow(line, cells), reading=self._reading)
        kind = wanted["kind"]
        if self._behind and kind not in self._kinds:
            return
        key = self._short(wanted["key"]) if wanted["key"] else None
        new = self._staging.see(kind, key, line)
        if self._behind and not new:
            return
        if problem:
            wrong = [CellProblem(line, "", problem)]
        serious = [one for one in wrong if one.serious]
        self._problems += serious or wrong
        if serious or key is None:
            return
        named = cells.get("client_name", "")
        client = clients_meant.of_source(self._source, self._short(wanted["client"]))
        if named and kind != "client" and client not in self._named:
            self._named.add(client)
            self._rows.append(importer.client_named(client, named[:200], line))
        wanted |= {"client": client, "key": client if kind == "client" else key, "watched": True}
        self._rows.append(wanted)

    @staticmethod
    def _short(key: str) -> str:
        """What is too long for a key, or names a client in another way than by its reference."""
        if len(key) <= MOST_KEY_CHARACTERS and "\n" not in key:
            return key
        return hashlib.sha256(key.encode()).hexdigest()

    def _flush(self) -> None:
        self._staging.add(self._rows, self._problems)
        self._rows = []
        self._problems = []
