"""CSV that a spreadsheet opens without harm."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

MARK = "\ufeff"  # tells a spreadsheet that it is UTF-8
# Invisible characters: some hide what a cell begins with, some turn the order of its text around (bidi controls).
_INVISIBLE = "\0\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
# What a spreadsheet takes for a formula, full-width signs too. A reader with another separator begins a cell behind a
# semicolon or a tab, and some begin one in each line.
_FORMULA = re.compile(r"""(\A|[;\t\r\n])(?=[ \u00a0\u3000"']*[=+\-@＝＋－＠])|\A(?=[ \u00a0\u3000"']*[\t\r\n])""")
_SUSPECT = re.compile(rf"\A\W|[;\t\r\n{_INVISIBLE}]")  # of a hundred thousand rows hardly a cell


def lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file a line at a time, its columns first. What people wrote is never a formula."""
    writer = csv.writer(_Passed(), quoting=csv.QUOTE_NONNUMERIC)
    yield MARK + writer.writerow(columns)
    for row in rows:
        yield writer.writerow(
            [harmless(cell) if isinstance(cell, str) and _SUSPECT.search(cell) else cell for cell in row]
        )


def joined(lines: Iterable[str], size: int = 500) -> Iterator[str]:
    """The same in larger pieces: each piece that is sent costs a server about as much as a line."""
    lines = iter(lines)
    while piece := "".join(islice(lines, size)):
        yield piece


def harmless(cell: str) -> str:
    """No formula, whichever spreadsheet opens it and whatever separator it goes by; no invisible characters."""
    return _FORMULA.sub(lambda start: f"{start[0]}'", _HIDDEN.sub("", cell))


class _Passed:
    """A file that is not kept: `writerow` gives back what this gives back."""

    def write(self, line: str) -> str:
        return line
