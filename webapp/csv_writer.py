"""CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

MOST_PLAIN = 1000  # cells that are remembered
MARK = "\ufeff"  # tells a spreadsheet that it is UTF-8
# Invisible characters: some hide what a cell begins with, some turn the order of its text around
# (bidi controls).
_INVISIBLE = (
    "\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
# A reader with another separator begins a cell behind a semicolon or a tab, and some begin one in
# each line.
_BEGINS = r";|\t\r\n\u2028\u2029"
# Spaces and quotes, which some readers drop
_BEFORE = r"""(?:[^\S\t\r\n\u2028\u2029]|["'`´‘’‚‛“”„‟«»])*"""
# what a spreadsheet takes for a formula, full-width and small signs too
_SIGNS = r"=+\-@＝＋－＠﹦﹢﹣﹫−"
_FORMULA = re.compile(rf"(\A|[{_BEGINS}])(?={_BEFORE}[{_SIGNS}])|\A(?={_BEFORE}[\t\r\n])")
_GUARDED = re.compile(rf"(\A|[{_BEGINS}])'(?={_BEFORE}[{_SIGNS}])")
_SUSPECT = re.compile(rf"\A\W|[{_BEGINS}{_INVISIBLE}]")  # of a hundred thousand rows hardly a cell


def lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The file a line at a time, its columns first: of an import, people wrote those too. What
    people wrote is never a formula."""
    writer = csv.writer(_Passed(), quoting=csv.QUOTE_NONNUMERIC)
    yield MARK + writer.writerow([harmless(column) for column in columns])
    plain: set[object] = set()
    for row in rows:
        if len(plain) > MOST_PLAIN:
            plain.clear()
        yield writer.writerow([cell if cell in plain else _safe(cell, plain) for cell in row])


def _safe(cell: object, plain: set[object]) -> object:
    """The cell, harmless. One that is so already is `plain`, and not looked into again: most cells
    say what one in the lines before says."""
    if isinstance(cell, str) and _SUSPECT.search(cell):
        return harmless(cell)
    plain.add(cell)
    return cell


def joined(lines: Iterable[str], size: int = 500) -> Iterator[str]:
    """The same in larger pieces: each piece that is sent costs a server about as much as a line."""
    lines = iter(lines)
    while piece := "".join(islice(lines, size)):
        yield piece


def harmless(cell: str) -> str:
    """No formula, whichever spreadsheet opens it and whatever separator it goes by; no invisible
    characters."""
    return _FORMULA.sub(lambda start: f"{start[0]}'", _HIDDEN.sub("", cell))


def as_written(cell: str) -> str:
    """The text of a cell before it was made `harmless`; its invisible characters are lost."""
    return _GUARDED.sub(r"\1", cell)


class _Passed:
    """A file that is not kept: `writerow` gives back what this gives back."""

    def write(self, line: str) -> str:
        return line
