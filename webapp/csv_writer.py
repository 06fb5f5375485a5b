"""CSV that is safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

ROWS_AT_ONCE = 500  # of a piece of a file
MARK = "\ufeff"  # tells a spreadsheet that it is UTF-8
# Invisible characters: some hide what a cell begins with, some turn the order of its text around
# (bidi controls).
_INVISIBLE = (
    "\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e"
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
    """The file: the line of its columns, then pieces of up to `ROWS_AT_ONCE` lines, as each piece
    that is sent costs a server about as much as a line. People wrote the columns of an import too;
    what people wrote is never a formula."""
    yield MARK + _written([[harmless(column) for column in columns]])
    rows = iter(rows)
    while some := list(islice(rows, ROWS_AT_ONCE)):
        # Most cells say what one in another line says: each is looked into once
        cells = set[object]().union(*some)
        suspect = {cell for cell in cells if isinstance(cell, str) and _SUSPECT.search(cell)}
        if suspect:
            some = [[_made_harmless(cell, suspect) for cell in row] for row in some]
        yield _written(some)


def _made_harmless(cell: object, suspect: Collection[str]) -> object:
    return harmless(cell) if isinstance(cell, str) and cell in suspect else cell


def _written(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return text.getvalue()


def harmless(cell: str) -> str:
    """No formula, whichever spreadsheet opens it and whatever separator it goes by; no invisible
    characters."""
    return _FORMULA.sub(lambda start: f"{start[0]}'", _HIDDEN.sub("", cell))


def as_written(cell: str) -> str:
    """The text of a cell before it was made `harmless`; its invisible characters are lost."""
    return _GUARDED.sub(r"\1", cell)
