"""The clock of the site, inside its own process. The only module that names Flask-APScheduler.

It only ticks. What to do is read from the database each time (see `runs`), so nothing is lost when
a tick is late, and a second scheduler does no harm. Runs are worked on by background jobs, in
processes that tick.

APScheduler goes by the time of day: a job that is due at noon waits for noon, also when the clock
is set back an hour just before. So each tick is a job that is due at once, and a thread of ours
adds it that waits by the monotonic clock.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from flask import Flask

from webapp import live_settings
from webapp.extensions import db, scheduler
from webapp.jobs.queue import ClaimedJob, Outcome
from webapp.jobs.runner import Work
from webapp.monitor.refresh import runner, runs
from webapp.site import site_of, this_site
from webapp.sqlite_file import FileChanged

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
# After the start: a command that only shows the settings has ended by then
FIRST = timedelta(seconds=2)

# However late a tick is, it is worth doing, and once is enough.
_PUNCTUAL: dict[str, Any] = {
    "misfire_grace_time": None,
    "coalesce": True,
    "max_instances": 1,
    "replace_existing": True,
    "trigger": "date",
}

_stop = Event()
_starting = Lock()
_pacemaker: Thread | None = None
_threads: ThreadPoolExecutor | None = None  # what ticks run in, while there are any


def at_each_tick(app: Flask, work: Callable[[datetime], None]) -> None:
    """Has every tick do this too, inside the site, told the current time: something short, such as
    to delete what is old in small batches."""
    site_of(app).each_tick.append(work)


def register(app: Flask) -> None:
    """Has runs worked on by the processes that tick, and where a user has asked for it."""

    def run(job: ClaimedJob) -> Outcome:
        return runner.run(job, _step(app))

    site = site_of(app)
    site.jobs.works[runs.JOB] = Work(run, lambda: site.refreshes, lambda _: "", lane=runs.JOB)


def start(app: Flask) -> None:
    """Start to tick in this process, if the site is to and this is no `flask` command: those begin
    and end on their own. Once is enough, also for who calls twice."""
    global _pacemaker
    if app.config["PADLOCK_SCHEDULER"] and os.environ.get("FLASK_RUN_FROM_CLI") != "true":
        site_of(app).refreshes = True
        _start(app)
        with _starting:
            if _pacemaker is None:
                _pacemaker = Thread(target=_keep_pace, args=[app], name="pacemaker", daemon=True)
                _pacemaker.start()


def _keep_pace(app: Flask) -> None:
    """Tick every minute of the monotonic clock, however the time of day is set meanwhile."""
    pause = FIRST
    while not _stop.wait(pause.total_seconds()):
        pause = EVERY
        try:
            scheduler.add_job("tick", _tick, args=[app], run_date=datetime.now(UTC), **_PUNCTUAL)
        except Exception:
            log.exception("the scheduler's tick could not be started")


def soon() -> None:
    """Have this process work on runs at once, also where it does not tick by itself."""
    site = this_site()
    site.refreshes = True
    site.jobs.wake()


def stop() -> None:
    """Tick no more. gunicorn.conf.py calls it at the end."""
    global _pacemaker
    _stop.set()
    with _starting:
        if _pacemaker is not None:
            _pacemaker.join()
            _pacemaker = None
        if _threads is not None and scheduler.running:
            scheduler.remove_all_jobs()  # it would fail to remove one that is just through
            scheduler.shutdown(wait=False)
            _threads.shutdown(wait=True)


def _start(app: Flask) -> None:
    global _threads
    with _starting:
        if not scheduler.running:
            _stop.clear()
            _threads = ThreadPoolExecutor()
            app.config["SCHEDULER_EXECUTORS"] = {"default": _threads}
            scheduler.init_app(app)
            scheduler.start()


def _step(app: Flask) -> runner.RunStep | None:
    """How runs are worked on: by workers where there is a broker, else here."""
    if not app.config["PADLOCK_BROKER_URL"]:
        return None
    site = site_of(app)
    if site.dispatcher is None:
        from webapp.monitor.refresh import (  # Celery is loaded by those who have a broker only
            dispatch,
            workers,
        )

        site.dispatcher = dispatch.Dispatcher(workers.Broker(app))
    return site.dispatcher.step


def _tick(app: Flask) -> None:
    """One look. Whatever fails is ours: it is logged, and the next look comes all the same."""
    with app.app_context():
        try:
            live_settings.take_over()
            runner.tick(datetime.now(UTC))
        except Exception as error:
            lost = getattr(error, "orig", None)
            if isinstance(lost, FileChanged):
                log.critical(
                    "%s. Nothing is saved: stop the site, put the right file in place, start it.",
                    lost,
                )
            else:
                log.exception("the scheduler's tick failed")
        finally:
            db.session.remove()
        for work in site_of(app).each_tick:
            try:
                work(datetime.now(UTC))
            except Exception:
                log.exception("%s failed in the scheduler's tick", work.__qualname__)
            finally:
                db.session.remove()
