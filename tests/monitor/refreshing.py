"""Refreshes as tests begin them: at a moment of their own, in their own thread."""

import os
import time
from datetime import timedelta
from threading import Event

from sqlalchemy import update

from webapp import create_app
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.monitor.refresh import runner, runs, selection


def refresh(stop=None, clock=runner.utc_now, step=None):
    """One look of the scheduler, and its runs are worked on until none is due."""
    stop = stop or Event()
    runner.tick(clock())
    while not stop.is_set() and (job := queue.claim([runs.JOB], clock())):
        queue.finish(job, runner.work(job, stop, clock, step=step), clock())


def schedule_until_done(environ):
    """A scheduler in a process of its own, until its daily refresh has ended. Its claims expire
    soon: within a second, where `environ` doesn't say how many."""
    os.environ.clear()
    os.environ.update(environ)
    queue.LEASE = timedelta(seconds=float(environ.get("LEASE", 1)))
    queue.FIRST_PAUSE = timedelta(0)
    selection.lease = lambda: queue.LEASE
    with create_app().app_context():
        while not runs.last_daily() or not runs.last_daily().ended:
            refresh()
            time.sleep(0.05)
            db.session.rollback()


def take(run_id, now):
    """The job of this run, as the process has it that takes it up now."""
    with writing():
        db.session.execute(update(Job).where(Job.key != str(run_id)).values(failed_at=now))
    job = queue.claim([runs.JOB], now)
    with writing():
        db.session.execute(update(Job).values(failed_at=None))
    return job
