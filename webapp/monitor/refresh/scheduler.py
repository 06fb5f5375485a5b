"""The clock of the site, inside its own process. The only module that names Flask-APScheduler.

The job only ticks. What to do is read from the database each time (see `runs`), so nothing is lost
when a tick is late, and a second scheduler does no harm.

APScheduler goes by the time of day: a job that is due at noon waits for noon, also when the clock
is set back an hour just before. So each tick is a job that is due at once, and a thread of ours
adds it that waits by the monotonic clock.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from flask import Flask, current_app

from webapp import live_settings
from webapp.extensions import db, scheduler
from webapp.monitor.refresh import runner, runs
from webapp.site import site_of
from webapp.sqlite_file import FileChanged

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
# After the start: a command that only shows the settings has ended by then
FIRST = timedelta(seconds=2)
# Seconds that a tick goes on taking up work; the next one goes on from there
MAX_TICK_SECONDS = 40.0
# Between ticks while a run is under way elsewhere: its process may have died
WATCHED = timedelta(seconds=5)
SOON = timedelta(seconds=0.5)

# However late a tick is, it is worth doing, and once is enough.
_PUNCTUAL = {
    "misfire_grace_time": None,
    "coalesce": True,
    "max_instances": 1,
    "replace_existing": True,
}

_stop = Event()
_starting = Lock()
_pacemaker: Thread | None = None
_watch = Event()  # set while a run is under way that another process holds
_threads: ThreadPoolExecutor | None = None  # what ticks run in, while there are any


def at_each_tick(app: Flask, work: Callable[[datetime], None]) -> None:
    """Has every tick do this too, inside the site, told the current time: something short, such as
    to delete what is old in small batches."""
    site_of(app).each_tick.append(work)


def start(app: Flask) -> None:
    """Start to tick in this process, if the site is to and this is no `flask` command: those begin
    and end on their own. Once is enough, also for who calls twice."""
    global _pacemaker
    if app.config["PADLOCK_SCHEDULER"] and os.environ.get("FLASK_RUN_FROM_CLI") != "true":
        _start(app)
        with _starting:
            if _pacemaker is None:
                _pacemaker = Thread(target=_keep_pace, args=[app], name="pacemaker", daemon=True)
                _pacemaker.start()


def _keep_pace(app: Flask) -> None:
    """Tick every minute of the monotonic clock, however the time of day is set meanwhile."""
    next_at = time.monotonic() + FIRST.total_seconds()
    while not _stop.wait(max(0.0, min(next_at - time.monotonic(), WATCHED.total_seconds()))):
        if time.monotonic() < next_at and not _watch.is_set():
            continue
        next_at = time.monotonic() + EVERY.total_seconds()
        try:
            _tick_in(app, timedelta(0), "tick", 1)
        except Exception:
            log.exception("the scheduler's tick could not be started")


def soon() -> None:
    """Look at once whether there is something to do, also where this process does not tick by
    itself."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    _start(app)
    _tick_in(app, timedelta(0))


def stop() -> None:
    """Let go of what is under way, within a second or two, and tick no more. gunicorn.conf.py calls
    it at the end."""
    global _pacemaker
    _stop.set()
    with _starting:
        if _pacemaker is not None:
            _pacemaker.join()
            _pacemaker = None
        if _threads is not None and scheduler.running:
            scheduler.remove_all_jobs()  # it would fail to remove one that is just through
            # It must not wait itself: it would hold a lock that a tick which puts off the next one
            # needs to end.
            scheduler.shutdown(wait=False)
            _threads.shutdown(wait=True)
            scheduler.remove_all_jobs()  # what such a tick has put off


def _start(app: Flask) -> None:
    global _threads
    with _starting:
        if not scheduler.running:
            _stop.clear()
            _threads = ThreadPoolExecutor()
            app.config["SCHEDULER_EXECUTORS"] = {"default": _threads}
            scheduler.init_app(app)
            scheduler.start()


def _tick_in(app: Flask, delay: timedelta, name: str = "tick soon", at_once: int = 2) -> None:
    """One tick, by a job of this name.

    Two of them at once where the next must not be dropped while the last one ends: a run is worked
    on by one of them only.
    """
    when: dict[str, Any] = {"trigger": "date", "run_date": datetime.now(UTC) + delay}
    scheduler.add_job(name, _tick, args=[app], **when, **_PUNCTUAL | {"max_instances": at_once})


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
    more = False
    _watch.clear()
    with app.app_context():
        try:
            live_settings.take_over()
            more = runner.tick(_stop, MAX_TICK_SECONDS, step=_step(app))
            if runs.held_elsewhere():
                _watch.set()
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
    if more:
        _tick_in(app, SOON)
