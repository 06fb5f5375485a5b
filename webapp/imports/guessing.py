"""The likeliest mapping of a file, guessed from its headings and its first cells."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from webapp import probe
from webapp.imports import billing_exports
from webapp.imports.csv_reader import CsvTable, open_table
from webapp.imports.headings import COLUMNS, OURS, OWN, PROBLEM, is_secret, squashed
from webapp.imports.mapping import Mapping
from webapp.probe.address import literal

SAMPLE_ROWS = 200
SAMPLES = 3

_OTHER_HEADINGS = billing_exports.HEADINGS | {PROBLEM, "id", "name", "email"}


@dataclass(frozen=True)
class FileSample:
    """What a file looks like: its headings, up to three cells of each column, its encoding."""

    headings: list[str]
    cells: list[list[str]]
    encoding: str
    guessed: bool
    accents: list[str]  # cells that look otherwise in another encoding
    has_headings: bool
    secret: set[int]  # columns whose cells are not shown


def is_heading(text: str) -> bool:
    """Whether this is what a column is called here or elsewhere, rather than a cell."""
    key = squashed(text)
    return key in OURS or key in OWN or key in _OTHER_HEADINGS


def sample_file(source: Path, encoding: str = "") -> FileSample:
    """The headings and first rows of this file. Raises `NotATable`."""
    with open_table(source, is_heading, encoding) as table:
        return sample_of(table)


def sample_of(table: CsvTable) -> FileSample:
    """The same of an open table, of which it reads the first rows."""
    wide = len(table.headings)
    secret = {n for n, heading in enumerate(table.headings) if is_secret(heading)}
    samples: list[dict[str, None]] = [{} for _ in range(wide)]
    accents: dict[str, None] = {}
    for row in islice(table.rows(), SAMPLE_ROWS):
        for number, cell in enumerate(row.cells[:wide]):
            if cell and number not in secret:
                if len(samples[number]) < SAMPLES:
                    samples[number][cell] = None
                if not cell.isascii() and len(accents) < SAMPLES:
                    accents[cell] = None
    for heading in table.headings:
        if not heading.isascii():
            accents.setdefault(heading)
    return FileSample(
        table.headings,
        [list(cells) for cells in samples],
        table.encoding.name,
        table.encoding.guessed,
        list(accents)[: 2 * SAMPLES],
        table.has_headings,
        secret,
    )


def guess(sample: FileSample) -> Mapping:
    """The likeliest mapping of a file that looks like this; what it does not tell stays empty."""
    keys = [squashed(heading) for heading in sample.headings]
    if {"kind", "client"} <= set(keys):
        return Mapping(
            {ours: keys.index(squashed(ours)) for ours in COLUMNS if squashed(ours) in keys}
        )
    for export in billing_exports.EXPORTS:
        if found := export.mapping_of(keys):
            return found
    return _by_content(sample, _by_heading(sample, keys))


def _by_heading(sample: FileSample, keys: Sequence[str]) -> Mapping:
    columns: dict[str, int] = {}
    for number, key in enumerate(keys):
        ours = OWN.get(key) or OURS.get(key)
        if key in ("client", "customer", "kunde", "account") and _are_numbers(sample.cells[number]):
            ours = "client"
        elif key == "client":
            ours = "client_name"
        if ours == "server" and not _are_addresses(sample.cells[number]):
            continue
        if ours and number not in sample.secret:
            columns.setdefault(ours, number)
    if "id" in keys and "reference" not in columns and "product" in columns:
        columns["reference"] = keys.index("id")
    parts = ("company", "firstname", "lastname", "email")
    if (
        "firstname" in keys
        and "lastname" in keys
        and columns.get("client_name")
        in (None, *(keys.index(part) for part in parts if part in keys))
    ):
        columns.pop("client_name", None)
        company = next((key for key in ("companyname", "company") if key in keys), "")
        names = [keys.index(key) if key in keys else len(keys) for key in (company, *parts[1:])]
        return Mapping(columns, names)
    return Mapping(columns)


def _by_content(sample: FileSample, mapping: Mapping) -> Mapping:
    columns = dict(mapping.columns)
    if "domain" not in columns:
        hosts = [
            (sum(map(_is_host_name, cells)), -number)
            for number, cells in enumerate(sample.cells)
            if number not in columns.values()
        ]
        if hosts and max(hosts)[0]:
            columns["domain"] = -max(hosts)[1]
    kind = ""
    if "kind" not in columns:
        if "product" in columns or "next_due" in columns or "server" in columns:
            kind = "service"
        elif "domain" in columns and ("expires" in columns or "registered" in columns):
            kind = "domain"
        elif "domain" not in columns and ("client_name" in columns or mapping.named):
            kind = "client"
    if kind == "client" and "client" not in columns:
        keys = [squashed(heading) for heading in sample.headings]
        if "id" in keys:
            columns["client"] = keys.index("id")
    return replace(mapping, columns=columns, kind=kind)


def _are_numbers(cells: Collection[str]) -> bool:
    return bool(cells) and not any(" " in cell or cell.isalpha() for cell in cells)


def _are_addresses(cells: Collection[str]) -> bool:
    with suppress(ValueError):
        return bool([literal(cell) for cell in cells])
    return False


def _is_host_name(text: str) -> bool:
    try:
        return "." in probe.understand(text).hostname
    except probe.NotCheckable:
        return False
