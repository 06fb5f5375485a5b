"""A place in a list, as it stands in the address bar: anything may stand there."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.types import TypeEngine

LAST = "last"  # the cursor of the last page
MOST_CHARACTERS = 3000  # of a cursor: a name of 255 characters makes 1,400
MOST_NUMBER = 2**63 - 1  # that a database can compare with


@dataclass(frozen=True)
class Cursor:
    """The row at the edge of a page: what comes after it, or before it, is wanted.

    `part` is 1 among the rows that come last because their value is empty; `values` are those that
    the row is sorted by, and `place` is where it stands in the list, counted from 1; 0: unknown.
    """

    after: bool
    part: int
    values: tuple[Any, ...]
    place: int

    def encode(self, sort: str) -> str:
        """The text that `decode` understands, in a list with the same sort only."""
        values = [v.isoformat() if isinstance(v, date) else v for v in self.values]
        content = json.dumps([sort, self.after, self.part, self.place, *values])
        return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode(text: str, sort: str, types: Sequence[Sequence[TypeEngine[Any]]]) -> Cursor | None:
    """The cursor in this text; None where there is none that fits.

    `types`: of each part of the order, those of the values.
    """
    if not text or len(text) > MOST_CHARACTERS:
        return None
    try:
        content = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        known_sort, after, part, place, *values = content
        if known_sort != sort or type(after) is not bool or part not in range(len(types)):
            return None
        if type(part) is not int or not _is_number(place) or place < 0:
            return None
        read = [_value(value, type_) for value, type_ in zip(values, types[part], strict=True)]
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    return Cursor(after, part, tuple(read), place)


def _value(value: Any, type_: TypeEngine[Any]) -> Any:
    """The value of this type. Raises `ValueError` or `TypeError`."""
    wanted = type_.python_type
    if wanted in (date, datetime):
        found = wanted.fromisoformat(value)
        return found.astimezone(UTC) if isinstance(found, datetime) else found
    if wanted is int and _is_number(value):
        return value
    if issubclass(wanted, StrEnum):
        return wanted(value)
    if wanted is str and isinstance(value, str) and "\0" not in value:
        value.encode()  # a lone surrogate is no text that a database takes
        return value
    raise ValueError(f"no {wanted.__name__}")


def _is_number(value: object) -> bool:
    return type(value) is int and abs(value) <= MOST_NUMBER
