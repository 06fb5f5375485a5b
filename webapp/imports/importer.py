"""Import of clients, services and domains from CSV: checked first, then written, all or nothing.

docs/import.md describes the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy.exc import IntegrityError

from webapp.customers import audit_log
from webapp.customers.models import User
from webapp.extensions import tune, writing
from webapp.imports import clients_meant, dates, guessing, remembered, write_rows
from webapp.imports.compare import compare
from webapp.imports.csv_reader import CsvRow, CsvTable, open_table
from webapp.imports.headings import COLUMNS, DATES, PROBLEM, is_secret, squashed
from webapp.imports.mapping import Mapping, unread
from webapp.imports.rows import Reading, understand
from webapp.imports.staging import CHUNK_ROWS, OPTIONAL, Staging, open_staging
from webapp.imports.table_errors import CellProblem, NotATable
from webapp.words import imports as say
from webapp.words.activity import Detail

# What is being done, how much of it is done, how much there is. It may raise `Stopped`: nothing is
# written then.
Progress = Callable[[str, int, int], None]
MOST_TRIES = 3

ChangeCounts = dict[str, dict[str, int]]


NO_LINE = 1 << 40  # of a client that the person names who imports
MOST_CLIENTS_IN_MIND = 50_000  # that were named by an item: a bound on memory


class HasProblems(Exception):
    """The file has problems, and was not to be imported without the rows that have them."""


class AskDates(Exception):
    """The dates of the file are two days each, as 01/02/2026 is: `order` has what they tell."""

    def __init__(self, order: dates.DateOrder) -> None:
        super().__init__(order.example)
        self.order = order


class PreviewOutdated(Exception):
    """What the file was compared with changed before it could be written; nothing was written."""


class Stopped(Exception):
    """The user has stopped the import; nothing was written."""


@dataclass(frozen=True)
class Checked:
    """What importing a file would do.

    With `problems` it can only be imported without the `bad_rows` that have them; `warnings` do not
    keep a row from that.
    """

    counts: ChangeCounts
    problems: int
    warnings: int
    notes: list[str]
    bad_rows: int
    good_rows: int


def check(source: Path, staged: Path, progress: Progress, how: Mapping | None = None) -> Checked:
    """Reads the file into the staging and compares it with what is stored.

    `how` it is read is guessed from its headings unless said. Changes nothing. Raises `NotATable`,
    `AskDates`, and `Stopped` where `progress` does.
    """
    how = how or guessed_mapping(source)
    order = dates.DateOrder()
    notes = _stage(source, staged, how, progress, order)
    if order.open and not how.dates:
        raise AskDates(order)
    if order.order and not how.dates:
        # Only when all are read it is known: they are read once more
        how = replace(how, dates=order.order)
        notes = _stage(source, staged, how, progress, dates.DateOrder())
        notes.append(say.dates_read(order.order))
    with open_staging(staged) as staging:
        staging.drop_repeated()
        if not staging.total() and not staging.count_problems(serious=True):
            raise NotATable(say.no_rows())
        compare(staging, progress)
        return Checked(
            staging.counts(),
            staging.count_problems(serious=True),
            staging.count_problems(serious=False),
            notes,
            staging.count_bad_lines(),
            staging.total_of_file(),
        )


def guessed_mapping(
    source: Path, encoding: str = "", *, kind: str = "", client: str = ""
) -> Mapping:
    """How this file is read where no one says more than this.

    Raises `NotATable` where its headings do not tell what is needed.
    """
    sample = guessing.sample_file(source, encoding)
    found = remembered.recall(sample) or guessing.guess(sample)
    found = replace(found, encoding=encoding, kind=kind or found.kind, client=client)
    keys = [squashed(heading) for heading in sample.headings]
    repeated = sorted(
        name
        for name in COLUMNS
        if keys.count(squashed(name)) > 1 and {"kind", "client"} <= set(keys)
    )
    if found.missing or repeated:
        raise NotATable(say.wrong_columns(found.missing, repeated, COLUMNS))
    return found


def bad_rows(source: Path, staged: Path, how: Mapping) -> Iterator[list[str]]:
    """The rows that are not imported, as they stand in the file and with what is wrong with each,
    below the headings: corrected, it can be imported again."""
    with (
        open_table(source, guessing.is_heading, how.encoding) as table,
        open_staging(staged) as staging,
    ):
        secret = {n for n, heading in enumerate(table.headings) if is_secret(heading)}
        secret -= set(how.columns.values())  # the notes of a file of our own
        ours = {number: name for name, number in how.columns.items()}
        headings = list(table.headings)
        if not table.has_headings:
            headings = [ours.get(n, heading) for n, heading in enumerate(headings)]
        kept = [n for n, heading in enumerate(headings) if squashed(heading) != PROBLEM]
        yield [*(headings[n] for n in kept), PROBLEM]
        bad = staging.bad_lines()
        line, text = next(bad, (0, ""))
        for row in table.rows():
            if row.line == line:
                cells = ["" if n in secret else cell for n, cell in enumerate(row.cells)]
                yield [
                    *(cells[n] if n < len(cells) else "" for n in kept),
                    text,
                    *cells[len(headings) :],
                ]
                line, text = next(bad, (0, ""))


def write(
    staged: Path,
    who: User | None,
    filename: str,
    now: datetime,
    progress: Progress,
    *,
    skip_bad: bool = False,
    before_commit: Callable[[ChangeCounts], None] = lambda counts: None,
) -> ChangeCounts:
    """Writes what waits in the staging, in one transaction. `who` is None for the command line.

    It is compared once more before that: whatever changed since the check is seen, and what changes
    between comparing and writing is noticed and compared again. Raises `PreviewOutdated` where
    that goes on, or brings new problems, and `HasProblems` where there were some before that are
    not to be skipped; `Stopped` where `progress` does. What `before_commit` raises undoes it.
    """

    def finish(counts: ChangeCounts) -> None:
        told = {"counts": counts}
        audit_log.note(who, "imported", "import", None, filename, now, Detail.IMPORTED, **told)
        before_commit(counts)

    with open_staging(staged) as staging:
        if not skip_bad and staging.count_problems(serious=True):
            raise HasProblems
        return write_compared(staging, now, progress, finish)


def write_compared(
    staging: Staging,
    now: datetime,
    progress: Progress,
    before_commit: Callable[[ChangeCounts], None],
) -> ChangeCounts:
    """As `write`, from an open staging; what `before_commit` stores belongs to the transaction."""
    bad = staging.count_problems(serious=True)
    for _ in range(MOST_TRIES):
        compare(staging, progress)
        if staging.count_problems(serious=True) != bad:
            break
        counts = staging.counts()
        try:
            with writing():
                write_rows.write(staging, now, progress)
                before_commit(counts)
        except (IntegrityError, write_rows.Stale):
            continue
        tune()
        return counts
    raise PreviewOutdated


def _stage(
    source: Path, staged: Path, how: Mapping, progress: Progress, order: dates.DateOrder
) -> list[str]:
    """Reads the file into a fresh staging, and what its dates tell into `order`. The notes."""
    with (
        open_table(source, guessing.is_heading, how.encoding) as table,
        open_staging(staged, fresh=True) as staging,
    ):
        staging.add_columns(how.columns)
        reading, new_client = _reading(table, how)
        if new_client:
            staging.add([client_named(reading.client, new_client, NO_LINE)], [])
        _read_rows(table, staging, how, reading, progress, order)
        if left := unread(table.headings, how):
            table.notes.append(say.not_read(left, how.source))
        return table.notes


def _reading(table: CsvTable, how: Mapping) -> tuple[Reading, str]:
    """How the rows of this file are read, and the name of the client to be added for them."""
    client, new = clients_meant.chosen(how.client, named=how.by_name) if how.client else ("", "")
    without = {*OPTIONAL, "reference"}
    reading = Reading(
        ports=current_app.config["PADLOCK_PORTS"],
        dates=how.dates,
        by_name=how.by_name,
        client=client,
        product="" if "product" in how.columns else say.usual_product(),
        without=without - how.columns.keys(),
        own=how.own,
        names_only=how.names_only,
        unsure_of=table.encoding.name if table.encoding.guessed else "",
    )
    return reading, new


def _read_rows(
    table: CsvTable,
    staging: Staging,
    how: Mapping,
    reading: Reading,
    progress: Progress,
    order: dates.DateOrder,
) -> None:
    rows: list[dict[str, Any]] = []
    problems: list[CellProblem] = []
    named: set[str] = set()
    columns = [column for column in DATES if column in how.columns]
    for found in table.rows():
        if found.problem:
            problems.append(CellProblem(found.line, found.column, found.problem))
        else:
            cells = how.cells(found)
            order.add(cells[column] for column in columns)
            wanted, wrong = understand(CsvRow(found.line, cells), reading=reading)
            problems += wrong
            if not any(problem.serious for problem in wrong):
                rows.append(wanted)
                name = cells.get("client_name", "")
                if name and wanted["kind"] != "client" and wanted["client"] not in named:
                    named.add(wanted["client"])
                    rows.append(client_named(wanted["client"], name[:200], found.line))
        if len(rows) + len(problems) >= CHUNK_ROWS:
            staging.add(rows, problems)
            rows = []
            problems = []
            progress("reading", table.read, table.size)
            if len(named) > MOST_CLIENTS_IN_MIND:
                named.clear()
    staging.add(rows, problems)


def client_named(text: str, name: str, line: int) -> dict[str, Any]:
    """The client that an item of this line names: it is added where it is not there yet."""
    nothing = ("domain", "host", "status", "next_due", "registered", "expires", "server")
    return {
        **{"line": -line, "kind": "client", "key": text, "client": text, "name": name},
        **dict.fromkeys((*nothing, "who_renews", "tags", "contact_email", "note", "watched")),
    }
