"""What a list is sorted by, and the index that has its rows in this order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeEngine

from webapp.listing.cursor import Cursor

Column = ColumnElement[Any] | InstrumentedAttribute[Any]
FILLED = 0
EMPTY = 1  # the part of those that come last


@dataclass(frozen=True)
class Order:
    """An order of rows: by `columns`, and ties by `id`.

    An index has these columns, behind those that the `splits` of the rows compare. `via` leads to
    the table that the columns are of, where that is another. `empty_last`: rows in which they are
    empty come last both ways.
    """

    columns: tuple[Column, ...]
    id: Column
    empty_last: bool = False
    via: InstrumentedAttribute[Any] | None = None

    @property
    def parts(self) -> tuple[int, ...]:
        return (FILLED, EMPTY) if self.empty_last else (FILLED,)

    def keys(self, part: int) -> tuple[Column, ...]:
        """What the rows of a part are sorted by."""
        return (self.id,) if part == EMPTY else (*self.columns, self.id)

    def types(self) -> list[list[TypeEngine[Any]]]:
        """The types of the keys of each part."""
        return [[key.type for key in self.keys(part)] for part in self.parts]

    def selected(self, part: int | None = None) -> Select[Any]:
        """The rows with all that places them, in no order yet; those of one part, or all."""
        filled: Any = literal(FILLED)
        if self.empty_last:
            filled = case((self.columns[0].is_(None), EMPTY), else_=FILLED)
        keys = (column.label(f"key{number}") for number, column in enumerate(self.columns))
        rows = select(self.id.label("id"), filled.label("part"), *keys)
        return rows if self.via is None else rows.join(self.via, isouter=part != FILLED)


@dataclass(frozen=True)
class Rows:
    """Which rows a list has: those that meet `where`.

    Where the index of each order begins with another column, `splits` has a condition for each
    value of that.
    """

    where: tuple[ColumnElement[bool], ...] = ()
    splits: tuple[ColumnElement[bool], ...] = ()

    def all(self) -> tuple[ColumnElement[bool], ...]:
        return (or_(*self.splits), *self.where) if self.splits else self.where


def walk(
    rows: Rows, order: Order, cursor: Cursor | None, most: int, *, backwards: bool, up: bool
) -> Select[Any]:
    """The rows beyond the cursor, along the index of the order; `up`: towards the start of the
    list, the nearest first."""
    pieces = []
    down = backwards is not up
    # As one value that no index has: a filter must not lead away from the index of the order.
    chosen = [case((and_(*rows.where), 1), else_=0) == 1] if rows.where else []
    for part in order.parts:
        if cursor is not None and (part > cursor.part if up else part < cursor.part):
            continue
        where = [*chosen]
        if order.empty_last:
            empty = order.columns[0].is_(None)
            where.append(empty if part == EMPTY else ~empty)
        if cursor is not None and part == cursor.part:
            where.append(beyond(order.keys(part), cursor, down=down))
        by = [key.desc() if down else key.asc() for key in order.keys(part)]
        for split in rows.splits or (literal(1) == 1,):
            found = order.selected(part).where(split, *where).order_by(*by).limit(most).subquery()
            pieces.append(select(found))
    whole = pieces[0].union_all(*pieces[1:]).subquery()
    return select(whole).order_by(*ordered(whole.c, down=down, up=up)).limit(most)


def beyond(keys: Sequence[Column], cursor: Cursor, *, down: bool) -> ColumnElement[bool]:
    """Whether a row lies behind the cursor in the direction in which these keys are sorted."""
    row = tuple_(*keys)
    edge = tuple_(*(literal(v, key.type) for v, key in zip(cursor.values, keys, strict=True)))
    return row < edge if down else row > edge


def ordered(columns: Any, *, down: bool, up: bool) -> list[ColumnElement[Any]]:
    """The order of rows that were `selected`."""
    keys = [column for column in columns if str(column.key).startswith("key")]
    sorted_keys = [key.desc() if down else key.asc() for key in (*keys, columns.id)]
    return [columns.part.desc() if up else columns.part.asc(), *sorted_keys]
