"""What tests of real processes look at, and wait for."""

import os
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from webapp import create_app
from webapp.extensions import db
from webapp.monitor.diagnosis import diagnoses
from webapp.monitor.models import Target
from webapp.monitor.refresh import runs
from webapp.probe import State

ROOT = Path(__file__).parents[2]
SLOW = 24  # names of the fixture `slow`


def recorded():
    """How many names are recorded; whatever happened, they are as many as the run has counted, and
    none is half so."""
    db.session.rollback()
    run = runs.last_daily()
    asked = db.session.scalar(
        db.select(db.func.count()).where(Target.run_id == 1, Target.state == State.VALID)
    )
    assert asked == (run.asked if run else 0) == (run.valid if run else 0)
    return asked


def wait_for(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come to that"
        time.sleep(0.02)


def ended():
    db.session.rollback()
    run = runs.last_daily()
    return run is not None and run.ended


def diagnose_for_ever(name, environ):
    """In a process of its own, that is killed meanwhile."""
    os.environ.clear()
    os.environ.update(environ)
    with create_app().app_context():
        diagnoses.start(name, None, 1, {}, datetime.now(UTC))
        threading.Event().wait()
