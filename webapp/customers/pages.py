"""One page of a list that the database sorts by an index or is short: users, the activity log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import ColumnElement, Select, func, select

from webapp.extensions import db

PAGE_SIZE = 25
PAGE_SIZES = (25, 50, 100)
MOST_SEARCHED = 100  # characters of a search that are looked at

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
    statement: Select[R], asked: str, size: str = "", after: Callable[[R], ColumnElement[bool]] | None = None
) -> Page[R]:
    """The page of a sorted statement that was asked for by its number and size, as they stand in the address bar:
    anything may stand there.

    A page that is not full says by itself how long the list is. Behind a full one the rest is counted: with `after`,
    which tells the rows that come after this one, no row is looked at twice.
    """
    length = int(size) if size in map(str, PAGE_SIZES) else PAGE_SIZE
    number = max(1, int(asked[:12])) if asked.isascii() and asked.isdigit() else 1
    rows = _rows(statement, number, length)
    total = (number - 1) * length + len(rows)
    if len(rows) == length and after is not None:
        total += _count(statement.where(after(rows[-1])))
    elif len(rows) == length or (number > 1 and not rows):
        total = _count(statement)
    pages = max(1, -(-total // length))
    if number > pages:
        number, rows = pages, _rows(statement, pages, length)
    return Page(rows, total, number, pages, length)


def _rows(statement: Select[R], number: int, length: int) -> list[R]:
    return list(db.session.scalars(statement.limit(length).offset((number - 1) * length)))


def _count(statement: Select[R]) -> int:
    return db.session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0
