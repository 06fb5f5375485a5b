"""What is wrong with a file as a whole, and with one place in it."""

from __future__ import annotations

from dataclasses import dataclass


class NotATable(ValueError):
    """The file as a whole cannot be used; the text is for the person who brought it."""


@dataclass(frozen=True)
class CellProblem:
    """What is wrong at one place. What is not `serious` is imported all the same."""

    line: int
    column: str
    text: str
    serious: bool = True
