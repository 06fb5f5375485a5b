"""The orders of listing rows, and where along an index the rows are that filters let through."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace
from itertools import product

from sqlalchemy import BinaryExpression, ColumnElement, and_, literal, select, union_all
from sqlalchemy.sql import operators

from webapp.customers.listing_row import INACTIVE, SEVERITIES, ListingRow, ranks_of, ranks_of_reason
from webapp.extensions import Column, db
from webapp.listing.order import EMPTY, FILLED, Order
from webapp.listing.rows import Rows

_BEHIND_RANK = ("not_after", "status")  # columns that an index has behind the rank
_COMPARES = (operator.eq, operator.lt, operator.ge)


def by(*columns: Column, empty_last: bool = False) -> Order:
    """An order of listing rows, which has its index."""
    return Order(columns, ListingRow.id, empty_last)


def narrowed(order: Order, rows: Rows, filters: Mapping[str, str]) -> Order:
    """The same order, with a walk along its index limited to where these rows can be.

    Else all rows before the first of them would be looked into: a second for a million that have
    another state.
    """
    first = order.columns[0]
    own = _compared(rows, first)
    within: list[ColumnElement[bool]] = [one for one in own if one.operator in _COMPARES]
    only = FILLED if within else None
    if any(one.operator is operators.is_ for one in own):
        only = EMPTY
    splits: list[ColumnElement[bool]] = []
    ranks = ranks_of(filters) or []  # of filters that exclude each other no row is walked to
    if first is ListingRow.rank and (status := _compared(rows, ListingRow.status)):
        splits = [and_(ListingRow.rank == rank, *status) for rank in ranks or range(INACTIVE + 1)]
    elif first is ListingRow.rank and ranks:
        within.append(first.between(min(ranks), max(ranks)))
    elif first is ListingRow.reason and not within and (ranks := ranks or _ranks_there(rows)):
        reasons = [SEVERITIES[word] for word in SEVERITIES if {*ranks_of_reason(word)} & {*ranks}]
        within += [first.between(min(reasons), max(reasons))] if reasons else []
        only = None if INACTIVE in ranks else FILLED
        if ranks == [INACTIVE]:
            only = EMPTY
    elif first.key in _BEHIND_RANK:
        splits = [ListingRow.rank == rank for rank in ranks]
    return replace(order, within=tuple(within), splits=tuple(splits), only=only)


def _compared(rows: Rows, column: Column) -> list[BinaryExpression[bool]]:
    """The conditions that compare this column of the rows with a value."""
    found = (one for one in rows.where if isinstance(one, BinaryExpression))
    return [one for one in found if getattr(one.left, "key", None) == column.key]


def _ranks_there(rows: Rows) -> list[int]:
    """The ranks that have rows in the filter's range of expiry; empty without such a filter.

    Expired rows have other reasons than the many valid ones, which are then skipped.
    """
    dated = _compared(rows, ListingRow.not_after)
    if not dated:
        return []
    each = [
        # In the order of their index: else PostgreSQL may read the whole table
        select(
            select(literal(rank).label("rank"))
            .where(split, ListingRow.rank == rank, *dated)
            .order_by(ListingRow.not_after)
            .limit(1)
            .subquery()
        )
        for split, rank in product(rows.splits, range(INACTIVE + 1))
    ]
    return sorted(set(db.session.scalars(union_all(*each))))
