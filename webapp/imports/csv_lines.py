"""The lines of a file for the csv module, within bounds."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TextIO

MOST_LINES = 4_000_000  # empty lines count, and those inside of cells
# Characters: what is longer is no line of a table, and is not kept in memory
MOST_LINE_CHARACTERS = 1_000_000
MOST_READ_AGAIN = 4  # times the file


class Lines:
    """The lines of a file for the csv module, counted; those of the row under way are `taken`, and
    can be given `back`.

    An overlong one is an error that the next call gets over, as a generator could not.
    """

    def __init__(self, text: TextIO) -> None:
        self.text = text
        self.count = 0
        self.taken: list[str] = []
        self._waiting: deque[str] = deque()
        self._given_back = 0  # characters: what is read twice is twice the work
        self._read = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else self._next_of_file()
        if not line:
            raise StopIteration
        self.count += 1
        if self.count > MOST_LINES:
            raise csv.Error("too many lines")
        if len(line) < MOST_LINE_CHARACTERS or line[-1] in "\r\n":
            self.taken.append(line)
            return line
        while line and line[-1] not in "\r\n":
            line = self.text.readline(MOST_LINE_CHARACTERS)
        raise csv.Error("line too long")

    def _next_of_file(self) -> str:
        line = self.text.readline(MOST_LINE_CHARACTERS)
        self._read += len(line)
        return line

    def back(self, lines: Sequence[str]) -> bool:
        """Has these lines, the last that were taken, read again; not where that was done with more
        than the file holds many times over."""
        self._given_back += sum(map(len, lines))
        if self._given_back > MOST_READ_AGAIN * (self._read + MOST_LINE_CHARACTERS):
            return False
        self._waiting.extendleft(reversed(lines))
        self.count -= len(lines)
        return True
