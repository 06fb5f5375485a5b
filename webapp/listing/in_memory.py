"""One page of texts that are in order and in memory, found by a cursor as the pages of a table
are."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from sqlalchemy import String

from webapp.listing import cursor as cursors
from webapp.listing.cursor import Cursor
from webapp.listing.order import FILLED
from webapp.listing.page import PAGE_SIZE, Page


def slice_of(values: Sequence[str], sort: str, at: str = "", size: int = PAGE_SIZE) -> Page:
    """The page of these texts, which are in order; its `ids` are their places in `values`."""
    cursor = cursors.decode(at, sort, ((String(),),))
    total = len(values)
    begin = (total - 1) // size * size if at == cursors.LAST else 0
    if cursor is not None and cursor.after:
        begin = bisect_right(values, cursor.values[0])
    elif cursor is not None:
        begin = bisect_left(values, cursor.values[0]) - size
    begin = max(begin, 0) if begin < total else 0
    end = min(begin + size, total)
    before = Cursor(after=False, part=FILLED, values=tuple(values[begin : begin + 1]), place=begin)
    behind = Cursor(after=True, part=FILLED, values=tuple(values[end - 1 : end]), place=end)
    return Page(
        list(range(begin, end)),
        total,
        exact=True,
        size=size,
        first=begin + 1,
        previous=before.encode(sort) if begin else "",
        following=behind.encode(sort) if end < total else "",
        last=cursors.LAST if end < total else "",
        lost=cursor is None and at not in ("", cursors.LAST),
    )
