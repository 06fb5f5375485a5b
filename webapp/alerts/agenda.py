"""When each name or incident is due next."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Agenda(Generic[Key]):
    """A moment for each key, the earliest first; keys of one moment in the order in which they were
    set."""

    def __init__(self) -> None:
        self._moments: dict[Key, datetime] = {}
        self._heap: list[tuple[datetime, int, Key]] = []
        self._numbers = count()

    def set(self, key: Key, moment: datetime | None) -> None:
        """Moves a key to another moment; None takes it out."""
        if self._moments.get(key) == moment:
            return
        if moment is None:
            del self._moments[key]
            return
        self._moments[key] = moment
        heappush(self._heap, (moment, next(self._numbers), key))

    def moment_of(self, key: Key) -> datetime | None:
        return self._moments.get(key)

    def first(self) -> datetime | None:
        """The earliest moment."""
        while self._heap and self._moments.get(self._heap[0][2]) != self._heap[0][0]:
            heappop(self._heap)  # it was moved
        return self._heap[0][0] if self._heap else None

    def pop(self) -> Key:
        """Takes out the key of the earliest moment, which `first` has found."""
        key = heappop(self._heap)[2]
        del self._moments[key]
        return key
