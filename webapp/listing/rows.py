"""Which rows a list has, and what leads to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    and_,
    case,
    literal,
    or_,
    select,
    union_all,
)

from webapp.extensions import Column


@dataclass(frozen=True)
class Search:
    """A search, which `contains` tells of a row by looking into it.

    `indexed`: rows need not be looked into one by one. `by_itself`: the database goes by the index
    then. `parts` has a condition for each of the `splits` of the rows, in the same order: the rows
    of this split that contain it meet it, and no others; it is written so that the index of the
    split is used. Where the database does not go by the index by itself, `candidates` are the ids
    that the index finds: of all rows that contain it, and maybe of others; `found` tells whether a
    row is among them.
    """

    contains: ColumnElement[bool]
    indexed: bool = False
    by_itself: bool = False
    parts: tuple[ColumnElement[bool], ...] = ()
    candidates: Subquery | None = None
    found: ColumnElement[bool] | None = None

    @property
    def is_scanned(self) -> bool:
        """Whether rows are read one by one, since too many contain it for its index to help."""
        return self.indexed and not self.by_itself and self.candidates is None


@dataclass(frozen=True)
class LinkedRow:
    """A row of another table, one at most for each row of a list: which are `chosen` there, and
    its column that has the `id` of the row of the list. One index has those that are chosen by this
    column, another leads from it to them.

    `of_list`: which of them are of a row of this list, where `chosen` has those of others too.
    `may_lead`: whether a database may start from it; else rows are found by their other conditions,
    and asked for the link last.
    """

    chosen: ColumnElement[bool]
    column: Column
    id: Column
    of_list: tuple[ColumnElement[bool], ...] = ()
    may_lead: bool = True

    @property
    def joins(self) -> ColumnElement[bool]:
        """How such a row and that of the list belong together."""
        return self.column == self.id

    def is_there(self) -> ColumnElement[bool]:
        """Whether a row of the list that is come by has one."""
        # PostgreSQL would list all that meet an EXISTS
        return select(literal(1)).where(self.chosen, self.joins).scalar_subquery().is_not(None)


@dataclass(frozen=True)
class Rows:
    """Which rows a list has: those that meet `where`, that have the `link`, and that the `search`
    finds.

    Where the index of each order begins with another column, `splits` has a condition for each
    value of that. `scan`: almost all rows have to be looked into, so one after the other as they
    are stored; or all that the link leads to.
    """

    where: tuple[ColumnElement[bool], ...] = ()
    splits: tuple[ColumnElement[bool], ...] = ()
    search: Search | None = None
    scan: bool = False
    link: LinkedRow | None = None

    @property
    def searched_only(self) -> bool:
        """Whether nothing but a search leads to them."""
        return self.search is not None and not self.where and self.link is None

    def all(self) -> tuple[ColumnElement[bool], ...]:
        """What a row of the list meets."""
        chosen = (or_(*self.splits), *self.where) if self.splits else self.where
        if self.search is not None:
            chosen = (*chosen, self.search.contains)
            found = self.search.found
            chosen = chosen if found is None else (*chosen, found)
        chosen = (hidden(chosen) == 1,) if self.scan else chosen
        link = self.link
        if link is None:
            return chosen
        if not link.may_lead:
            return (*chosen, link.is_there())
        return (link.chosen, *link.of_list, link.joins, *chosen)

    def matching(self, found: Select[Any], most: int | None = None) -> Select[Any]:
        """Those of the `found` that the list has, in no order: all, or at most so many."""
        search = self.search
        if search is None or not search.by_itself:
            return found.where(*self.all()).limit(most)
        # A part tells the split as well, but the indexes of other conditions begin with that
        each = [
            replace(
                self,
                splits=(split,) if self.where else (),
                where=(part, *self.where),
                search=None,
            )
            for split, part in zip(self.splits, search.parts, strict=True)
        ] or [self]
        chosen = [found.where(*one.all()) for one in each]
        parts: list[FromClause] = [one.limit(most).subquery() for one in chosen]
        if self.searched_only:
            # PostgreSQL plans these for all of their rows, so it takes the index of the search; if
            # it knew of the limit, it might rather read the table until it has met so many
            parts = [one.cte().prefix_with("MATERIALIZED") for one in chosen]
        whole = union_all(*map(select, parts)) if parts[1:] else select(parts[0])
        return select(whole.subquery()).limit(most)


def hidden(where: Sequence[ColumnElement[bool]]) -> ColumnElement[int]:
    """1 where these conditions are met, else 0: a value that no index has, so that they do not lead
    to one."""
    return case((and_(*where), 1), else_=0) if where else literal(1)
