"""Limits per address: thousands of names may live on one server, and it is asked politely."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field

from webapp.probe.address import Endpoint
from webapp.probe.waiting import Probe, Wait

DOWN_SECONDS = 30.0  # seconds for which an address counts as down; then it is asked again
# Addresses from which on those that no one needs any more are forgotten
FORGET_FROM_ADDRESSES = 1000


class NoSlot(Exception):
    """It did not come to asking: the address was busy with other names for too long."""


@dataclass(slots=True)
class _Counter:
    """One address: who waits there, and how it has behaved."""

    free_from: list[float]  # of every turn that no one has, the moment from which it may be taken
    line: deque[Future[float]] = field(default_factory=deque)
    silences: int = 0  # names in a row that waited here in vain
    silent_at: float = 0.0  # the last of them


class AddressLimits:
    """The addresses of names that are asked together: at most `at_once` connections to each, and
    `pause` seconds before the next follows.

    After as many names in a row as are asked at once have waited in vain, an address counts as down
    for a while, and the names that wait in the queue there or come to it need not be asked: so they
    cost one timeout, and not one after the other. Two at least, since one silent site is no silent
    server.

    All these probes are driven by one thread, so nothing is locked.
    """

    def __init__(self, at_once: int, pause: float, patience: float) -> None:
        self._at_once = at_once
        self.pause = pause  # may be changed while names are asked
        self._patience = patience  # seconds that a name waits in the queue, at most
        self._counters: defaultdict[Endpoint, _Counter] = defaultdict(
            lambda: _Counter([0.0] * at_once)
        )
        self._many = FORGET_FROM_ADDRESSES

    def take(self, endpoints: Iterable[Endpoint]) -> Probe[list[Endpoint]]:
        """Wait for a turn at every one of these addresses; they are the caller's until they are
        given back. In one order for all, or two names could each hold what the other one waits for.
        Raises `NoSlot`."""
        self._forget()
        taken: list[Endpoint] = []
        until = time.monotonic() + self._patience
        try:
            for endpoint in sorted(set(endpoints), key=lambda one: (one.address, one.port)):
                free_from = yield from self._take(endpoint, until)
                taken.append(endpoint)
                if free_from > time.monotonic() and not self.down([endpoint]):
                    yield Wait(free_from)
        except BaseException:
            self.give_back(taken)
            raise
        return taken

    def _take(self, endpoint: Endpoint, until: float) -> Probe[float]:
        counter = self._counters[endpoint]
        if counter.free_from:
            return counter.free_from.pop(0)  # the one that has rested longest
        turn: Future[float] = Future()
        counter.line.append(turn)
        try:
            yield Wait(until, future=turn)
        finally:
            if not turn.done():
                counter.line.remove(turn)
        if not turn.done():
            raise NoSlot(f"{endpoint.address} was busy with other names")
        return turn.result()

    def give_back(self, taken: Iterable[Endpoint]) -> None:
        """Let the next in the queue have its turn, after the pause."""
        for endpoint in taken:
            counter = self._counters[endpoint]
            free_from = 0.0 if self.down([endpoint]) else time.monotonic() + self.pause
            if counter.line:
                counter.line.popleft().set_result(free_from)
            else:
                counter.free_from.append(free_from)

    def answered(self, endpoint: Endpoint) -> None:
        """A check has had an answer there."""
        self._counters[endpoint].silences = 0

    def silent(self, endpoints: Iterable[Endpoint]) -> None:
        """A name has waited in vain for all of these."""
        for endpoint in endpoints:
            counter = self._counters[endpoint]
            counter.silences += 1
            counter.silent_at = time.monotonic()

    def down(self, endpoints: Iterable[Endpoint]) -> bool:
        """Whether none of these has to be asked for now."""
        since = time.monotonic() - DOWN_SECONDS
        counters = [self._counters[one] for one in endpoints]
        return all(
            one.silences >= max(2, self._at_once) and one.silent_at > since for one in counters
        )

    def _forget(self) -> None:
        """Keep what still matters of the addresses, now and then: a run may come to a hundred
        thousand of them."""
        if len(self._counters) < self._many:
            return
        now = time.monotonic()
        for endpoint, counter in list(self._counters.items()):
            unused = len(counter.free_from) == self._at_once and max(counter.free_from) <= now
            if unused and counter.silent_at <= now - DOWN_SECONDS:
                del self._counters[endpoint]
        self._many = max(FORGET_FROM_ADDRESSES, 2 * len(self._counters))
