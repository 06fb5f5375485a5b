"""Checks as this site runs them: the engine's settings, and many host names at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any, Generic, TypeVar

from flask import current_app

from webapp import file_limits, probe
from webapp.probe import ConnectTo, Finding, Settings

K = TypeVar("K")

STOP_CHECK_SECONDS = 0.25  # seconds until the waiting thread checks whether to stop
# Times the deadline of a check that a name waits in the queue at a busy address, at least
LINE_WAIT_DEADLINES = 6
GATHER_SECONDS = 0.2  # seconds for which an answer waits for others, to be recorded with them
MAX_RESULTS_TOGETHER = 100  # answers that are recorded together, at most
# Names are claimed ahead, so many for each one that may be asked at once: the others wait in line,
# so that no place stays empty while results are recorded.
TAKEN_UP = 2


def probe_settings(config: Mapping[str, Any]) -> Settings:
    """The engine's settings, from the PADLOCK_* values in `config`."""
    return Settings(
        timeout=config["PADLOCK_PROBE_TIMEOUT"],
        ca_bundle=config["PADLOCK_CA_BUNDLE"],
        allowed_networks=config["PADLOCK_ALLOWED_NETWORKS"],
        denied_networks=config["PADLOCK_DENIED_NETWORKS"],
        connect_to=tuple(ConnectTo(*entry) for entry in config["PADLOCK_CONNECT_TO"]),
        ports=config["PADLOCK_PORTS"],
    )


class Prober:
    """One pool of checks, polite to each address over all of them.

    Close them at the end: what has not answered by then is dropped.
    """

    def __init__(self) -> None:
        config = current_app.config
        self._settings = probe_settings(config)
        self.concurrency: int = config["PADLOCK_PROBE_CONCURRENCY"]
        self._at_once: int = config["PADLOCK_PER_ADDRESS"]
        self._pause: float = config["PADLOCK_PER_ADDRESS_PAUSE"]
        self.most_open = file_limits.for_open_checks(self.concurrency)
        self._crew = probe.Crew[Finding](self.concurrency, "refresh", self.most_open)
        self._faults = probe.Faults()
        self.forget()

    def forget(self) -> None:
        """How servers have behaved: it was our own network that was down, and no server is left out
        for that."""
        # Also where all who are in progress wait in the queue at one slow server, the last of them
        # has its turn.
        deadlines = max(LINE_WAIT_DEADLINES, self.most_open / self._at_once)
        patience = deadlines * (self._settings.timeout + self._pause)
        self._limits = probe.AddressLimits(self._at_once, self._pause, patience)

    def use_pause(self, seconds: float) -> None:
        """Leaves this pause at each address from now on."""
        self._pause = self._limits.pause = seconds

    def ask(self, name: str) -> Future[Finding]:
        """What this name will answer; it may wait in the queue for a while."""
        return self._crew.submit(probe.probe(name, self._settings, self._limits, self._faults))

    @property
    def idle(self) -> int:
        """How many checks only wait, and so leave room for others."""
        return self._crew.idle

    def close(self) -> None:
        """Start no further checks."""
        self._crew.close()
        self._faults.report()


class ProbeBatch(Generic[K]):
    """Many names that are asked at once, each under a key of the caller's, by `prober`, which
    others may share, or by one of its own. Close it at the end."""

    def __init__(self, prober: Prober | None = None) -> None:
        self._prober = prober or Prober()
        self._shared = prober is not None
        self._finished: SimpleQueue[tuple[K, Future[Finding]]] = SimpleQueue()
        self.open = 0  # names that have not been heard of

    def has_room(self) -> bool:
        """Whether more names can be taken up. Those that only wait leave their place to others:
        the more servers are silent, the more names are under way."""
        in_the_air = self.open - self._finished.qsize()
        active = in_the_air - self._prober.idle
        enough = TAKEN_UP * self._prober.concurrency
        return active < enough and in_the_air < self._prober.most_open

    def ask(self, key: K, name: str) -> None:
        """One name more; it may wait in the queue for a while."""
        answer = self._prober.ask(name)
        self.open += 1
        answer.add_done_callback(lambda done: self._finished.put((key, done)))

    def heard(self, stop: Event) -> list[tuple[K, Finding]]:
        """What has arrived since; waits a glance for the first, and for those that come right
        behind it, so that they can be recorded together."""
        try:
            arrived = [self._finished.get(timeout=STOP_CHECK_SECONDS)]
        except Empty:
            return []
        if self._finished.qsize() + 1 < min(self.open, MAX_RESULTS_TOGETHER):
            stop.wait(GATHER_SECONDS)
        while len(arrived) < MAX_RESULTS_TOGETHER and not self._finished.empty():
            arrived.append(self._finished.get())
        self.open -= len(arrived)
        return [(key, done.result()) for key, done in arrived]

    def forget(self) -> None:
        """See `Prober`."""
        self._prober.forget()

    def close(self) -> None:
        """Take no further results; and end the checks, unless others share the prober."""
        if not self._shared:
            self._prober.close()


def findings_of(
    names: Iterable[str], stop: Event, glance: Callable[[], object]
) -> Iterator[Finding]:
    """What these names answer, in the order in which they do; ends early when it is to stop."""
    with closing(ProbeBatch[None]()) as asking:
        for name in names:
            asking.ask(None, name)
        while asking.open and not stop.is_set():
            glance()
            yield from (finding for _, finding in asking.heard(stop))
