"""Import of clients, services and domains from CSV: checked first, then written, all or nothing.

docs/import.md describes the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy.exc import IntegrityError

from webapp.customers import audit_log
from webapp.customers.models import User
from webapp.extensions import tune, writing
from webapp.imports import write_rows
from webapp.imports.compare import compare
from webapp.imports.csv_reader import CellProblem, NotATable, Row, Table, open_table
from webapp.imports.rows import COLUMNS, REQUIRED, understand
from webapp.imports.staging import CHUNK_ROWS, Staging, open_staging
from webapp.words import imports as say
from webapp.words.activity import Detail

# What is being done, how much of it is done, how much there is. It may raise `Stopped`: nothing is
# written then.
Progress = Callable[[str, int, int], None]
MOST_TRIES = 3

ChangeCounts = dict[str, dict[str, int]]


class HasProblems(Exception):
    """The file has problems: it is not imported."""


class ChangedMeanwhile(Exception):
    """What the file was compared with changed before it could be written; nothing was written."""


class Stopped(Exception):
    """The user has stopped the import; nothing was written."""


@dataclass(frozen=True)
class Checked:
    """What importing a file would do.

    With `problems` it cannot be imported; `warnings` do not keep it from that.
    """

    counts: ChangeCounts
    problems: int
    warnings: int
    notes: list[str]


def check(source: Path, staged: Path, progress: Progress) -> Checked:
    """Reads the file into the staging and compares it with what is stored.

    Changes nothing. Raises `NotATable`, and `Stopped` where `progress` does.
    """
    with (
        open_table(source, COLUMNS, REQUIRED) as table,
        open_staging(staged, fresh=True) as staging,
    ):
        _stage(table, staging, progress)
        staging.drop_repeated()
        if not staging.total() and not staging.count_problems(serious=True):
            raise NotATable(say.no_rows())
        compare(staging, progress)
        return _checked(staging, table.notes)


def write(
    staged: Path, who: User | None, filename: str, now: datetime, progress: Progress
) -> ChangeCounts:
    """Writes what waits in the staging, in one transaction. `who` is None for the command line.

    It is compared once more before that: whatever changed since the check is seen, and what changes
    between comparing and writing is noticed and compared again. Raises `ChangedMeanwhile` where
    that goes on, or brings new problems, and `HasProblems` where there were some before; `Stopped`
    where `progress` does.
    """
    with open_staging(staged) as staging:
        if staging.count_problems(serious=True):
            raise HasProblems
        for _ in range(MOST_TRIES):
            compare(staging, progress)
            if staging.count_problems(serious=True):
                break
            counts = staging.counts()
            try:
                with writing():
                    write_rows.write(staging, now, progress)
                    audit_log.note(
                        who,
                        "imported",
                        "import",
                        None,
                        filename,
                        now,
                        Detail.IMPORTED,
                        counts=counts,
                    )
            except (IntegrityError, write_rows.Stale):
                continue
            tune()
            return counts
    raise ChangedMeanwhile


def _stage(table: Table, staging: Staging, progress: Progress) -> None:
    staging.add_columns(table.columns)
    ports = current_app.config["PADLOCK_PORTS"]
    rows: list[dict[str, Any]] = []
    problems: list[CellProblem] = []
    for found in table.rows():
        if isinstance(found, Row):
            wanted, wrong = understand(found, ports)
            problems += wrong
            if not any(problem.serious for problem in wrong):
                rows.append(wanted)
        else:
            problems.append(found)
        if len(rows) + len(problems) >= CHUNK_ROWS:
            staging.add(rows, problems)
            rows = []
            problems = []
            progress("reading", table.read, table.size)
    staging.add(rows, problems)


def _checked(staging: Staging, notes: list[str]) -> Checked:
    serious = staging.count_problems(serious=True)
    others = staging.count_problems(serious=False)
    return Checked(staging.counts(), serious, others, notes)
