"""Reads all that a source has into a staging, as the rows of an import."""

from __future__ import annotations

from typing import Any

from flask import current_app

from webapp.customers.models import ACTIVE_DOMAINS, DomainStatus
from webapp.imports import clients_meant
from webapp.imports.csv_reader import CsvRow
from webapp.imports.importer import Progress
from webapp.imports.rows import Reading, understand
from webapp.imports.staging import ROW_KINDS, Staging
from webapp.imports.table_errors import CellProblem
from webapp.sources.csv_address import CsvAddress
from webapp.sources.panel import Panel
from webapp.sources.rows import Row
from webapp.words import sources as say

Kinds = tuple[str, ...]


def read(panel: Panel | CsvAddress, staging: Staging, source_id: int, progress: Progress) -> None:
    """Everything, into a fresh staging. Raises `Fault`."""
    staging.set_source(source_id)
    staging.add_columns(panel.columns)
    read_again(panel, staging, ROW_KINDS, progress)


def read_again(
    panel: Panel | CsvAddress, staging: Staging, kinds: Kinds, progress: Progress
) -> None:
    """These lists once more: what was not there the first time is added. Raises `Fault`."""
    if isinstance(panel, CsvAddress):
        panel.stage(staging, kinds, progress)
        staging.drop_repeated()
        return
    source_id = staging.source() or 0
    reading = Reading(current_app.config["PADLOCK_PORTS"])
    line = staging.last_line()
    for kind in kinds:
        for page in panel.pages(kind):
            wanted: list[dict[str, Any]] = []
            problems: list[CellProblem] = []
            for row in page:
                line += 1
                if staging.see(kind, row.key or None, line):
                    found, wrong = _understood(row, line, source_id, reading)
                    serious = [problem for problem in wrong if problem.serious]
                    problems += serious or wrong
                    if not serious:
                        wanted.append(found)
            staging.add(wanted, problems)
            progress("reading", line, 0)
    drop_doubles(staging)


def _understood(
    row: Row, line: int, source_id: int, reading: Reading
) -> tuple[dict[str, Any], list[CellProblem]]:
    """What a row wants to be, by the keys of its source, and what is wrong with it."""
    told = [CellProblem(line, one.column, one.words, one.serious) for one in row.problems]
    if any(one.serious for one in row.problems):
        return {}, told
    key = clients_meant.of_source(source_id, row.key if row.kind == "client" else row.client)
    cells = row.cells | {"kind": row.kind, "client": "-", "reference": row.key}
    found, wrong = understand(CsvRow(line, cells), reading=reading)
    if any(problem.column == "contact_email" for problem in wrong):
        # The client is there all the same, and all that it has
        wrong = [problem for problem in wrong if problem.column != "contact_email"]
        told.append(
            CellProblem(
                line, "contact_email", say.bad_email(row.cells["contact_email"][:60]), False
            )
        )
        found["contact_email"] = None
    found |= {"key": key if row.kind == "client" else row.key, "client": key}
    return found | {"watched": row.watched}, told + wrong


def drop_doubles(staging: Staging) -> None:
    """Where a client has one domain in two records, the living one counts, and of two that live the
    newer one; a note tells of the others."""
    for rows in list(staging.doubles("domain")):
        first, *others = sorted(rows, key=_life, reverse=True)
        staging.leave_out([row["line"] for row in others])
        staging.tell(
            CellProblem(row["line"], "domain", say.name_again(first["key"]), serious=False)
            for row in others
        )


def _life(row: dict[str, Any]) -> tuple[bool, bool, int, str]:
    status = DomainStatus(row["status"])
    number = int(row["key"]) if row["key"].isdigit() else 0
    return status is DomainStatus.ACTIVE, status in ACTIVE_DOMAINS, number, row["key"]
