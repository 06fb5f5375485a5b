"""The answer of a cell: what is stored where that is fresh, else a flight that asks the server now.

A flight is one probe of one name, however many people look at it. One thread flies them all and only probes; another
records what they find, so a result is kept even when the viewer has gone.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from flask import Flask, current_app

from webapp import probe
from webapp.extensions import db
from webapp.monitor.asking import probe_settings
from webapp.monitor.models import Hostname, Standing, standing
from webapp.monitor.record import record
from webapp.probe import Reason, State

log = logging.getLogger(__name__)

PATIENCE = 1.0  # seconds for which a web thread waits for a flight, at most
MOST_WAITING = 4  # web threads that wait at once: the others answer "checking" right away and stay free
MOST_FLIGHTS = 2000  # under way or queued: past that a cell is told to ask again later
SETTLED = timedelta(seconds=5)  # an answer this young is final whatever the setting says, or no cell would ever settle
COOL_DOWN = timedelta(seconds=30)  # before "check now" asks the same server again


@dataclass(slots=True)
class _Flight:
    started: float = field(default_factory=time.monotonic)
    landed: threading.Event = field(default_factory=threading.Event)


class Flights:
    """The flights of one site: at most one a name, at most `concurrency` of them in the air."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._settings = probe_settings(app.config)
        self._crew = probe.Crew[probe.Finding](app.config["PADLOCK_PROBE_CONCURRENCY"], "live")
        self._recorder = ThreadPoolExecutor(1, thread_name_prefix="record")
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight] = {}
        self._failed: dict[str, float] = {}  # names whose last flight failed on our side, and when
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    def of(self, name: str) -> _Flight | None:
        """The flight of this name that is under way."""
        with self._lock:
            return self._flights.get(name)

    def board(self, name: str) -> _Flight | None:
        """The flight of this name, started where there is none yet. None: too many are under way."""
        with self._lock:
            flight = self._flights.get(name)
            if flight is None and len(self._flights) < MOST_FLIGHTS:
                flight = self._flights[name] = _Flight()
                self._failed.pop(name, None)
                asked = self._crew.submit(probe.probe(name, self._settings))
                asked.add_done_callback(lambda answer: self._recorder.submit(self._land, name, flight, answer))
            return flight

    def wait_for(self, flight: _Flight) -> bool:
        """Whether it landed within `PATIENCE`. Answers at once when enough others are waiting."""
        if flight.landed.is_set():
            return True
        if not self._waiting.acquire(blocking=False):
            return False
        try:
            return flight.landed.wait(PATIENCE)
        finally:
            self._waiting.release()

    def failed(self, name: str) -> bool:
        """Whether the last flight of this name failed on our side, within the cool-down."""
        with self._lock:
            return time.monotonic() - self._failed.get(name, -1e9) < COOL_DOWN.total_seconds()

    def close(self) -> None:
        """Drop what is in the air, and record what has landed."""
        self._crew.close()
        self._recorder.shutdown()

    def _land(self, name: str, flight: _Flight, answer: Future[probe.Finding]) -> None:
        failed = True
        try:
            finding = answer.result()
            failed = finding.reason is Reason.MONITOR_ERROR
            with self._app.app_context():
                record(finding)
        except Exception:
            failed = True
            log.exception("the answer for %s could not be recorded", name)
        finally:
            with self._lock:
                del self._flights[name]
                if failed:
                    self._failed[name] = time.monotonic()
            flight.landed.set()


def register(app: Flask) -> None:
    """Give the site its flights. No thread starts before the first of them."""
    app.extensions["padlock_flights"] = Flights(app)


def look(hostname: Hostname | None, *, active: bool, now: datetime, ask: bool = True) -> Standing:
    """What the cell of an item says. With `ask` a flight is started or joined where nothing fresh is known, and waited
    for a second at most; without, nothing is asked and `due` says whether a cell may."""
    stands = standing(hostname, active=active, now=now)
    if not active or hostname is None:
        return stands
    flights: Flights = current_app.extensions["padlock_flights"]
    if flights.failed(hostname.name):
        return _failed(stands)
    fresh = timedelta(seconds=current_app.config["PADLOCK_FRESH_SECONDS"])
    if not ask:
        checking = flights.of(hostname.name) is not None
        return replace(stands, due=not _younger(hostname, max(fresh, SETTLED), now), checking=checking)
    if flights.of(hostname.name) is None and _younger(hostname, max(fresh, SETTLED), now):
        return stands
    return _answer(flights, hostname, stands, now)


def check_now(hostname: Hostname | None, *, active: bool, now: datetime) -> Standing:
    """The same as `look`, but what is stored counts as fresh for `COOL_DOWN` only: a person has asked."""
    stands = standing(hostname, active=active, now=now)
    if not active or hostname is None or _younger(hostname, COOL_DOWN, now):
        return stands
    return _answer(current_app.extensions["padlock_flights"], hostname, stands, now)


def _answer(flights: Flights, hostname: Hostname, stands: Standing, now: datetime) -> Standing:
    name = hostname.name
    db.session.rollback()  # no transaction is held open while waiting, and what is read afterwards is new
    flight = flights.board(name)
    if flight is not None and flights.wait_for(flight):
        if flights.failed(name):
            return _failed(stands)
        return standing(hostname, active=True, now=now)
    age = 0.0 if flight is None else time.monotonic() - flight.started
    return replace(stands, due=True, checking=True, poll_seconds=0.7 if age < 2 else 1.5)


def _failed(stands: Standing) -> Standing:
    return replace(stands, state=State.UNKNOWN, reason=Reason.MONITOR_ERROR)


def _younger(hostname: Hostname, age: timedelta, now: datetime) -> bool:
    # An answer from the future was written under another clock, which may have been set back since.
    return hostname.checked_at is not None and abs(now - hostname.checked_at) < age
