"""Any CSV file -> rows by column name, or problems that say where and what.

Takes UTF-8, UTF-16 with its mark and Windows-1252; commas, semicolons and tabs; all three line
ends. The file is read a line at a time: however large it is, little of it is in memory.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from webapp.words import imports as say

MOST_ROWS = 1_000_000
MOST_LINES = 4_000_000  # empty lines count, and those inside of cells
MOST_COLUMNS = 16_384  # as many as a spreadsheet has
# Characters: what is longer is no line of a table, and is not kept in memory
MOST_LINE_CHARACTERS = 1_000_000
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
MAGIC = {
    b"PK\x03\x04": "a spreadsheet or a ZIP archive",
    b"PK\x05\x06": "an empty ZIP archive",
    b"PK\x07\x08": "a part of a ZIP archive",
    b"Rar!": "a RAR archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"\x1f\x8b": "compressed (gzip)",
    b"BZh": "compressed (bzip2)",
    b"\xfd7zXZ\0": "compressed (xz)",
    b"\x28\xb5\x2f\xfd": "compressed (Zstandard)",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"SQLite f": "an SQLite database",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
}
# How texts of other formats begin; told only where the first line does not name the columns.
_OTHER_TEXTS = (
    (re.compile(r"\{\\rtf"), "a text document (RTF)"),
    (re.compile(r"""\{\s*["'}]|\[\s*([]["{0-9-]|true|false|null)"""), "JSON"),
    (re.compile(r"<(!doctype html|html|head|body|table|!--)", re.IGNORECASE), "a web page (HTML)"),
    (re.compile(r"<"), "XML"),
    (re.compile(r"---(\s|$)"), "YAML"),
    (re.compile(r"-----BEGIN "), "a certificate or key (PEM)"),
    (re.compile(r"--|/\*|(create|drop|alter) table\b|insert into\b", re.IGNORECASE), "SQL"),
)
# What the csv module says, and what we do
_CSV_WORDS = (
    ("unexpected end of data", say.open_quote),
    ("field larger", say.long_cell),
    ("expected after", say.stray_quote),
    ("line too long", lambda: say.long_line(MOST_LINE_CHARACTERS)),
)


class NotATable(ValueError):
    """The file as a whole cannot be used; the text is for the person who brought it."""


@dataclass(frozen=True)
class CellProblem:
    """What is wrong at one place. What is not `serious` is imported all the same."""

    line: int
    column: str
    text: str
    serious: bool = True


@dataclass(frozen=True)
class Row:
    """One row: the line it starts on, counted from 1 as editors do, and its cells by column name,
    tidied."""

    line: int
    cells: dict[str, str]


class Table:
    """An open file: `columns` as its first line names them, `notes` for the reader, and `rows()`,
    once."""

    def __init__(
        self, text: TextIO, size: int, known: Sequence[str], required: Sequence[str]
    ) -> None:
        self._lines = _Lines(text)
        self.size = size
        self.notes: list[str] = []
        first = next((line for line in self._lines if line.strip()), "")
        if not first:
            raise NotATable(say.empty_file(known))
        self.delimiter = max(DELIMITERS, key=first.count)
        self.columns = _header(first, self.delimiter, known, required)
        if others := [
            name or "a column without a name" for name in self.columns if name not in known
        ]:
            self.notes.append(say.not_read(others, known))

    @property
    def read(self) -> int:
        """How many bytes of `size` have been read."""
        return self._lines.text.buffer.tell()

    def rows(self) -> Iterator[Row | CellProblem]:
        """Every row that can be read, and a problem for every one that cannot.

        Raises `NotATable` beyond the cap.
        """
        reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
        count = 0
        while True:
            line = self._lines.count + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if self._lines.count > MOST_LINES:
                    raise NotATable(say.too_many_lines(MOST_LINES)) from None
                known = (words() for text, words in _CSV_WORDS if text in str(error))
                yield CellProblem(line, "", next(known, str(error)))
                continue
            if not any(cell.strip() for cell in cells):
                continue  # spreadsheets leave such rows at the end
            count += 1
            if count > MOST_ROWS:
                raise NotATable(say.too_many_rows(MOST_ROWS))
            yield self._row(line, cells)

    def _row(self, line: int, cells: list[str]) -> Row | CellProblem:
        wide = len(self.columns)
        if len(cells) < wide or any(cell.strip() for cell in cells[wide:]):
            sign = DELIMITERS[self.delimiter]
            return CellProblem(line, "", say.cell_count(len(cells), wide, sign))
        for column, cell in zip(self.columns, cells, strict=False):
            if "\0" in cell:
                return CellProblem(line, column, say.nul_byte())
        return Row(
            line, {column: cell.strip() for column, cell in zip(self.columns, cells, strict=False)}
        )


class _Lines:
    """The lines of a file for the csv module, counted.

    An overlong one is an error that the next call gets over, as a generator could not.
    """

    def __init__(self, text: TextIO) -> None:
        self.text = text
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.text.readline(MOST_LINE_CHARACTERS)
        if not line:
            raise StopIteration
        self.count += 1
        if self.count > MOST_LINES:
            raise csv.Error("too many lines")
        if len(line) < MOST_LINE_CHARACTERS or line[-1] in "\r\n":
            return line
        while line and line[-1] not in "\r\n":
            line = self.text.readline(MOST_LINE_CHARACTERS)
        raise csv.Error("line too long")


@contextmanager
def open_table(path: Path, known: Sequence[str], required: Sequence[str]) -> Iterator[Table]:
    """The table in this file.

    Raises `NotATable` where there is none, or its first line is not as it has to be.
    """
    with path.open("rb") as file:
        encoding = _encoding(file)
        file.seek(0)
        with TextIOWrapper(file, encoding, newline="") as text:
            try:
                table = Table(text, path.stat().st_size, known, required)
            except (NotATable, csv.Error) as error:
                if other := _other_text(text):
                    raise NotATable(say.other_text(other)) from None
                if isinstance(error, NotATable):
                    raise
                raise NotATable(say.unreadable_header(known)) from None
            if encoding in ("cp1252", "latin-1"):
                table.notes.append(say.read_as_windows_1252())
            yield table


def _encoding(file: BinaryIO) -> str:
    start = file.read(8)
    candidates: tuple[str, ...]
    for magic, what in MAGIC.items():
        if start.startswith(magic):
            raise NotATable(say.other_file(what))
    if start.startswith(codecs.BOM_UTF8):
        marked = "UTF-8"
        candidates = ("utf-8-sig",)
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        marked = "UTF-16"
        candidates = ("utf-16",)
    else:
        marked = ""
        candidates = ("utf-8", "cp1252", "latin-1")
    for encoding in candidates:
        if _decodes(file, encoding):
            return encoding
    raise NotATable(say.not_as_marked(marked))


def _other_text(text: TextIO) -> str:
    """What kind of text this is by its beginning; empty where it may well be meant as a table."""
    text.seek(0)
    start = text.read(4096).lstrip()
    return next((what for pattern, what in _OTHER_TEXTS if pattern.match(start)), "")


def _decodes(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := file.read(1 << 20):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _header(line: str, delimiter: str, known: Sequence[str], required: Sequence[str]) -> list[str]:
    if "\0" in line:
        raise NotATable(say.not_plain_text())
    names = [
        "_".join(name.lower().split()) for name in next(csv.reader([line], delimiter=delimiter))
    ]
    while names and not names[-1]:
        names.pop()
    times = Counter(names)
    missing = [name for name in required if name not in times]
    repeated = sorted(name for name in known if times[name] > 1)
    if missing or repeated:
        raise NotATable(say.wrong_columns(missing, repeated, known))
    if len(names) > MOST_COLUMNS:
        raise NotATable(say.too_many_columns(len(names), MOST_COLUMNS))
    return names
