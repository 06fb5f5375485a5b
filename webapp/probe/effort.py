"""How much CPU time the look at one server may take: a hostile one can make every step of it
expensive."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from webapp.probe.waiting import Probe, Wait

T = TypeVar("T")


class TooMuchWork(Exception):
    """It was not begun, or not finished: what was done before has taken all the CPU time that there
    is for it."""


class Effort:
    """At most `seconds` of CPU time for all threads that work for the same thing, one after the
    other.

    They take turns at working, and wait side by side: so each sees what the others have spent.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.spent = 0.0
        self._turn = threading.Lock()
        self._since = 0.0  # the CPU time of the thread whose turn it is, when that began

    @property
    def used_up(self) -> bool:
        return self.spent > self.seconds

    @contextmanager
    def working(self) -> Iterator[None]:
        """What is done in here counts."""
        self._begin()
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Inside of `working`: let the others work while this thread waits."""
        self._end()
        left_at = time.thread_time()
        try:
            yield
        finally:
            self._begin()
            self._since = left_at  # waiting for one byte at a time costs, too

    def _begin(self) -> None:
        self._turn.acquire()
        self._since = time.thread_time()

    def _end(self) -> None:
        self.spent += time.thread_time() - self._since
        self._turn.release()


def bounded(probe: Probe[T], effort: Effort, share: float = 0.0) -> Probe[T]:
    """The same probe, its work counted.

    Raises `TooMuchWork` where the effort is used up before it has come to its `share` of it, in
    seconds: what has cost that much may go on to its end, so that the cost was not in vain.
    """
    step: Callable[[], Wait] = probe.__next__
    own = 0.0
    try:
        while True:
            with effort.working():
                if effort.used_up and own <= share:
                    raise TooMuchWork(
                        f"not asked: {effort.seconds} seconds of CPU time were used up before"
                    )
                before = time.thread_time()
                try:
                    wait = step()
                finally:
                    own += time.thread_time() - before
            ready = yield wait
            # Called before the next turn of the loop
            step = lambda: probe.send(ready)  # noqa: B023, E731
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        probe.close()
