"""What a list is sorted by, and the index that has its rows in this order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from webapp.extensions import Column
from webapp.listing.cursor import Cursor
from webapp.listing.rows import Rows, hidden

FILLED = 0
EMPTY = 1  # the part of those that come last


@dataclass(frozen=True)
class Order:
    """An order of rows: by `columns`, and ties by `id`.

    An index has these columns, behind those that the `splits` of the rows compare. `via` leads to
    the table that the columns are of, where that is another. `empty_last`: rows in which they are
    empty come last both ways.

    The others limit a walk along the index to where the rows can be. `within`: conditions of its
    first column, with which `only` says the part that has all rows. `splits`: a condition for each
    value of a column that an index has before the first.
    """

    columns: tuple[Column, ...]
    id: Column
    empty_last: bool = False
    via: InstrumentedAttribute[Any] | None = None
    within: tuple[ColumnElement[bool], ...] = ()
    splits: tuple[ColumnElement[bool], ...] = ()
    only: int | None = None

    @property
    def parts(self) -> tuple[int, ...]:
        return (FILLED, EMPTY) if self.empty_last else (FILLED,)

    def keys(self, part: int) -> tuple[Column, ...]:
        """What the rows of a part are sorted by."""
        return (self.id,) if part == EMPTY else (*self.columns, self.id)

    def index_columns(self, part: int) -> tuple[Column, ...]:
        """The columns along which the rows of a part are walked: of an index PostgreSQL knows the
        order only where all its columns are named, also those that are empty in this part."""
        return self.keys(part) if self.via is not None else self.keys(FILLED)

    def types(self) -> list[list[TypeEngine[Any]]]:
        """The types of the keys of each part."""
        return [[key.type for key in self.keys(part)] for part in self.parts]

    def is_empty(self) -> ColumnElement[bool]:
        """Whether a row is of the part `EMPTY`."""
        if self.via is None:
            return self.columns[0].is_(None)
        # There is no row behind the link: an index of this table tells
        no_link: ColumnElement[bool] = self.via == None  # noqa: E711
        return no_link

    def selected(self, part: int | None = None) -> Select[Any]:
        """The rows with all that places them, in no order yet; those of one part, or all."""
        filled: Any = literal(FILLED)
        if self.empty_last:
            filled = case((self.is_empty(), EMPTY), else_=FILLED)
        keys = (column.label(f"key{number}") for number, column in enumerate(self.columns))
        rows = select(self.id.label("id"), filled.label("part"), *keys)
        return rows if self.via is None else rows.join(self.via, isouter=part != FILLED)


@dataclass(frozen=True)
class Traversal:
    """From where to where rows are looked for: `down` the values of the order, and `up`, towards
    the start of the list, the nearest first."""

    order: Order
    cursor: Cursor | None
    backwards: bool
    up: bool

    @property
    def down(self) -> bool:
        return self.backwards is not self.up

    def behind(self, columns: Any) -> list[ColumnElement[bool]]:
        """Which of the rows that were `selected` lie beyond the cursor."""
        cursor = self.cursor
        if cursor is None:
            return []
        keys = [] if cursor.part == EMPTY else self.order.columns
        row = (*(columns[f"key{number}"] for number, _ in enumerate(keys)), columns.id)
        others = columns.part < cursor.part if self.up else columns.part > cursor.part
        return [or_(others, and_(columns.part == cursor.part, beyond(row, cursor, down=self.down)))]

    def sorted(self, columns: Any) -> list[ColumnElement[Any]]:
        """The order of rows that were `selected`."""
        keys = [column for column in columns if str(column.key).startswith("key")]
        sorted_keys = [key.desc() if self.down else key.asc() for key in (*keys, columns.id)]
        return [columns.part.desc() if self.up else columns.part.asc(), *sorted_keys]


def walk(rows: Rows, way: Traversal, most: int, looked_into: int = 0) -> Select[Any]:
    """The rows beyond the cursor, along the index of the order.

    Of a search that is indexed only so many rows are `looked_into` of each part and each value that
    the index begins with. Where there are several of these, each also gives the first row that was
    not looked into, as an `edge`: what is sorted behind an edge is not all that contains it.
    """
    found = _along_index(rows, way)
    if rows.search is None:
        pieces = [one.limit(most) for one in found]
    else:
        contains = hidden([rows.search.contains]).label("contains")
        pieces = [_containing(one.add_columns(contains), way, most, looked_into) for one in found]
        if len(found) > 1:
            edge = literal(1).label("edge")
            pieces += [one.add_columns(edge).limit(1).offset(looked_into) for one in found]
    each = [select(piece.subquery()) for piece in pieces]
    whole = each[0].union_all(*each[1:]).subquery()
    return select(whole).order_by(*way.sorted(whole.c)).limit(most)


def collect(rows: Rows, way: Traversal, most: int | None = None) -> Select[Any]:
    """The same rows, from all that there are: no database is to look for the first few in order.
    Without `most` it is all of them."""
    every = rows.matching(way.order.selected()).cte().prefix_with("MATERIALIZED")
    return select(every).where(*way.behind(every.c)).order_by(*way.sorted(every.c)).limit(most)


def gather(rows: Rows, way: Traversal, size: int, most: int) -> Select[Any]:
    """The first `size` rows beyond the cursor, of `most` and one more that match. Each also has how
    many these are, `total`, and how many of them lie beyond the cursor, `behind`."""
    some = rows.matching(way.order.selected(), most + 1).cte().prefix_with("MATERIALIZED")
    behind = way.behind(some.c)
    # Not a window: it would sort all of them
    number = select(func.count()).select_from(some).correlate(None)
    total = number.scalar_subquery().label("total")
    there = number.where(*behind).scalar_subquery().label("behind")
    found = select(some, total, there).where(*behind)
    return found.order_by(*way.sorted(some.c)).limit(size)


def near_start(rows: Rows, id_: Column, most: int) -> Select[Any]:
    """The matching rows among the first `most` of the table by id. To count a word that most rows
    have, an index of searches has to be read as a whole."""
    chosen = hidden(rows.all()).label("chosen")
    some = select(chosen).order_by(id_).limit(most).subquery()
    return select(some).where(some.c.chosen == 1)


def _along_index(rows: Rows, way: Traversal) -> list[Select[Any]]:
    """The rows beyond the cursor, of each part of the order and each value that its index begins
    with."""
    order = way.order
    cursor = way.cursor
    # The link first: an index tells of it, and a search has to read the row
    where = [*([] if rows.link is None else [rows.link.is_there()]), *rows.where]
    chosen = [hidden(where) == 1] if where else []
    splits = [*product(rows.splits or (true(),), order.splits or (true(),))]
    found = []
    for part in order.parts:
        if order.only not in (None, part):
            continue
        if cursor is not None and (part > cursor.part if way.up else part < cursor.part):
            continue
        there = [order.is_empty()] if part == EMPTY else [*order.within]
        if order.empty_last and not there:  # beside an equation SQLite would sort all rows
            there.append(~order.is_empty())
        if cursor is not None and part == cursor.part:
            there.append(beyond(order.keys(part), cursor, down=way.down))
        by = [key.desc() if way.down else key.asc() for key in order.index_columns(part)]
        for each in splits:
            found.append(order.selected(part).where(*each, *there, *chosen).order_by(*by))
    return found


def _containing(found: Select[Any], way: Traversal, most: int, looked_into: int) -> Select[Any]:
    """Those among the first `looked_into` rows that contain what is searched for."""
    some = found.limit(looked_into).subquery()
    columns = [column for column in some.c if column.key != "contains"]
    hits = select(*columns, literal(0).label("edge")).where(some.c.contains == 1)
    return hits.order_by(*way.sorted(some.c)).limit(most)


def beyond(keys: Sequence[Column], cursor: Cursor, *, down: bool) -> ColumnElement[bool]:
    """Whether a row lies behind the cursor in the direction in which these keys are sorted."""
    row = tuple_(*keys)
    edge = tuple_(*(literal(v, key.type) for v, key in zip(cursor.values, keys, strict=True)))
    return row < edge if down else row > edge
