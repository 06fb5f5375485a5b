"""How this site asks: the engine's settings from the site's, and many names at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any

from flask import current_app

from webapp import probe
from webapp.probe import ConnectTo, Finding, Settings

GLANCE = 0.25  # seconds until whoever waits for answers looks whether to stop
PATIENCE = 6  # times the deadline of a check that a name stands in line at a busy address


def probe_settings(config: Mapping[str, Any]) -> Settings:
    """The engine's settings, from the PADLOCK_* values in `config`."""
    return Settings(
        timeout=config["PADLOCK_PROBE_TIMEOUT"],
        ca_bundle=config["PADLOCK_CA_BUNDLE"],
        allowed_networks=config["PADLOCK_ALLOWED_NETWORKS"],
        connect_to=tuple(ConnectTo(*entry) for entry in config["PADLOCK_CONNECT_TO"]),
    )


def answers(names: Iterable[str], stop: Event, glance: Callable[[], object]) -> Iterator[Finding]:
    """What these names answer, in the order in which they do; ends early when it is to stop."""
    config = current_app.config
    settings = probe_settings(config)
    at_once, pause = config["PADLOCK_PER_ADDRESS"], config["PADLOCK_PER_ADDRESS_PAUSE"]
    turns = probe.Turns(at_once, pause, patience=PATIENCE * settings.timeout)
    finished: SimpleQueue[Future[Finding]] = SimpleQueue()
    with closing(probe.Crew[Finding](config["PADLOCK_PROBE_CONCURRENCY"], "refresh")) as crew:
        flying = [crew.submit(probe.probe(name, settings, turns)) for name in names]
        for answer in flying:
            answer.add_done_callback(finished.put)
        left = len(flying)
        while left and not stop.is_set():
            glance()
            try:
                yield finished.get(timeout=GLANCE).result()
                left -= 1
            except Empty:
                continue
