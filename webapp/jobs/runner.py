"""The runner: threads of each process that run what is due, whichever process added it.

A commit that adds a job wakes it, and so does every tick of the scheduler and every beat of a
worker: what a killed process left behind is run by the next one that looks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock, Thread
from typing import Any

from flask import Flask

from webapp.extensions import db
from webapp.jobs import queue
from webapp.jobs.queue import ClaimedJob, Outcome
from webapp.site import site_of

log = logging.getLogger(__name__)

SHORT = "short"  # the lane of work that takes seconds, such as a mail: one thread for all of it
STOP_SECONDS = 2.0  # in which long work may let go of what else it holds, before its process ends


@dataclass(frozen=True, slots=True)
class Work:
    """How the jobs of a kind are run: by a function that answers with what became of it. `ready`:
    whether this process can; `about` says to an administrator for whom it is.

    Kinds of the same `lane` share its threads, `at_once` of them. Work of any other lane than
    `SHORT` may be long: it saves its progress, by which it learns that it has to stop.
    """

    run: Callable[[ClaimedJob], Outcome]
    ready: Callable[[], bool]
    about: Callable[[dict[str, Any]], str]
    lane: str = SHORT
    at_once: int = 1


@dataclass(slots=True)
class Lane:
    """The threads of a lane: how many there are, and whether one of them has to look again."""

    threads: int = 0
    asked: bool = False
    claimed: dict[int, ClaimedJob] = field(default_factory=dict)  # by id: what they run now


class Runner:
    """The jobs that this process can run, and the threads that do. They end when nothing is due,
    and do not keep the process from ending."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._lock = Lock()
        self._lanes: dict[str, Lane] = {}
        self.works: dict[str, Work] = {}
        self.stopping = Event()  # this process ends: long work lets go

    def wake(self) -> None:
        """Has each lane look for a job."""
        for name in {work.lane for work in self.works.values()}:
            self._wake(name)

    def stop(self) -> None:
        """Lets go of all long work, so that another process takes it up at once."""
        self.stopping.set()
        with self._app.app_context():
            try:
                queue.let_go(self._long_work(), datetime.now(UTC))
            except Exception:
                log.exception("background jobs of this process wait until their claims expire")
        until = time.monotonic() + STOP_SECONDS
        while self._long_work() and time.monotonic() < until:
            time.sleep(0.05)

    def _long_work(self) -> list[ClaimedJob]:
        with self._lock:
            return [
                job
                for name, lane in self._lanes.items()
                if name != SHORT  # it is about to end, and must not be done twice
                for job in lane.claimed.values()
            ]

    def _wake(self, name: str) -> None:
        at_once = max(work.at_once for work in self.works.values() if work.lane == name)
        with self._lock:
            lane = self._lanes.setdefault(name, Lane())
            lane.asked = True
            if lane.threads >= at_once or self.stopping.is_set():
                return
            lane.threads += 1
        try:
            Thread(target=self._work, args=(name, lane), name=f"jobs {name}", daemon=True).start()
        except RuntimeError:  # no thread left: the next tick tries again
            with self._lock:
                lane.threads -= 1

    def _work(self, name: str, lane: Lane) -> None:
        """Runs one job after the other until nothing is due."""
        while self._goes_on(lane):
            with self._app.app_context():
                try:
                    self._run_one(name, lane)
                except Exception:
                    log.exception("the queue of background jobs could not be read or written")
                finally:
                    db.session.remove()

    def _goes_on(self, lane: Lane) -> bool:
        """Whether this thread looks again; else it is gone from the lane."""
        with self._lock:
            if lane.asked and not self.stopping.is_set():
                lane.asked = False
                return True
            lane.threads -= 1
            return False

    def _run_one(self, name: str, lane: Lane) -> None:
        """Runs the job that has been due longest, where there is one."""
        kinds = [kind for kind, work in self.works.items() if work.lane == name and work.ready()]
        job = queue.claim(kinds, datetime.now(UTC)) if kinds else None
        if job is None:
            return
        with self._lock:
            lane.claimed[job.id] = job
        self._wake(name)  # a second one may be due, for this thread or for one beside it
        db.session.rollback()  # no transaction is open while it runs
        try:
            outcome = self.works[job.kind].run(job)
        except Exception as error:
            log.exception("the background job %d (%s) failed on our side", job.id, job.kind)
            outcome = Outcome("error", type(error).__name__)
        try:
            queue.finish(job, outcome, datetime.now(UTC))
        finally:
            with self._lock:
                del lane.claimed[job.id]
                lane.asked = True  # it may have been added again, when no one could claim it


def register(app: Flask) -> None:
    """Gives the site its runner. Rooms then put their work into `works`."""
    site = site_of(app)
    site.jobs = Runner(app)

    def look_for_jobs(now: datetime) -> None:
        queue.give_up(now)
        site.jobs.wake()

    site.each_tick.append(look_for_jobs)
