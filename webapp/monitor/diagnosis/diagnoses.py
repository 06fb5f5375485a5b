"""Diagnoses in memory, running or a few minutes old: each in a thread that adds its steps.

Where there is a broker, other processes of the site can read along, see `showing`. One at a time
for a name: a second viewer watches the same one. Its verdict is recorded like any check.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Flask

from webapp.monitor.diagnosis.model import KEPT_SECONDS, Diagnosis
from webapp.monitor.probing import probe_settings
from webapp.monitor.results import record
from webapp.probe.steps import Origin, OriginAsked, Step, Verdict
from webapp.site import site_of, this_site

if TYPE_CHECKING:
    from webapp.monitor.diagnosis.showing import Showing
    from webapp.probe import Settings

log = logging.getLogger(__name__)

MOST_RUNNING = 4  # in progress; the others wait in the queue
MOST_QUEUED = 40
MOST_OF_VIEWER = 3  # of one viewer's, in progress or in the queue
MOST_KEPT = 200

Remember = Callable[[Origin], None]


def diagnose(name: str, settings: Settings, server: str | None) -> Iterator[Step]:
    """See `probe.diagnosis.diagnose`."""
    # The first who wants one loads requests and a DNS client: they take a tenth of the start of the
    # site.
    from webapp.probe import diagnosis

    return diagnosis.diagnose(name, settings, server)


class Diagnoses:
    """Those of one site."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(MOST_RUNNING)
        self._known: dict[tuple[str, str | None], Diagnosis] = {}
        self._showing: Showing | None = None
        if shared := site_of(app).shared:
            from webapp.monitor.diagnosis.showing import (
                Showing,  # what it needs is loaded by those who have a broker only
            )

            self._showing = Showing(shared)

    def of(self, name: str, server: str | None) -> Diagnosis | None:
        """The one of this name for this server: under way, or of the last minutes."""
        with self._lock:
            self._forget()
            known = self._known.get((name, server))
        if self._showing is None or (known is not None and known.running):
            return known
        return self._showing.of(name, server) or known

    def start(self, name: str, server: str | None, viewer: int, remember: Remember) -> bool:
        """Starts one unless it is under way or has just been done; `remember` is told where the
        name leads, seen from `server`. False where there is no room now, or the same name is being
        asked for another server."""
        known = self.of(name, server)
        if known is not None and known.fresh:
            return True
        with self._lock:
            known = self._known.get((name, server))
            if known is not None and known.fresh:
                return True
            under_way = [one for one in self._known.values() if one.running]
            of_viewer = sum(one.viewer == viewer for one in under_way)
            if (
                any(one.name == name for one in under_way)
                or len(under_way) >= MOST_RUNNING + MOST_QUEUED
            ):
                return False
            if of_viewer >= MOST_OF_VIEWER:
                return False
            diagnosis = self._known[name, server] = Diagnosis(
                name, server, viewer, datetime.now(UTC)
            )
        if self._showing is not None and not self._showing.begin(diagnosis):
            with self._lock:
                del self._known[name, server]
            return False
        try:
            threading.Thread(
                target=self._work, args=(diagnosis, remember), name=f"diagnose {name}", daemon=True
            ).start()
        except RuntimeError:  # no thread left
            log.exception("%s cannot be diagnosed", name)
            diagnosis.failed = True
            self._end(diagnosis)
        return True

    def _work(self, diagnosis: Diagnosis, remember: Remember) -> None:
        try:
            with self._room:
                for step in diagnose(
                    diagnosis.name, probe_settings(self._app.config), diagnosis.server
                ):
                    diagnosis.steps.append(step)
                    if self._showing is not None:
                        self._showing.add(diagnosis, step)
                    self._keep(step, remember)
        except Exception:
            log.exception("the diagnosis of %s failed", diagnosis.name)
            diagnosis.failed = True
        finally:
            self._end(diagnosis)

    def _keep(self, step: Step, remember: Remember) -> None:
        with self._app.app_context():
            if isinstance(step, Verdict) and step.finding.hostname is not None:
                record(step.finding, datetime.now(UTC))
            elif isinstance(step, OriginAsked):
                remember(step.origin)

    def _end(self, diagnosis: Diagnosis) -> None:
        diagnosis.ended = time.monotonic()
        diagnosis.running = False
        if self._showing is not None:
            self._showing.end(diagnosis)

    def _forget(self) -> None:
        """What is too old, or too much, the oldest first."""
        now = time.monotonic()
        old = [
            key
            for key, one in self._known.items()
            if not one.running and now - one.ended > KEPT_SECONDS
        ]
        ended = sorted(
            (one.ended, key)
            for key, one in self._known.items()
            if not one.running and key not in old
        )
        for key in [*old, *(key for _, key in ended[: max(0, len(ended) - MOST_KEPT)])]:
            del self._known[key]


def register(app: Flask) -> None:
    """Gives the site its diagnoses."""
    site_of(app).diagnoses = Diagnoses(app)


def _diagnoses() -> Diagnoses:
    return this_site().diagnoses


def start(name: str, server: str | None, viewer: int, remember: Remember) -> bool:
    """See `Diagnoses.start`."""
    return _diagnoses().start(name, server, viewer, remember)


def of(name: str, server: str | None) -> Diagnosis | None:
    """See `Diagnoses.of`."""
    return _diagnoses().of(name, server)


def steps_from(diagnosis: Diagnosis, first: int) -> tuple[Sequence[Step], bool]:
    """The steps from number `first` on, and whether more will come: asked in that order, none is
    missed."""
    running = diagnosis.running
    return diagnosis.steps[first:], running
