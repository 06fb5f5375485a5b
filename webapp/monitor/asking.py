"""How this site asks: the engine's settings from the site's, and many names at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any, Generic, TypeVar

from flask import current_app

from webapp import probe
from webapp.probe import ConnectTo, Finding, Settings

K = TypeVar("K")

GLANCE = 0.25  # seconds until whoever waits for answers looks whether to stop
PATIENCE = 6  # times the deadline of a check that a name stands in line at a busy address, at least
GATHER = 0.2  # seconds for which an answer waits for others, to be recorded with them
TOGETHER = 100  # answers that are recorded together, at most


def probe_settings(config: Mapping[str, Any]) -> Settings:
    """The engine's settings, from the PADLOCK_* values in `config`."""
    return Settings(
        timeout=config["PADLOCK_PROBE_TIMEOUT"],
        ca_bundle=config["PADLOCK_CA_BUNDLE"],
        allowed_networks=config["PADLOCK_ALLOWED_NETWORKS"],
        denied_networks=config["PADLOCK_DENIED_NETWORKS"],
        connect_to=tuple(ConnectTo(*entry) for entry in config["PADLOCK_CONNECT_TO"]),
    )


class Askers:
    """Who asks: one crew, polite to each address over all that it is asked. Close them at the end: whoever has not
    answered then is dropped."""

    def __init__(self) -> None:
        config = current_app.config
        self._settings = probe_settings(config)
        self.concurrency: int = config["PADLOCK_PROBE_CONCURRENCY"]
        self._at_once: int = config["PADLOCK_PER_ADDRESS"]
        self._pause: float = config["PADLOCK_PER_ADDRESS_PAUSE"]
        self._crew = probe.Crew[Finding](self.concurrency, "refresh")
        self._faults = probe.Faults()
        self.forget()

    def forget(self) -> None:
        """How servers have behaved: it was our own network that was down, and no server is left out for that."""
        # Also where all who are in the air stand in line at one slow server, the last of them has its turn.
        deadlines = max(PATIENCE, self.concurrency / self._at_once)
        patience = deadlines * (self._settings.timeout + self._pause)
        self._turns = probe.Turns(self._at_once, self._pause, patience)

    def ask(self, name: str) -> Future[Finding]:
        """What this name will answer; it may stand in line for a while."""
        return self._crew.submit(probe.probe(name, self._settings, self._turns, self._faults))

    def close(self) -> None:
        """Ask nobody any more."""
        self._crew.close()
        self._faults.report()


class Asking(Generic[K]):
    """Many names that are asked at once, each under a key of the caller's, by `askers`, which others may have as well,
    or by some of its own. Close it at the end."""

    def __init__(self, askers: Askers | None = None) -> None:
        self._askers = askers or Askers()
        self._shared = askers is not None
        self.concurrency = self._askers.concurrency
        self._finished: SimpleQueue[tuple[K, Future[Finding]]] = SimpleQueue()
        self.open = 0  # names that have not been heard of

    def ask(self, key: K, name: str) -> None:
        """One name more; it may stand in line for a while."""
        answer = self._askers.ask(name)
        self.open += 1
        answer.add_done_callback(lambda done: self._finished.put((key, done)))

    def heard(self, stop: Event) -> list[tuple[K, Finding]]:
        """What has arrived since; waits a glance for the first, and for those that come right behind it, so that they
        can be recorded together."""
        try:
            arrived = [self._finished.get(timeout=GLANCE)]
        except Empty:
            return []
        if self._finished.qsize() + 1 < self.open:
            stop.wait(GATHER)
        while len(arrived) < TOGETHER and not self._finished.empty():
            arrived.append(self._finished.get())
        self.open -= len(arrived)
        return [(key, done.result()) for key, done in arrived]

    def forget(self) -> None:
        """See `Askers`."""
        self._askers.forget()

    def close(self) -> None:
        """Hear of nobody any more; and ask nobody, unless others have the same askers."""
        if not self._shared:
            self._askers.close()


def answers(names: Iterable[str], stop: Event, glance: Callable[[], object]) -> Iterator[Finding]:
    """What these names answer, in the order in which they do; ends early when it is to stop."""
    with closing(Asking[None]()) as asking:
        for name in names:
            asking.ask(None, name)
        while asking.open and not stop.is_set():
            glance()
            yield from (finding for _, finding in asking.heard(stop))
