"""How a probe waits: as a generator that says what for, and goes on when it is there or the time is
up.

So one piece of straight code serves a caller who waits for a single probe (`drive`), and one thread
that runs hundreds (`Crew`). A thread each would spend more time on handing the interpreter around
than on handshakes.
"""

from __future__ import annotations

import heapq
import itertools
import os
import select
import threading
import time
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_futures
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MOST_OVER = 8  # times as many waits on the clock as there are probes under way
IDLE_SECONDS = 1.0  # for which a probe has waited that counts as idle
COUNT_SECONDS = 0.2  # between two counts of those

READ = select.POLLIN
WRITE = select.POLLOUT


@dataclass(frozen=True, slots=True, eq=False)
class Wait:
    """For one of these descriptors, as (number, READ or WRITE), or for this future; at most
    `until`, on the monotonic clock in seconds. With neither it is a pause."""

    until: float
    descriptors: tuple[tuple[int, int], ...] = ()
    future: Future[Any] | None = None


# Yields what it waits for, and is sent the descriptors that are ready: none when the time is up (or
# a future is done).
Probe = Generator[Wait, list[int], T]


def drive(probe: Probe[T]) -> T:
    """What a probe returns, or raises, when this very thread does its waiting."""
    ready: list[int] = []
    try:
        wait = next(probe)
        while True:
            patience = max(0.0, wait.until - time.monotonic())
            if wait.future is not None:
                wait_for_futures([wait.future], patience)
            else:
                poll = select.poll()
                for descriptor, event in wait.descriptors:
                    poll.register(descriptor, event)
                ready = [descriptor for descriptor, _event in poll.poll(patience * 1000)]
            wait = probe.send(ready)
    except StopIteration as end:
        result: T = end.value
        return result


@dataclass(slots=True)
class _Job(Generic[T]):
    probe: Probe[T]
    answer: Future[T]
    stepped_at: float = 0.0  # on the monotonic clock


class Crew(Generic[T]):
    """One thread that has up to `concurrency` probes in progress; the others wait in the queue.

    With `most` there may be so many, while no more than `concurrency` are not idle: who waits for a
    silent server costs a connection and nothing else.

    It starts with the first of them, and is no reason for a process to stay alive.
    """

    def __init__(self, concurrency: int, name: str, most: int = 0) -> None:
        self._concurrency = concurrency
        self._most = max(most, concurrency)
        self.idle = 0  # probes that have waited for `IDLE_SECONDS`, as of the last count
        self._counted_at = 0.0
        self._name = name
        self._line: deque[_Job[T]] = deque()
        # Every probe in progress, those that have waited longest first
        self._waiting: dict[Wait, _Job[T]] = {}
        self._watched: dict[int, Wait] = {}  # by descriptor
        # A heap of all waits, those that are over among them
        self._clock: list[tuple[float, int, Wait]] = []
        self._order = itertools.count()
        self._rung: deque[Wait] = deque()  # whose future is done
        self._poll = select.poll()
        # A pipe, while the thread runs: pressing the button wakes it
        self._bell = self._button = -1
        # Held while the thread starts or ends, and while the button is pressed
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closing = False

    def submit(self, probe: Probe[T]) -> Future[T]:
        """The answer to come of a probe.

        Its callbacks run in the crew's thread: they have to be quick.

        Raises RuntimeError or OSError where there is no thread or no descriptor left to start with.
        """
        job = _Job(probe, Future())
        job.answer.set_running_or_notify_cancel()  # no one can cancel what is on its way
        self._start()
        self._line.append(job)
        self._ring()
        return job.answer

    def close(self) -> None:
        """Drop what is under way and end the thread."""
        with self._lock:
            self._closing = True
        self._ring()
        if self._thread is not None:
            self._thread.join()
        with self._lock:
            if self._thread is not None:
                os.close(self._bell)
                os.close(self._button)
                self._bell = self._button = -1

    def _start(self) -> None:
        with self._lock:
            if self._closing:
                raise RuntimeError("this crew has been dismissed")
            if self._thread is not None:
                return
            bell, button = os.pipe()
            try:
                os.set_blocking(bell, False)
                os.set_blocking(button, False)
                thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._bell = bell
                self._button = button
                self._poll.register(bell, READ)
                thread.start()
            except BaseException:
                self._poll.unregister(bell)
                self._bell = self._button = -1
                os.close(bell)
                os.close(button)
                raise
            self._thread = thread

    def _ring(self) -> None:
        # An answer may come in long after the crew has been dismissed, when the pipe's numbers are
        # another probe's.
        with self._lock:
            if self._button == -1:
                return
            try:
                os.write(self._button, b"!")
            except BlockingIOError:
                return  # it has been pressed often enough

    def _work(self) -> None:
        while not self._closing:
            self._count_idle()
            while self._line and self._has_room():
                job = self._line.popleft()
                self._step(job, None)
            for descriptor, _event in self._poll.poll(self._patience()):
                if descriptor == self._bell:
                    os.read(self._bell, 65536)
                elif descriptor in self._watched:  # else its probe has gone on in this very round
                    self._go_on(self._watched[descriptor], [descriptor])
            while self._rung:
                self._go_on(self._rung.popleft(), [])
            while self._clock and self._clock[0][0] <= time.monotonic():
                self._go_on(heapq.heappop(self._clock)[2], [])
        for job in self._waiting.values():
            job.probe.close()

    def _has_room(self) -> bool:
        total = len(self._waiting)
        return total < self._most and total - self.idle < self._concurrency

    def _count_idle(self) -> None:
        now = time.monotonic()
        if self._most == self._concurrency or now - self._counted_at < COUNT_SECONDS:
            return
        self._counted_at = now
        waited = (now - job.stepped_at >= IDLE_SECONDS for job in self._waiting.values())
        self.idle = sum(itertools.takewhile(bool, waited))

    def _patience(self) -> float | None:
        """Milliseconds until a probe has waited enough, or is to be counted. None: no one waits."""
        if not self._clock:
            return None
        patience = max(0.0, self._clock[0][0] - time.monotonic()) * 1000 + 1
        return patience if self._most == self._concurrency else min(patience, 1000 * COUNT_SECONDS)

    def _go_on(self, wait: Wait, ready: list[int]) -> None:
        job = self._waiting.pop(wait, None)
        if job is None:
            return  # it has gone on already, for another cause
        for descriptor, _event in wait.descriptors:
            self._poll.unregister(descriptor)
            del self._watched[descriptor]
        self._step(job, ready)

    def _step(self, job: _Job[T], ready: list[int] | None) -> None:
        """From one wait of a probe to the next, or to its end; with None it begins."""
        job.stepped_at = time.monotonic()
        try:
            wait = next(job.probe) if ready is None else job.probe.send(ready)
        except StopIteration as end:
            job.answer.set_result(end.value)
            return
        except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the caller
            job.answer.set_exception(error)
            return
        self._waiting[wait] = job
        for descriptor, event in wait.descriptors:
            self._poll.register(descriptor, event)
            self._watched[descriptor] = wait
        if len(self._clock) > MOST_OVER * (len(self._waiting) + 1):
            self._clock = [entry for entry in self._clock if entry[2] in self._waiting]
            heapq.heapify(self._clock)
        heapq.heappush(self._clock, (wait.until, next(self._order), wait))
        if wait.future is not None:
            wait.future.add_done_callback(lambda _future: self._hear(wait))

    def _hear(self, wait: Wait) -> None:
        self._rung.append(wait)
        self._ring()
