"""The clock of the site, inside its own process. The only module that names Flask-APScheduler.

The job only ticks. What is to be done is read from the database each time (see `runs`), so nothing is lost when a tick
is late, and a second scheduler does no harm.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Lock
from typing import Any

from apscheduler.executors.pool import ThreadPoolExecutor
from flask import Flask, current_app

from webapp.extensions import db, scheduler
from webapp.monitor import refresh

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
FIRST = timedelta(seconds=2)  # after the start: whoever only looks at the settings has gone by then
AT_MOST = 40.0  # seconds that a tick goes on taking up work; the next one goes on from there
SOON = timedelta(seconds=0.5)

# However late a tick is, it is worth doing, and once is enough.
_PUNCTUAL = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1, "replace_existing": True}

_stop = Event()
_starting = Lock()
_threads: ThreadPoolExecutor | None = None  # what ticks run in, while there are any


def at_each_tick(app: Flask, work: Callable[[datetime], None]) -> None:
    """Has every tick do this too, inside the site, told the current time: something short, such as to delete what is
    old in small batches."""
    app.extensions.setdefault("padlock_each_tick", []).append(work)


def start(app: Flask) -> None:
    """Start to tick in this process, if the site is to and this is no `flask` command: those begin and end on their
    own. Once is enough, also for who calls twice."""
    if app.config["PADLOCK_SCHEDULER"] and os.environ.get("FLASK_RUN_FROM_CLI") != "true":
        _start(app)
        first = datetime.now(UTC) + FIRST
        every = {"trigger": "interval", "seconds": EVERY.total_seconds(), "next_run_time": first}
        scheduler.add_job("tick", _tick, args=[app], **every, **_PUNCTUAL)


def soon() -> None:
    """Look at once whether there is something to do, also where this process does not tick by itself."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    _start(app)
    _tick_in(app, timedelta(0))


def stop() -> None:
    """Let go of what is under way, within a second or two, and tick no more. gunicorn.conf.py calls it at the end."""
    _stop.set()
    with _starting:
        if _threads is not None and scheduler.running:
            scheduler.remove_all_jobs()  # it would fail to remove one that is just through
            # It must not wait itself: it would hold a lock that a tick which puts off the next one needs to end.
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


def _tick_in(app: Flask, delay: timedelta) -> None:
    when: dict[str, Any] = {"trigger": "date", "run_date": datetime.now(UTC) + delay}
    # Two at once, or it would be dropped that comes while the last one ends; a run is worked on by one of them only.
    scheduler.add_job("tick soon", _tick, args=[app], **when, **_PUNCTUAL | {"max_instances": 2})


def _step(app: Flask) -> refresh.Step | None:
    """How runs are worked on: by workers where there is a broker, else here."""
    if not app.config["PADLOCK_BROKER_URL"]:
        return None
    if "padlock_line" not in app.extensions:
        from webapp.monitor import handout, workers  # Celery is loaded by those who have a broker only

        app.extensions["padlock_line"] = handout.Line(workers.Broker(app))
    step: refresh.Step = app.extensions["padlock_line"].step
    return step


def _tick(app: Flask) -> None:
    """One look. Whatever fails is ours: it is logged, and the next look comes all the same."""
    more = False
    with app.app_context():
        try:
            more = refresh.tick(_stop, AT_MOST, step=_step(app))
        except Exception:
            log.exception("the scheduler's tick failed")
        finally:
            db.session.remove()
        for work in app.extensions.get("padlock_each_tick", ()):
            try:
                work(datetime.now(UTC))
            except Exception:
                log.exception("%s failed in the scheduler's tick", work.__qualname__)
            finally:
                db.session.remove()
    if more:
        _tick_in(app, SOON)
