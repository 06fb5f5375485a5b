"""What keeps a request from being carried out. Below the routes HTTP is unknown: pages and commands
each tell these in their own way."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


class NotFound(Exception):
    """What was asked for doesn't exist, or this user may not see it."""


class NotAllowed(Exception):
    """This user may not do this."""


class Refused(Exception):
    """This can't be done as things are. Its text tells a person why."""


def found(row: T | None) -> T:
    """This row. Raises `NotFound` where there is none."""
    if row is None:
        raise NotFound
    return row
