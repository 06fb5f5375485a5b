"""The runner: one thread of each process that runs what is due, whichever process added it.

A commit that adds a job wakes it, and so does every tick of the scheduler and every beat of a
worker: what a killed process left behind is run by the next one that looks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Semaphore
from typing import Any

from flask import Flask

from webapp.extensions import db
from webapp.jobs import queue
from webapp.jobs.queue import ClaimedJob, Outcome
from webapp.site import site_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Work:
    """How the jobs of a kind are run: by a function that answers with what became of it. `ready`:
    whether this process can; `about` says to an administrator for whom it is."""

    run: Callable[[ClaimedJob], Outcome]
    ready: Callable[[], bool]
    about: Callable[[dict[str, Any]], str]


class Runner:
    """The jobs that this process can run, and the thread that does."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._thread = ThreadPoolExecutor(1, "jobs")
        self._place = Semaphore()  # of the one look that waits for the thread
        self.works: dict[str, Work] = {}

    def wake(self) -> None:
        """Has the thread look for a job, unless it is about to."""
        if self._place.acquire(blocking=False):
            # A process that ends takes up nothing: the next one does
            with suppress(RuntimeError):
                self._thread.submit(self._look)

    def _look(self) -> None:
        self._place.release()  # what is added from now on needs a look of its own
        with self._app.app_context():
            try:
                if self._run_one():
                    self.wake()
            except Exception:
                log.exception("the queue of background jobs could not be read or written")
            finally:
                db.session.remove()

    def _run_one(self) -> bool:
        """Runs the job that has been due longest; False where there is none."""
        kinds = [kind for kind, work in self.works.items() if work.ready()]
        job = queue.claim(kinds, datetime.now(UTC)) if kinds else None
        if job is None:
            return False
        db.session.rollback()  # no transaction is open while it runs
        try:
            outcome = self.works[job.kind].run(job)
        except Exception as error:
            log.exception("the background job %d (%s) failed on our side", job.id, job.kind)
            outcome = Outcome("error", type(error).__name__)
        queue.finish(job, outcome, datetime.now(UTC))
        return True


def register(app: Flask) -> None:
    """Gives the site its runner. Rooms then put their work into `works`."""
    site = site_of(app)
    site.jobs = Runner(app)

    def look_for_jobs(now: datetime) -> None:
        queue.give_up(now)
        site.jobs.wake()

    site.each_tick.append(look_for_jobs)
