"""Workers and a broker as they run and as they die: real processes, a real Redis, one SQLite file."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest

from tests.monitor.processes import ROOT, SLOW, ended, recorded, wait_for
from webapp.extensions import db
from webapp.monitor import checkup, due, handout, live, refresh, runs, shared, workers
from webapp.monitor.health import Level
from webapp.monitor.models import RefreshRun, RunKind, RunState

# The worker as it is, but that its claims run out after a second.
WORKER = """
from datetime import timedelta
from webapp import create_app
from webapp.monitor import due, workers
due.LEASE, due.lease = timedelta(seconds=0.6), lambda: timedelta(seconds=1)
workers.ALIVE = 2  # and that it says more often that it is there
workers.run(create_app())
"""


@pytest.fixture
def crowd(site, redis, environ, monkeypatch):
    """Starts workers, as many as are wanted, and waits until they are there: their processes."""
    environ.update(PADLOCK_BROKER_URL=redis.url, PADLOCK_REFRESH_BATCH="4")
    site.config.update(PADLOCK_BROKER_URL=redis.url, PADLOCK_REFRESH_BATCH=4)
    live.register(site)
    monkeypatch.setattr(due, "LEASE", timedelta(seconds=0.6))
    monkeypatch.setattr(due, "lease", lambda: timedelta(seconds=1))
    monkeypatch.setattr(shared, "PAUSE", 0.1)
    started = []

    def crowd(count):
        pipes = {"cwd": ROOT, "env": environ, "process_group": 0}
        started.extend(subprocess.Popen([sys.executable, "-c", WORKER], **pipes) for _ in range(count))
        wait_for(lambda: site.extensions["padlock_shared"].workers() >= len(started))
        return started

    yield crowd
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def clock(site):
    """The scheduler of the site, with workers, in a thread: it ticks until the run has ended, or the test."""
    stop = Event()

    def tick():
        with site.app_context():
            line = handout.Line(workers.Broker(site))
            while not stop.is_set() and not (ended() and runs.under_way() is None):
                refresh.tick(stop, 60, step=line.step)
                stop.wait(0.05)

    with ThreadPoolExecutor(1) as pool:
        yield lambda: pool.submit(tick)
        stop.set()


def all_is_well():
    return recorded() == SLOW and [run.state for run in db.session.scalars(db.select(RefreshRun))] == [RunState.DONE]


def test_workers_share_a_run_and_ask_everybody_once(slow, crowd, clock, lab, monkeypatch):
    monkeypatch.setattr(refresh, "work_on", None)  # the scheduler asks nobody itself
    before = lab.contacts("*.slow.example")
    crowd(2)
    clock().result(20)
    assert all_is_well()
    assert lab.contacts("*.slow.example") == before + SLOW


def test_a_worker_that_is_killed_loses_nothing(slow, crowd, clock):
    first, second = crowd(2)
    ticking = clock()
    wait_for(lambda: recorded() > 0)
    first.kill()
    assert first.wait() == -signal.SIGKILL
    ticking.result(20)
    assert all_is_well()
    second.terminate()
    assert second.wait(10) == 0


def test_a_broker_that_dies_and_comes_back_loses_nothing(slow, crowd, clock, redis, site, monkeypatch):
    (worker,) = crowd(1)
    ticking = clock()
    wait_for(lambda: recorded() > 0)
    redis.kill()
    wait_for(lambda: recorded() > 4)
    redis.start()
    ticking.result(20)
    assert all_is_well()
    monkeypatch.setattr(refresh, "work_on", None)  # the worker has found its way back, and does all of the next run
    wait_for(lambda: site.extensions["padlock_shared"].workers() == 1)
    again = runs.begin(RunKind.NOW, "again", 0, refresh.utc_now())
    clock().result(20)
    db.session.rollback()
    assert (again.asked, again.state) == (SLOW, RunState.DONE)
    worker.terminate()
    assert worker.wait(10) == 0


def test_without_a_broker_the_scheduler_does_it_itself(slow, crowd, clock, redis, site):
    crowd(1)
    redis.kill()
    clock().result(20)
    assert all_is_well()
    (flag,) = (flag for flag in checkup.look(refresh.utc_now()).flags if flag.name == "Broker")
    assert flag.level is Level.BAD
    assert "refreshes on its own" in flag.words
