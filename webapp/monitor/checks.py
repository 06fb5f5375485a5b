"""The checks that cells have started and that are in progress.

A check is one probe of one name, however many people look at it. One thread runs all checks and
only probes; another records what they find, so a result is kept even when the viewer has gone.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask

from webapp import probe
from webapp.extensions import db
from webapp.monitor.probing import probe_settings
from webapp.monitor.results import record
from webapp.probe import Reason
from webapp.site import site_of

log = logging.getLogger(__name__)

WEB_WAIT_SECONDS = 0.75  # seconds from the start of a check for which web threads wait for it
# Seconds beside the deadline of a check for which a process that dies keeps others from asking
LEASE_MARGIN_SECONDS = 5.0
ELSEWHERE_POLL_SECONDS = 1.0  # seconds until a cell looks again whose name another process asks
# One web thread in so many waits at once: the others answer "checking" right away and stay free
THREADS_PER_WAITER = 4
# Seconds until the cells of one viewer look again for room: the first of them, from one to the
# next, and the last.
QUEUE_FIRST_SECONDS = 3.0
QUEUE_STEP_SECONDS = 0.05
QUEUE_LAST_SECONDS = 15.0
MOST_CHECKS = 2000  # under way or queued: past that a cell is told to ask again later
# Of one viewer's: a client whose servers are all silent must not hold up everybody else
MOST_CHECKS_OF_VIEWER = 24
MOST_CHECKS_OF_ADMINISTRATOR = 100  # of one administrator's, who has marked a whole page
COOL_DOWN = timedelta(seconds=30)  # before "check now" asks the same server again


@dataclass(frozen=True, slots=True)
class _Check:
    viewer: int
    started: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    # Cells that began together must not poll together
    jitter: float = field(default_factory=lambda: random.uniform(0.8, 1.3))  # noqa: S311


class Checks:
    """The checks of one site: at most one a target, at most PADLOCK_PROBE_CONCURRENCY of them in
    progress."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._settings = probe_settings(app.config)
        self._concurrency: int = app.config["PADLOCK_PROBE_CONCURRENCY"]
        self._crew = probe.Crew[probe.Finding](self._concurrency, "live")
        self._recorder = ThreadPoolExecutor(1, thread_name_prefix="record")
        self._lock = threading.Lock()
        self._checks: dict[str, _Check] = {}
        self._redis = site_of(app).redis
        self._leases: dict[str, Any] = {}
        # Names that another process was asking, and until when we believe it
        self._elsewhere: dict[str, float] = {}
        self._failed: dict[str, float] = {}  # names whose last check failed on our side, and when
        self._waiting = threading.BoundedSemaphore(
            max(1, app.config["PADLOCK_THREADS"] // THREADS_PER_WAITER)
        )
        self._queue_ends: dict[int, float] = {}  # when the last queued cell of a viewer polls

    def of(self, name: str) -> _Check | None:
        """The check of this name that is under way."""
        with self._lock:
            return self._checks.get(name)

    def start(self, name: str, viewer: int, most: int | None = None) -> _Check | None:
        """The check of this name, started for `viewer` where there is none yet.

        None: too many are under way.
        """
        with self._lock:
            check = self._checks.get(name)
            if check is not None or self._full_for(viewer, most):
                return check
            check = self._checks[name] = _Check(viewer)
        if not self._may_start(name):
            self._end(name, check, failed=False)
            return check
        try:
            asked = self._crew.submit(probe.probe(name, self._settings))
        except (RuntimeError, OSError):  # no thread or no descriptor left
            log.exception("%s cannot be asked", name)
            self._end(name, check, failed=True)
        else:
            asked.add_done_callback(lambda answer: self._hand_over(name, check, answer))
        return check

    def _may_start(self, name: str) -> bool:
        """Whether no other process is asking this name."""
        if self._redis is None:
            return True
        with self._lock:
            # It may wait in the queue before it is asked
            rounds = 1 + len(self._checks) // self._concurrency
        lease = self._redis.lease(
            f"check:{name}", rounds * self._settings.timeout + LEASE_MARGIN_SECONDS
        )
        with self._lock:
            if lease is None:
                now = time.monotonic()
                self._elsewhere = {
                    other: at for other, at in self._elsewhere.items() if at > now
                } | {name: now + ELSEWHERE_POLL_SECONDS}
            else:
                self._leases[name] = lease
        return lease is not None

    def elsewhere(self, name: str) -> bool:
        """Whether another process was asking this name a moment ago."""
        with self._lock:
            return time.monotonic() < self._elsewhere.get(name, 0.0)

    def full_for(self, viewer: int) -> bool:
        """Whether no further check is started for this viewer now."""
        with self._lock:
            return self._full_for(viewer)

    def _full_for(self, viewer: int, most: int | None = None) -> bool:
        checks = self._checks.values()
        theirs = MOST_CHECKS_OF_VIEWER if most is None else most
        return (
            len(checks) >= MOST_CHECKS or sum(check.viewer == viewer for check in checks) >= theirs
        )

    def queue_seconds(self, viewer: int) -> float:
        """Seconds until a cell that found no room polls again: one after the other, or a long
        queue would ask more often than the site can answer."""
        now = time.monotonic()
        with self._lock:
            self._queue_ends = {other: at for other, at in self._queue_ends.items() if at > now}
            at = max(
                now + QUEUE_FIRST_SECONDS, self._queue_ends.get(viewer, 0.0) + QUEUE_STEP_SECONDS
            )
            self._queue_ends[viewer] = at = min(at, now + QUEUE_LAST_SECONDS)
        return at - now

    def wait_for(self, check: _Check) -> bool:
        """Until it is done, for its first `WEB_WAIT_SECONDS` at most; not at all when enough others
        are waiting. Whether it is done, or was waited for: the transaction has ended then."""
        left = WEB_WAIT_SECONDS - (time.monotonic() - check.started)
        done = check.done.is_set()
        if not done and (left <= 0 or not self._waiting.acquire(blocking=False)):
            return False
        db.session.rollback()  # no transaction is held open while waiting
        if not done:
            try:
                check.done.wait(left)
            finally:
                self._waiting.release()
        return True

    def failed(self, name: str) -> bool:
        """Whether the last check of this name failed on our side, within the cool-down."""
        with self._lock:
            return time.monotonic() - self._failed.get(name, -1e9) < COOL_DOWN.total_seconds()

    def close(self) -> None:
        """Drop what is in progress, and record what is done."""
        self._crew.close()
        self._recorder.shutdown()

    def _hand_over(self, name: str, check: _Check, answer: Future[probe.Finding]) -> None:
        try:
            self._recorder.submit(self._record, name, check, answer)
        except RuntimeError:  # no thread left for the recorder
            log.exception("the answer for %s cannot be recorded", name)
            self._end(name, check, failed=True)

    def _record(self, name: str, check: _Check, answer: Future[probe.Finding]) -> None:
        failed = True
        try:
            finding = answer.result()
            with self._app.app_context():
                record(finding, datetime.now(UTC))
            failed = finding.reason is Reason.MONITOR_ERROR
        except Exception:
            log.exception("the answer for %s could not be recorded", name)
        finally:
            self._end(name, check, failed=failed)

    def _end(self, name: str, check: _Check, *, failed: bool) -> None:
        with self._lock:
            lease = self._leases.pop(name, None)
        if self._redis is not None and lease is not None:
            self._redis.give_back(lease)
        with self._lock:
            # It may end twice: queued, though the recorder had no thread
            if self._checks.get(name) is check:
                del self._checks[name]
            self._failed.pop(name, None)
            if failed:
                now = time.monotonic()
                cool = COOL_DOWN.total_seconds()
                self._failed = {
                    other: at for other, at in self._failed.items() if now - at < cool
                } | {name: now}
        check.done.set()
