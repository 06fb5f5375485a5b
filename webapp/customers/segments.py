"""One page of a long list, found by counting.

The order of a list is a row of segments that come one after the other, each in an order that an
index has: what has a date, then what has none; what is invalid, then what expires. A caller that
knows how many rows each segment holds knows which of them a page touches, and asks only those. Far
inside a segment a page is found from the nearest mark: where a row stood that a user has walked to
a short while ago.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    Select,
    Subquery,
    func,
    literal,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from webapp.customers import counts as remembered
from webapp.extensions import db

Column = ColumnElement[Any] | InstrumentedAttribute[Any]
Mark = tuple[Any, ...]  # what identifies a row and what it is sorted by; () is the first one
FEW_ROWS = 5000  # rows of a segment: up to so many are gathered first and put in order then
ROWS_BETWEEN_MARKS = 1000  # rows


@dataclass(frozen=True)
class Arm:
    """Rows of one table in a segment.

    `rows` selects what identifies a row, its id first, and joins nothing: so they are counted and,
    where they are few, gathered. `walk` is the same for when they are many, and an index is walked
    in the order of the list: it has to tell of each row by itself whether it belongs here. `by` is
    the order, ties in the order of what identifies a row; `via` leads to the table that the order
    is in, where that is another.
    """

    rows: Select[Any]
    walk: Select[Any]
    by: tuple[Column, ...] = ()
    via: InstrumentedAttribute[Any] | None = None

    def where(
        self, condition: ColumnElement[bool], walking: ColumnElement[bool] | None = None
    ) -> Arm:
        """What of these rows meets a condition; `walking` is another way to say it."""
        walk = self.walk.where(condition if walking is None else walking)
        return replace(self, rows=self.rows.where(condition), walk=walk)


@dataclass(frozen=True)
class Segment:
    """The arms are put in one order: they select the same columns.

    A segment that is what all the others leave of `rest_of`, and slow to count, is counted so.
    `straight`: the index of its order leads to its rows and by few others, so that it is walked
    however few they are.
    """

    arms: tuple[Arm, ...]
    rest_of: tuple[Arm, ...] = ()
    straight: bool = False


@dataclass(frozen=True)
class Key:
    """What a column of a list is sorted by.

    Rows in which `filled` is empty come last, both ways.
    """

    by: tuple[Column, ...]
    via: InstrumentedAttribute[Any] | None = None
    filled: Column | None = None

    def arms(self, arm: Arm) -> tuple[Arm, ...]:
        """An arm that is in the order of its id alone, as one segment or two in this order."""
        sorted_arm = replace(arm, by=self.by, via=self.via)
        if self.filled is None:
            return (sorted_arm,)
        return sorted_arm.where(self.filled.is_not(None)), arm.where(self.filled.is_(None))


def counting(segments: Iterable[Segment]) -> Select[Any]:
    """A statement that answers with one row, which `settled` makes how many rows each segment holds
    of."""
    numbers: list[Any] = [
        _sum(_count(arm) for arm in segment.rest_of or segment.arms) for segment in segments
    ]
    return select(*numbers)


def settled(segments: Iterable[Segment], numbers: Sequence[int]) -> tuple[int, ...]:
    """How many rows each segment holds."""
    total = sum(numbers)
    return tuple(
        number - (total - number) if segment.rest_of else number
        for segment, number in zip(segments, numbers, strict=True)
    )


def _count(arm: Arm) -> ColumnElement[int]:
    return arm.rows.with_only_columns(func.count(), maintain_column_froms=True).scalar_subquery()


def _sum(numbers: Iterable[ColumnElement[int]]) -> ColumnElement[int]:
    first, *others = numbers
    for other in others:
        first = first + other
    return first


def rows_of_page(
    segments: Sequence[Segment],
    counts: Sequence[int],
    offset: int,
    size: int,
    *,
    backwards: bool,
    key: Hashable = None,
) -> Subquery:
    """The rows of one page by what identifies them; `part` and `place` are the order they are to be
    shown in. `key` says what list it is, and in which order: under it marks are kept."""
    pieces = []
    for part, (segment, count) in enumerate(zip(segments, counts, strict=True)):
        if offset < count and size > 0:
            take = min(size, count - offset)
            far = offset > count // 2  # from its end it is nearer
            skipped = count - offset - take if far else offset
            down = backwards is not far
            if count <= FEW_ROWS and not segment.straight:
                rows = _in_order(segment, down, gathered=True)
            else:
                mark: Mark = ()
                if key is not None and not _is_computed(segment):
                    mark, skipped = _nearest(segment, down, skipped, (key, part, down))
                rows = _in_order(segment, down, mark=mark, most=skipped + take)
            cut = rows.limit(take).offset(skipped)
            pieces.append(_piece(cut.subquery(), part, backwards))
            size -= take
        offset = max(0, offset - count)
    return union_all(*pieces).subquery()


def _nearest(segment: Segment, backwards: bool, skipped: int, key: Hashable) -> tuple[Mark, int]:
    """The mark from which on to look for what lies `skipped` rows inside a segment, and how many
    rows behind it."""
    wanted = skipped // ROWS_BETWEEN_MARKS
    marks = ((step, remembered.recall((key, step))) for step in range(wanted, 0, -1))
    step, mark = next(((step, mark) for step, mark in marks if mark), (0, ()))
    ahead = (wanted - step) * ROWS_BETWEEN_MARKS

    def walk() -> Mark:
        rows = _in_order(segment, backwards, mark=mark, most=ahead + 1)
        return tuple(db.session.execute(rows.limit(1).offset(ahead)).one_or_none() or ())

    if ahead and (found := remembered.kept((key, wanted), walk)):
        return found, skipped - wanted * ROWS_BETWEEN_MARKS
    return mark, skipped - step * ROWS_BETWEEN_MARKS


def _is_computed(segment: Segment) -> bool:
    """Whether what it is sorted by is found out for each row: then no index leads to a mark."""
    return any(isinstance(by, ScalarSelect) for arm in segment.arms for by in arm.by)


def whole(
    segments: Iterable[Segment], *, backwards: bool
) -> Iterator[Select[Any] | CompoundSelect[Any]]:
    """The whole list by what identifies its rows, a statement a segment."""
    return (_in_order(segment, backwards) for segment in segments)


def _in_order(
    segment: Segment,
    backwards: bool,
    *,
    gathered: bool = False,
    mark: Mark = (),
    most: int | None = None,
) -> Select[Any] | CompoundSelect[Any]:
    arms = [_from(mark, _arm(arm, gathered), backwards) for arm in segment.arms]
    if len(arms) == 1:
        return arms[0].order_by(*_order(arms[0].selected_columns, backwards))
    if most is not None and db.engine.dialect.name == "postgresql":
        # SQLite walks along the arms side by side. PostgreSQL would fetch all of each, and sort: it
        # is told of each by itself that it is asked for in this order, and how much of it at most.
        arms = [arm.order_by(*_order(arm.selected_columns, backwards)).limit(most) for arm in arms]
    rows = union_all(*arms)
    return rows.order_by(*_order(rows.selected_columns, backwards))


def _from(mark: Mark, rows: Select[Any], backwards: bool) -> Select[Any]:
    """What comes from a mark on, itself included."""
    if not mark:
        return rows
    pairs = sorted(
        zip(rows.selected_columns, mark, strict=True), key=lambda pair: not _is_key(pair[0])
    )
    keys = [pair for pair in pairs if _is_key(pair[0])]
    for some in (pairs, keys):  # all of it is what is meant; its keys alone are what an index has
        if some:
            row = tuple_(*(column for column, _ in some))
            start = tuple_(*(literal(value, column.type) for column, value in some))
            rows = rows.where(row <= start if backwards else row >= start)
    return rows


def _arm(arm: Arm, gathered: bool) -> Select[Any]:
    rows = arm.walk
    identity = arm.rows.selected_columns[0]
    if gathered:
        rows = select(*arm.rows.selected_columns).where(
            identity.in_(arm.rows.with_only_columns(identity))
        )
    rows = rows.add_columns(*(column.label(f"by{number}") for number, column in enumerate(arm.by)))
    return rows.join(arm.via) if arm.via is not None else rows


def _piece(rows: Subquery, part: int, backwards: bool) -> Select[Any]:
    place = func.row_number().over(order_by=_order(rows.c, backwards)).label("place")
    return select(
        *(column for column in rows.c if not _is_key(column)), literal(part).label("part"), place
    )


def _order(columns: Iterable[ColumnElement[Any]], backwards: bool) -> list[ColumnElement[Any]]:
    ties_last = sorted(columns, key=lambda column: not _is_key(column))
    return [column.desc() if backwards else column.asc() for column in ties_last]


def _is_key(column: ColumnElement[Any]) -> bool:
    return str(column.key).startswith("by")
