"""Any CSV file -> its headings and rows, each with its line and what is wrong with it.

Takes every usual encoding; commas, semicolons, tabs and bars; all three line ends. The file is read
a line at a time: however large it is, little of it is in memory.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TextIO

from webapp import probe
from webapp.imports.csv_lines import MOST_LINE_CHARACTERS, MOST_LINES, Lines
from webapp.imports.encodings import Encoding, encoding_of
from webapp.imports.other_formats import other_file, other_text
from webapp.imports.table_errors import NotATable
from webapp.words import imports as say

MOST_ROWS = 1_000_000
MOST_COLUMNS = 16_384  # as many as a spreadsheet has
DELIMITERS = ",;\t|"
MOST_LINES_BEFORE = 10  # lines: the title of a report and what is said of it
MOST_FOOTER_ROWS = 5
# What databases and spreadsheets write where there is nothing
_NOTHING = ("NULL", r"\N", "#N/A")
_NOT_IN_HEADINGS = '\ufeff \t\r\n,;|"'
_SEPARATOR = re.compile(r"[\"']?sep=([,;\t|])[\"']?[,;\t|\s]*\Z", re.IGNORECASE)
_GUARDED = re.compile(r"'[=+\-@]")
_FOOTER = re.compile(
    r"\W*(grand total|sub-?total|totals?|sum|count|end of|generated|exported|created by|report|page"
    r"|copyright|\d[\d,. ]* (rows?|records?|results?|entries|items?|clients?|services?|domains?"
    r"|accounts?)|gesamt|summe|total général|итого|всего)\b",
    re.IGNORECASE,
)
# What the csv module says, and what we do
_CSV_WORDS = (
    ("unexpected end of data", say.open_quote),
    ("field larger", say.long_cell),
    ("expected after", say.stray_quote),
    ("line too long", lambda: say.long_line(MOST_LINE_CHARACTERS)),
)


@dataclass(frozen=True)
class RawRow:
    """One row: the line it starts on, counted from 1 as editors do, and its cells, tidied.

    `problem` says why it cannot be read; its cells are then as they stand, as far as they are told
    apart.
    """

    line: int
    cells: list[str]
    problem: str = ""
    column: str = ""


@dataclass(frozen=True)
class CsvRow:
    """The line a row starts on, and its cells by the names of our columns."""

    line: int
    cells: dict[str, str]


class CsvTable:
    """An open file: `headings` as its first line has them, `notes` for the reader, and `rows()`,
    once.

    `is_heading` tells a heading from a cell: a file may begin with its first row. What stands
    before the headings is passed over: "sep=;", and the title of a report.
    """

    def __init__(
        self, text: TextIO, size: int, encoding: Encoding, is_heading: Callable[[str], bool]
    ) -> None:
        self._lines = Lines(text)
        self.size = size
        self.encoding = encoding
        self.notes: list[str] = []
        self.footer = ""
        first = self._first_line()
        next(csv.reader([first], delimiter=self.delimiter))  # raises where it is no line of a table
        self.headings = _cells_of(first, self.delimiter)
        if len(self.headings) > MOST_COLUMNS:
            raise NotATable(say.too_many_columns(len(self.headings), MOST_COLUMNS))
        self.has_headings = any(map(is_heading, self.headings)) or not any(
            map(_is_host_name, self.headings)
        )
        if not self.has_headings:
            self._lines.back([first])
            self.headings = [say.column_number(n) for n in range(1, len(self.headings) + 1)]

    @property
    def read(self) -> int:
        """How many bytes of `size` have been read."""
        return self._lines.text.buffer.tell()

    def rows(self) -> Iterator[RawRow]:
        """Every row, those that cannot be read with their `problem`.

        Raises `NotATable` beyond the cap. What stands below the last row, as "Total: 951", is no
        row; a note says so.
        """
        held: list[RawRow] = []
        for row in self._all_rows():
            if self._is_footer(row) and len(held) < MOST_FOOTER_ROWS:
                held.append(row)
                continue
            yield from held
            held = []
            yield row
        for row in held:
            self.notes.append(say.footer_not_read(row.line, next(filter(None, row.cells))))

    def _first_line(self) -> str:
        """The line with the headings; sets `delimiter`."""
        separator = ""
        before: list[str] = []
        while True:
            first = next((line for line in self._lines if line.strip(_NOT_IN_HEADINGS)), "")
            first = first.lstrip("\ufeff")
            if not first:
                raise NotATable(say.empty_file())
            if "\0" in first:
                raise NotATable(say.not_plain_text())
            if told := _SEPARATOR.match(first):
                separator = told[1]
                continue
            self.delimiter = separator or max(DELIMITERS, key=first.count)
            if len(before) == MOST_LINES_BEFORE or not self._is_title(first):
                break
            before.append(first)
        if before:
            self.notes.append(say.title_not_read(before[0].strip()))
        return first

    def _is_title(self, line: str) -> bool:
        """Whether one cell stands on this line, and a table of several columns begins below it."""
        if len(list(filter(None, _cells_of(line, self.delimiter)))) > 1:
            return False
        following = list(islice(self._lines, MOST_LINES_BEFORE))
        self._lines.back(following)
        return any(
            len(list(filter(None, _cells_of(text, sign)))) >= 3
            for text in following
            for sign in DELIMITERS
        ) and not _is_host_name(line.strip())

    def _is_footer(self, row: RawRow) -> bool:
        filled = [cell for cell in row.cells if cell]
        return (
            len(self.headings) >= 3
            and 1 <= len(filled) <= 2
            and _FOOTER.match(filled[0]) is not None
        )

    def _all_rows(self) -> Iterator[RawRow]:
        reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
        count = 0
        while True:
            self._lines.taken.clear()
            line = self._lines.count + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if self._lines.count > MOST_LINES:
                    raise NotATable(say.too_many_lines(MOST_LINES)) from None
                known = (words() for text, words in _CSV_WORDS if text in str(error))
                yield from self._unreadable(line, next(known, say.unreadable_line()))
                continue
            if not any(cell.strip() for cell in cells):
                continue  # spreadsheets leave such rows at the end
            count += 1
            if count > MOST_ROWS:
                raise NotATable(say.too_many_rows(MOST_ROWS))
            row = self._row(line, cells)
            if row.problem and len(self._lines.taken) > 1:
                # A quote too many has made one row of several
                yield from self._unreadable(line, row.problem)
            else:
                yield row

    def _unreadable(self, line: int, problem: str) -> Iterator[RawRow]:
        """The first line of what was taken as a row that cannot be read; the others are read again,
        each for itself, as long as that is no more work than the file is long."""
        first, *others = self._lines.taken or [""]
        again = self._lines.back(others)
        yield RawRow(line, _cells_of(first, self.delimiter), problem)
        if not again:
            for number, text in enumerate(others, line + 1):
                if cells := _cells_of(text, self.delimiter):
                    yield RawRow(number, cells, say.inside_quote(line))

    def _row(self, line: int, cells: list[str]) -> RawRow:
        wide = len(self.headings)
        tidy = [_tidied(cell) for cell in cells]
        if len(cells) < wide or any(tidy[wide:]):
            if len(tidy) < wide and self._is_footer(RawRow(line, tidy)):
                return RawRow(line, tidy)
            return RawRow(line, tidy, say.cell_count(len(cells), wide, self.delimiter))
        for heading, cell in zip(self.headings, tidy, strict=False):
            if "\0" in cell:
                return RawRow(line, tidy[:wide], say.nul_byte(), heading)
        return RawRow(line, tidy[:wide])


@contextmanager
def open_table(
    path: Path, is_heading: Callable[[str], bool], encoding: str = ""
) -> Iterator[CsvTable]:
    """The table in this file; `encoding` where a person has chosen one of `encodings.CHOICES`.

    Raises `NotATable` where there is none.
    """
    with path.open("rb") as file:
        if what := other_file(file.read(8)):
            raise NotATable(say.other_file(what))
        found = encoding_of(file, encoding)
        file.seek(0)
        with TextIOWrapper(file, found.name, newline="") as text:
            other = other_text(text)
            text.seek(0)
            try:
                table = CsvTable(text, path.stat().st_size, found, is_heading)
            except NotATable:
                if other:
                    raise NotATable(say.other_text(other)) from None
                raise
            except csv.Error:
                raise NotATable(
                    say.other_text(other) if other else say.unreadable_header()
                ) from None
            if other and sum(map(is_heading, table.headings)) < 2:
                raise NotATable(say.other_text(other))
            if found.guessed:
                table.notes.append(say.encoding_guessed(found.name))
            yield table


def _cells_of(line: str, delimiter: str) -> list[str]:
    """The cells of one line by itself, without the empty ones at its end; the line as one cell
    where it cannot be told apart."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        cells = [line]
    while cells and not cells[-1].strip():
        cells.pop()
    return [_tidied(cell) for cell in cells]


def _tidied(cell: str) -> str:
    """The cell without blanks around it, without a database's word for nothing, and without the
    apostrophe that keeps a spreadsheet from taking it for a formula."""
    text = cell.strip().strip("\ufeff")
    if text in _NOTHING:
        return ""
    return text[1:] if _GUARDED.match(text) else text


def _is_host_name(text: str) -> bool:
    try:
        return "." in probe.understand(text).hostname
    except probe.NotCheckable:
        return False
