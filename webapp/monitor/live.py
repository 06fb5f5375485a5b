"""The answer of a cell: what is stored where that is fresh, else a flight that asks the server now.

A flight is one probe of one name, however many people look at it. One thread flies them all and only probes; another
records what they find, so a result is kept even when the viewer has gone.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app

from webapp import config, probe
from webapp.extensions import db
from webapp.monitor.asking import probe_settings
from webapp.monitor.models import Hostname, Standing, standing
from webapp.monitor.record import record
from webapp.probe import Reason, State

if TYPE_CHECKING:
    from webapp.monitor.shared import Shared

log = logging.getLogger(__name__)

PATIENCE = 0.75  # seconds from the start of a flight for which web threads wait for it
SPARE = 5.0  # seconds beside the deadline of a check for which a process that dies keeps others from asking
LOOK = 1.0  # seconds until a cell looks again whose name another process asks
MAY_WAIT = 4  # one web thread in so many waits at once: the others answer "checking" right away and stay free
# Seconds until the cells of one viewer look again for room: the first of them, from one to the next, and the last.
LINE_FIRST, LINE_APART, LINE_LAST = 3.0, 0.05, 15.0
MOST_FLIGHTS = 2000  # under way or queued: past that a cell is told to ask again later
MOST_FOR_ONE = 24  # of one viewer's: a client whose servers are all silent must not hold up everybody else
MOST_AT_ONCE = 100  # of one administrator's, who has marked a whole page
SETTLED = timedelta(seconds=5)  # an answer this young is final whatever the setting says, or no cell would ever settle
COOL_DOWN = timedelta(seconds=30)  # before "check now" asks the same server again


@dataclass(frozen=True, slots=True)
class _Flight:
    viewer: int
    started: float = field(default_factory=time.monotonic)
    landed: threading.Event = field(default_factory=threading.Event)
    # What began together must not look together.
    pace: float = field(default_factory=lambda: random.uniform(0.8, 1.3))  # noqa: S311


class Flights:
    """The flights of one site: at most one a name, at most PADLOCK_PROBE_CONCURRENCY of them in the air."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._settings = probe_settings(app.config)
        self._concurrency: int = app.config["PADLOCK_PROBE_CONCURRENCY"]
        self._crew = probe.Crew[probe.Finding](self._concurrency, "live")
        self._recorder = ThreadPoolExecutor(1, thread_name_prefix="record")
        self._lock = threading.Lock()
        self._flights: dict[str, _Flight] = {}
        self._shared: Shared | None = app.extensions["padlock_shared"]
        self._leases: dict[str, Any] = {}
        self._elsewhere: dict[str, float] = {}  # names that another process was asking, and until when we believe it
        self._failed: dict[str, float] = {}  # names whose last flight failed on our side, and when
        self._waiting = threading.BoundedSemaphore(max(1, app.config["PADLOCK_THREADS"] // MAY_WAIT))
        self._turns: dict[int, float] = {}  # when the last in the line of a viewer looks again

    def of(self, name: str) -> _Flight | None:
        """The flight of this name that is under way."""
        with self._lock:
            return self._flights.get(name)

    def board(self, name: str, viewer: int, most: int | None = None) -> _Flight | None:
        """The flight of this name, started for `viewer` where there is none yet. None: too many are under way."""
        with self._lock:
            flight = self._flights.get(name)
            if flight is not None or self._full_for(viewer, most):
                return flight
            flight = self._flights[name] = _Flight(viewer)
        if not self._may_fly(name):
            self._end(name, flight, failed=False)
            return flight
        try:
            asked = self._crew.submit(probe.probe(name, self._settings))
        except (RuntimeError, OSError):  # no thread or no descriptor left
            log.exception("%s cannot be asked", name)
            self._end(name, flight, failed=True)
        else:
            asked.add_done_callback(lambda answer: self._hand_over(name, flight, answer))
        return flight

    def _may_fly(self, name: str) -> bool:
        """Whether no other process is asking this name."""
        if self._shared is None:
            return True
        with self._lock:
            turns = 1 + len(self._flights) // self._concurrency  # it may stand in line before it is asked
        lease = self._shared.lease(f"flight:{name}", turns * self._settings.timeout + SPARE)
        with self._lock:
            if lease is None:
                now = time.monotonic()
                self._elsewhere = {other: at for other, at in self._elsewhere.items() if at > now} | {name: now + LOOK}
            else:
                self._leases[name] = lease
        return lease is not None

    def elsewhere(self, name: str) -> bool:
        """Whether another process was asking this name a moment ago."""
        with self._lock:
            return time.monotonic() < self._elsewhere.get(name, 0.0)

    def full_for(self, viewer: int) -> bool:
        """Whether no further flight is started for this viewer now."""
        with self._lock:
            return self._full_for(viewer)

    def _full_for(self, viewer: int, most: int | None = None) -> bool:
        flights, theirs = self._flights.values(), MOST_FOR_ONE if most is None else most
        return len(flights) >= MOST_FLIGHTS or sum(flight.viewer == viewer for flight in flights) >= theirs

    def turn(self, viewer: int) -> float:
        """Seconds until a cell that has found no room looks again: one after the other, or a long line would ask more
        often than the site can answer."""
        now = time.monotonic()
        with self._lock:
            self._turns = {other: at for other, at in self._turns.items() if at > now}
            at = max(now + LINE_FIRST, self._turns.get(viewer, 0.0) + LINE_APART)
            self._turns[viewer] = at = min(at, now + LINE_LAST)
        return at - now

    def wait_for(self, flight: _Flight) -> bool:
        """Until it has landed, for its first `PATIENCE` at most; not at all when enough others are waiting. Whether it
        has landed, or was waited for: the transaction has ended then."""
        left = PATIENCE - (time.monotonic() - flight.started)
        landed = flight.landed.is_set()
        if not landed and (left <= 0 or not self._waiting.acquire(blocking=False)):
            return False
        db.session.rollback()  # no transaction is held open while waiting
        if not landed:
            try:
                flight.landed.wait(left)
            finally:
                self._waiting.release()
        return True

    def failed(self, name: str) -> bool:
        """Whether the last flight of this name failed on our side, within the cool-down."""
        with self._lock:
            return time.monotonic() - self._failed.get(name, -1e9) < COOL_DOWN.total_seconds()

    def close(self) -> None:
        """Drop what is in the air, and record what has landed."""
        self._crew.close()
        self._recorder.shutdown()

    def _hand_over(self, name: str, flight: _Flight, answer: Future[probe.Finding]) -> None:
        try:
            self._recorder.submit(self._record, name, flight, answer)
        except RuntimeError:  # no thread left for the recorder
            log.exception("the answer for %s cannot be recorded", name)
            self._end(name, flight, failed=True)

    def _record(self, name: str, flight: _Flight, answer: Future[probe.Finding]) -> None:
        failed = True
        try:
            finding = answer.result()
            with self._app.app_context():
                record(finding, datetime.now(UTC))
            failed = finding.reason is Reason.MONITOR_ERROR
        except Exception:
            log.exception("the answer for %s could not be recorded", name)
        finally:
            self._end(name, flight, failed=failed)

    def _end(self, name: str, flight: _Flight, *, failed: bool) -> None:
        with self._lock:
            lease = self._leases.pop(name, None)
        if self._shared is not None and lease is not None:
            self._shared.give_back(lease)
        with self._lock:
            if self._flights.get(name) is flight:  # it may end twice: queued, though the recorder had no thread
                del self._flights[name]
            self._failed.pop(name, None)
            if failed:
                now = time.monotonic()
                cool = COOL_DOWN.total_seconds()
                self._failed = {other: at for other, at in self._failed.items() if now - at < cool} | {name: now}
        flight.landed.set()


def register(app: Flask) -> None:
    """Give the site its flights. No thread starts before the first of them."""
    app.extensions["padlock_shared"] = _shared(app)
    app.extensions["padlock_flights"] = Flights(app)


def _shared(app: Flask) -> Shared | None:
    url = app.config["PADLOCK_BROKER_URL"]
    if not url:
        return None
    from webapp.monitor.shared import Shared  # Redis is loaded by those who have a broker only

    return Shared(url, config.broker_tls(app.config))


def known(hostname: Hostname | None, *, active: bool, viewer: int, now: datetime) -> Standing:
    """What the cell of an item says from what is stored, at once. `due`: nothing fresh is known, a cell may ask.
    `checking`: it is being asked, or will be when there is room; look again in `poll_seconds`."""
    stands = standing(hostname, active=active, now=now)
    if not active or hostname is None:
        return stands
    flights = _flights()
    flight = flights.of(hostname.name)
    if flight is not None:
        age = time.monotonic() - flight.started
        return replace(stands, due=True, checking=True, poll_seconds=flight.pace * min(max(0.7, age / 2), 3.0))
    if _stale(hostname, now) and flights.elsewhere(hostname.name):
        return replace(stands, due=True, checking=True, poll_seconds=LOOK)
    if flights.failed(hostname.name):
        return replace(stands, state=State.UNKNOWN, reason=Reason.MONITOR_ERROR)
    if not _stale(hostname, now):
        return stands
    full = flights.full_for(viewer)
    return replace(stands, due=True, checking=full, poll_seconds=flights.turn(viewer) if full else 0.0)


def ask(hostname: Hostname | None, *, active: bool, viewer: int, now: datetime) -> bool:
    """Start or join the flight of an item about which nothing fresh is known, and wait for it, `PATIENCE` at most.

    Whether it has landed or was waited for: the transaction has ended then, and what was read is to be read anew.
    """
    return active and hostname is not None and _stale(hostname, now) and _fly(hostname.name, viewer)


def ask_anew(hostname: Hostname | None, *, active: bool, viewer: int, now: datetime) -> bool:
    """The same, but what is stored counts as fresh for `COOL_DOWN` only: a person has asked."""
    return active and hostname is not None and not _younger(hostname, COOL_DOWN, now) and _fly(hostname.name, viewer)


def start(hostnames: Iterable[Hostname], *, viewer: int, now: datetime) -> int:
    """Starts or joins the flights of these host names and waits for none of them: how many are in the air now. A person
    has asked for each, so what is younger than `COOL_DOWN` is left as it is."""
    names = [hostname.name for hostname in hostnames if not _younger(hostname, COOL_DOWN, now)]
    flights = _flights()
    return sum(flights.board(name, viewer, MOST_AT_ONCE) is not None for name in names if not flights.failed(name))


def _fly(name: str, viewer: int) -> bool:
    flights = _flights()
    flight = None if flights.failed(name) else flights.board(name, viewer)
    return flight is not None and flights.wait_for(flight)


def _flights() -> Flights:
    flights: Flights = current_app.extensions["padlock_flights"]
    return flights


def _stale(hostname: Hostname, now: datetime) -> bool:
    fresh = timedelta(seconds=current_app.config["PADLOCK_FRESH_SECONDS"])
    return not _younger(hostname, max(fresh, SETTLED), now)


def _younger(hostname: Hostname, age: timedelta, now: datetime) -> bool:
    # An answer from the future was written under another clock, which may have been set back since.
    return hostname.checked_at is not None and abs(now - hostname.checked_at) < age
