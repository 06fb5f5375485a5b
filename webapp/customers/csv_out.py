"""CSV that a spreadsheet opens without harm."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

MARK = "\ufeff"  # tells a spreadsheet that it is UTF-8


def lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file a line at a time, its columns first. What people wrote is never a formula."""
    yield MARK + _line(columns)
    for row in rows:
        yield _line([harmless(cell) if isinstance(cell, str) else cell for cell in row])


def joined(lines: Iterable[str], size: int = 500) -> Iterator[str]:
    """The same in larger pieces: each piece that is sent costs a server about as much as a line."""
    lines = iter(lines)
    while piece := "".join(islice(lines, size)):
        yield piece


def harmless(cell: str) -> str:
    """No formula, whichever spreadsheet opens it."""
    return f"'{cell}" if cell.lstrip(" \"'").startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell


def _line(cells: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_NONNUMERIC).writerow(cells)
    return line.getvalue()
