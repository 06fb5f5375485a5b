"""Which page of a list was meant, and the rows on it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Subquery

from webapp.customers import counts, segments
from webapp.customers.segments import Segment
from webapp.parsing import whole

PAGE_SIZE = 25
PAGE_SIZES = (25, 50, 100)
MOST_SEARCH_CHARACTERS = 100  # characters of a search that are looked at

R = TypeVar("R")


@dataclass(frozen=True)
class Page(Generic[R]):
    """The rows of one page, and where it is in the whole list."""

    rows: list[R]
    total: int
    number: int
    pages: int
    size: int


def fetch(
    key: Hashable,
    order: Sequence[Segment],
    asked: tuple[str, str],
    rows_of: Callable[[Subquery], list[R]],
    *,
    sort: str,
    count: Callable[[bool], Sequence[int]] | None = None,
) -> Page[R]:
    """The page that was asked for by its number and size, as they stand in the address bar:
    anything may stand there.

    `key` says what list it is, and `sort` in which order: with a minus before it, the other way
    round. Counts are kept under both (see `counts`), or under the list alone where its order is one
    segment. `rows_of` fetches the rows of `segments.rows_of_page`. `count` tells how many each
    segment of `order` holds, where a user knows a shorter way; it is told whether to count again.
    Where what is remembered does not fit the rows there are by now, that is done: a page comes back
    empty only when nothing is left.
    """

    def counted(anew: bool) -> Sequence[int]:
        under = key, sort if len(order) > 1 else ""
        numbers = counts.kept(under, lambda: counts.taken(segments.counting(order)), anew=anew)
        return segments.settled(order, numbers)

    count = count or counted
    backwards = sort.startswith("-")
    page = _cut(order, count(False), asked, rows_of, backwards, (key, sort))
    if len(page.rows) == min(page.size, page.total - (page.number - 1) * page.size):
        return page
    return _cut(order, count(True), asked, rows_of, backwards)


def _cut(
    order: Sequence[Segment],
    found: Sequence[int],
    asked: tuple[str, str],
    rows_of: Callable[[Subquery], list[R]],
    backwards: bool,
    key: Hashable = None,
) -> Page[R]:
    wanted, size = asked
    length = int(size) if size in map(str, PAGE_SIZES) else PAGE_SIZE
    total = sum(found)
    pages = max(1, -(-total // length))
    shown = page_number(wanted, pages)
    if not total:
        return Page([], 0, 1, 1, length)
    cut = segments.rows_of_page(
        order, found, (shown - 1) * length, length, backwards=backwards, key=key
    )
    return Page(rows_of(cut), total, shown, pages, length)


def page_number(text: str, pages: int) -> int:
    """A page that exists: what is no number is the first, what lies beyond the end is the last."""
    return min(max(1, whole(text) or 1), pages)
