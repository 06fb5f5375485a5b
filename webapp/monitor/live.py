"""Cells: the stored result where it is fresh, else a check of the server, started now.

A check is one probe of one name, however many people look at it. One thread runs all checks and
only probes; another records what they find, so a result is kept even when the viewer has gone.
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

from webapp import probe
from webapp.config import broker
from webapp.extensions import db
from webapp.monitor.models import Standing, Target, standing
from webapp.monitor.probing import probe_settings
from webapp.monitor.results import record
from webapp.probe import Reason, State
from webapp.site import site_of, this_site

if TYPE_CHECKING:
    from webapp.monitor.redis import Shared

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
# An answer this young is final whatever the setting says, or no cell would ever settle
SETTLED = timedelta(seconds=5)
COOL_DOWN = timedelta(seconds=30)  # before "check now" asks the same server again


@dataclass(frozen=True, slots=True)
class _Check:
    viewer: int
    started: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    # What began together must not look together.
    pace: float = field(default_factory=lambda: random.uniform(0.8, 1.3))  # noqa: S311


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
        self._shared = site_of(app).shared
        self._leases: dict[str, Any] = {}
        # Names that another process was asking, and until when we believe it
        self._elsewhere: dict[str, float] = {}
        self._failed: dict[str, float] = {}  # names whose last check failed on our side, and when
        self._waiting = threading.BoundedSemaphore(
            max(1, app.config["PADLOCK_THREADS"] // THREADS_PER_WAITER)
        )
        self._turns: dict[int, float] = {}  # when the last in the line of a viewer looks again

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
        if self._shared is None:
            return True
        with self._lock:
            # It may wait in the queue before it is asked
            turns = 1 + len(self._checks) // self._concurrency
        lease = self._shared.lease(
            f"check:{name}", turns * self._settings.timeout + LEASE_MARGIN_SECONDS
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

    def turn(self, viewer: int) -> float:
        """Seconds until a cell that has found no room looks again: one after the other, or a long
        line would ask more often than the site can answer."""
        now = time.monotonic()
        with self._lock:
            self._turns = {other: at for other, at in self._turns.items() if at > now}
            at = max(now + QUEUE_FIRST_SECONDS, self._turns.get(viewer, 0.0) + QUEUE_STEP_SECONDS)
            self._turns[viewer] = at = min(at, now + QUEUE_LAST_SECONDS)
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
        if self._shared is not None and lease is not None:
            self._shared.give_back(lease)
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


def register(app: Flask) -> None:
    """Give the site its checks. No thread starts before the first of them."""
    site = site_of(app)
    site.shared = _shared(app)
    site.checks = Checks(app)


def _shared(app: Flask) -> Shared | None:
    url = app.config["PADLOCK_BROKER_URL"]
    if not url:
        return None
    from webapp.monitor.redis import Shared  # Redis is loaded by those who have a broker only

    return Shared(url, broker.broker_tls(app.config))


def known(target: Target | None, *, active: bool, viewer: int, now: datetime) -> Standing:
    """What the cell of an item says from what is stored, at once.

    `due`: nothing fresh is known, a cell may ask. `checking`: it is being asked, or will be when
    there is room; look again in `poll_seconds`.
    """
    stands = standing(target, active=active, now=now)
    if not active or target is None:
        return stands
    checks = _checks()
    check = checks.of(target.authority)
    if check is not None:
        age = time.monotonic() - check.started
        return replace(
            stands, due=True, checking=True, poll_seconds=check.pace * min(max(0.7, age / 2), 3.0)
        )
    if _stale(target, now) and checks.elsewhere(target.authority):
        return replace(stands, due=True, checking=True, poll_seconds=ELSEWHERE_POLL_SECONDS)
    if checks.failed(target.authority):
        return replace(stands, state=State.UNKNOWN, reason=Reason.MONITOR_ERROR)
    if not _stale(target, now):
        return stands
    full = checks.full_for(viewer)
    return replace(
        stands, due=True, checking=full, poll_seconds=checks.turn(viewer) if full else 0.0
    )


def ask(target: Target | None, *, active: bool, viewer: int, now: datetime) -> bool:
    """Start or join the check of an item about which nothing fresh is known, and wait for it,
    `WEB_WAIT_SECONDS` at most.

    Whether it is done or was waited for: the transaction has ended then, and what was read is to be
    read again.
    """
    return (
        active
        and target is not None
        and _stale(target, now)
        and _start_and_wait(target.authority, viewer)
    )


def ask_anew(target: Target | None, *, active: bool, viewer: int, now: datetime) -> bool:
    """The same, but what is stored counts as fresh for `COOL_DOWN` only: a person has asked."""
    return (
        active
        and target is not None
        and not _younger(target, COOL_DOWN, now)
        and _start_and_wait(target.authority, viewer)
    )


def start(targets: Iterable[Target], *, viewer: int, now: datetime) -> int:
    """Starts or joins the checks of these host names and waits for none of them: how many are in
    progress now. A person has asked for each, so what is younger than `COOL_DOWN` is left as it
    is."""
    names = [target.authority for target in targets if not _younger(target, COOL_DOWN, now)]
    checks = _checks()
    return sum(
        checks.start(name, viewer, MOST_CHECKS_OF_ADMINISTRATOR) is not None
        for name in names
        if not checks.failed(name)
    )


def _start_and_wait(name: str, viewer: int) -> bool:
    checks = _checks()
    check = None if checks.failed(name) else checks.start(name, viewer)
    return check is not None and checks.wait_for(check)


def _checks() -> Checks:
    return this_site().checks


def _stale(target: Target, now: datetime) -> bool:
    fresh = timedelta(seconds=current_app.config["PADLOCK_FRESH_SECONDS"])
    return not _younger(target, max(fresh, SETTLED), now)


def _younger(target: Target, age: timedelta, now: datetime) -> bool:
    # An answer from the future was written under another clock, which may have been set back since.
    return target.checked_at is not None and abs(now - target.checked_at) < age
