"""One page of a long list, found by a cursor.

Two ways only. Up to `plan.MOST_COUNTED` rows are gathered, of a search or a link up to
`plan.MOST_CANDIDATES`: every place in them is exact. Of more rows the index of the order is walked,
from the cursor on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, func, select

from webapp.extensions import db
from webapp.listing import cursor as cursors
from webapp.listing import plan
from webapp.listing.cursor import Cursor
from webapp.listing.order import EMPTY, Order, Traversal, collect, gather, walk
from webapp.listing.rows import Rows

R = TypeVar("R")

# Rows that are looked into for each hit that a page needs; the second where the first are too few
ROWS_PER_HIT = (10, 100)
MOST_SEARCH_CHARACTERS = 100  # characters of a search that are looked at
PAGE_SIZE = 25
ROWS_AT_ONCE = 1000  # of a list that is read as a whole
PAGE_SIZES = (25, 50, 100)


class _TooMany(Exception):
    """There are more rows than are gathered."""


@dataclass(frozen=True)
class Page:
    """The ids of the rows on a page, and where it is in the list.

    `total` is how many rows there are; where that is not `exact`, there are more than so many.
    `lost`: the cursor that was asked for leads nowhere, and this is the first page.
    `first` is the place of the first row, counted from 1; 0: unknown. `previous`, `following` and
    `last` are cursors of other pages, "" where there is none.
    """

    ids: list[int]
    total: int
    exact: bool
    size: int
    first: int = 1
    previous: str = ""
    following: str = ""
    last: str = ""
    lost: bool = False


@dataclass(frozen=True)
class Shown(Generic[R]):
    """What a list shows of itself: the rows of one page."""

    rows: list[R]
    page: Page

    @property
    def total(self) -> int:
        return self.page.total


def size_of(text: str) -> int:
    """How many rows a page has, as the address bar says."""
    return int(text) if text in map(str, PAGE_SIZES) else PAGE_SIZE


def fetch(
    rows: Rows,
    order: Order,
    sort: str,
    at: str = "",
    size: int = PAGE_SIZE,
    total: int | None = None,
) -> Page:
    """The page that the cursor `at` leads to; what is none that fits leads to the first.

    `sort`: what the list is sorted by in words; with a minus before it, the other way round.
    `total`: how many rows there are, where the caller has counted them.
    """
    cursor = cursors.decode(at, sort, order.types())
    if cursor is not None and order.only not in (None, cursor.part):
        cursor = None  # of the list without its filters
    page = _fetched(rows, order, sort, cursor, at, size, total)
    return page if cursor or at in ("", cursors.LAST) else replace(page, lost=True)


def _fetched(
    rows: Rows,
    order: Order,
    sort: str,
    cursor: Cursor | None,
    at: str,
    size: int,
    total: int | None,
) -> Page:
    up = at == cursors.LAST or (cursor is not None and not cursor.after)
    searched = rows.search is not None
    if rows.link is not None and not rows.where and not searched:
        # Each link has its row: no need to look for it
        total = plan.linked(rows.link, plan.MOST_COUNTED)
        rows = replace(rows, scan=total <= plan.MOST_COUNTED)
    else:
        rows = plan.planned(rows, order.id)
    asked = _Asked(rows, order, sort, size, cursor, up)
    start = _Asked(rows, order, sort, size, None, up=False)
    if rows.searched_only:
        return _searched(asked, start)
    # Rows of a search would be read twice: once to count them, once to gather them. Where they are
    # read one by one there are mostly too many to gather
    counts = rows.search.is_scanned if rows.search is not None else not searched
    if total is None and counts and not rows.scan:
        total = _total(asked)
    empty = Page([], 0, True, size)
    if total == 0:
        return empty
    if total is None or total <= plan.MOST_COUNTED:
        with suppress(_TooMany):
            return _gathered(asked) or (_gathered(start) if asked != start else None) or empty
    return _walked(asked, ROWS_PER_HIT) or _walked(start, ROWS_PER_HIT) or empty


def _searched(asked: _Asked, start: _Asked) -> Page:
    """The page of a search without other conditions. How many of the next rows contain it tells
    whether all that do are gathered."""
    empty = Page([], 0, True, asked.size)
    found = _scan(asked, ROWS_PER_HIT[0])
    if not _too_common(asked, len(found)):
        with suppress(_TooMany):
            return _gathered(asked) or (_gathered(start) if asked != start else None) or empty
    if len(found) > asked.size:
        return _beyond(asked, found) or empty
    return _walked(asked, ROWS_PER_HIT[1:]) or _walked(start, ROWS_PER_HIT) or empty


def _too_common(asked: _Asked, near: int) -> bool:
    """Whether a search of which so many rows are `near` has more than `plan.MOST_COUNTED`."""
    if near > asked.size and plan.is_common(asked.rows, asked.order.id):
        return True
    # Half as many again as a page needs, if the other rows are alike: else it is not worth a count
    if near * ROWS_PER_HIT[-1] <= 1.5 * asked.size * ROWS_PER_HIT[0]:
        return False
    many = near > asked.size or _estimated(asked, near) > plan.MOST_COUNTED
    return many and _total(asked) > plan.MOST_COUNTED


def _estimated(asked: _Asked, near: int) -> float:
    """How many rows contain a search at most, if all are like the next, of which so many do."""
    looked_into = ROWS_PER_HIT[0] * (asked.size + 1) * max(1, len(asked.rows.splits))
    highest_id = db.session.scalar(select(func.max(asked.order.id))) or 0
    return highest_id * near / looked_into


def _total(asked: _Asked) -> int:
    """How many rows there are, up to one more than `plan.MOST_COUNTED`."""
    most = plan.MOST_COUNTED
    return plan.count(asked.rows.matching(select(asked.order.id), most + 1), most)


def all_ids(rows: Rows, order: Order, sort: str) -> Iterator[list[int]]:
    """The ids of all rows of a list in its order, `ROWS_AT_ONCE` at once.

    All are collected and sorted first, which takes a tenth of the time of a thousand pages.
    """
    way = Traversal(order, None, backwards=sort.startswith("-"), up=False)
    every = collect(plan.planned(rows, order.id), way).execution_options(yield_per=ROWS_AT_ONCE)
    with db.session.connection().execute(every) as found:
        for part in found.scalars().partitions():
            yield [*part]


@dataclass(frozen=True)
class _Asked:
    rows: Rows
    order: Order
    sort: str
    size: int
    cursor: Cursor | None
    up: bool  # towards the start of the list

    @property
    def backwards(self) -> bool:
        return self.sort.startswith("-")

    @property
    def way(self) -> Traversal:
        return Traversal(self.order, self.cursor, self.backwards, self.up)

    def cursor_at(self, row: Row[Any], place: int, *, after: bool) -> str:
        """The cursor of what comes after this row, or before it."""
        keys = [value for name, value in row._mapping.items() if name.startswith("key")]
        values = (row.id,) if row.part == EMPTY else (*keys, row.id)
        return Cursor(after, row.part, values, place).encode(self.sort)


def _gathered(asked: _Asked) -> Page | None:
    """The page; None where no row is beyond the cursor, or too few are before it. Raises
    `_TooMany`."""
    looked_up = asked.rows.searched_only or asked.rows.link is not None
    most = plan.MOST_CANDIDATES if looked_up else plan.MOST_COUNTED
    found = list(db.session.execute(gather(asked.rows, asked.way, asked.size, most)))
    if not found:
        return None
    total = found[0].total
    behind = found[0].behind
    if total > most:
        raise _TooMany
    first = total - behind + 1
    if asked.up:
        if asked.cursor is None:
            # The last page has what is left over of whole pages
            found = found[: total % asked.size or asked.size]
        found.reverse()
        first = behind - len(found) + 1
        if first == 1 and len(found) < min(asked.size, total):
            return None  # rows before it have gone: the first page is not to be a short one
    ends = first + len(found) > total
    return _page(
        asked,
        found,
        min(total, plan.MOST_COUNTED),
        total <= plan.MOST_COUNTED,
        first,
        first == 1,
        ends,
    )


def _walked(asked: _Asked, scans: Sequence[int]) -> Page | None:
    """The page, of more than `plan.MOST_COUNTED` rows; of a search by `scans` of so many rows per
    hit. None where it would be empty, or a short one at the start of the list."""
    most = asked.size + 1
    if asked.rows.search is None:
        return _beyond(asked, list(db.session.execute(walk(asked.rows, asked.way, most))))
    for rows_per_hit in scans:
        found = _scan(asked, rows_per_hit)
        if len(found) == most:
            return _beyond(asked, found)
    # They lie far apart, or the list ends
    return _beyond(asked, list(db.session.execute(collect(asked.rows, asked.way, most))))


def _scan(asked: _Asked, rows_per_hit: int) -> list[Row[Any]]:
    """The rows of a search beyond the cursor, those of a page and one more, that are found when so
    many are looked into for each of them."""
    most = asked.size + 1
    found = []
    for row in db.session.execute(walk(asked.rows, asked.way, most, rows_per_hit * most)):
        if row.edge:
            break
        found.append(row)
    return found


def _beyond(asked: _Asked, found: Sequence[Row[Any]]) -> Page | None:
    """The page of the rows `found` beyond the cursor, which are one more than it has where others
    follow. None where that is no page to show."""
    cursor = asked.cursor
    more = len(found) > asked.size
    shown = found[: asked.size]
    if not shown or (asked.up and len(shown) < asked.size):
        return None
    first = 0
    if cursor is not None and cursor.place:
        first = max(0, cursor.place - len(shown)) if asked.up else cursor.place + 1
    begins = not more if asked.up else cursor is None
    ends = cursor is None if asked.up else not more
    in_order = shown[::-1] if asked.up else shown
    return _page(asked, in_order, plan.MOST_COUNTED, False, 1 if begins else first, begins, ends)


def _page(
    asked: _Asked,
    shown: Sequence[Row[Any]],
    total: int,
    exact: bool,
    first: int,
    begins: bool,
    ends: bool,
) -> Page:
    """The page of these rows, which `begins` the list or `ends` it."""
    over = first + len(shown) - 1 if first else 0  # the place of the last row
    return Page(
        [row.id for row in shown],
        total,
        exact,
        asked.size,
        first,
        previous="" if begins else asked.cursor_at(shown[0], first, after=False),
        following="" if ends else asked.cursor_at(shown[-1], over, after=True),
        last="" if ends else cursors.LAST,
    )
