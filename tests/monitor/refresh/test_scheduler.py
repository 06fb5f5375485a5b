"""The clock inside the site's process."""

from datetime import UTC, datetime, timedelta
from threading import Event, Semaphore

import apscheduler.schedulers.base
import pytest

from tests.monitor.processes import wait_for
from webapp import extensions
from webapp.extensions import db
from webapp.monitor.health.rules import is_silent
from webapp.monitor.refresh import runner, runs, scheduler


@pytest.fixture
def ticking(app, monkeypatch):
    """Starts to tick fast, and stops at the end. What a tick does is up to the test."""
    monkeypatch.setattr(scheduler, "EVERY", timedelta(seconds=0.05))
    monkeypatch.setattr(scheduler, "FIRST", timedelta(0))

    def ticking(tick):
        monkeypatch.setattr(runner, "tick", tick)
        scheduler.start(app)

    yield ticking
    scheduler.stop()


def test_a_tick_that_fails_is_logged_and_the_next_one_comes(ticking, caplog):
    ticks = []
    again = Event()

    def tick(now):
        ticks.append(1)
        if len(ticks) == 1:
            raise ZeroDivisionError
        again.set()

    ticking(tick)
    assert again.wait(5)
    assert "the scheduler's tick failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_every_tick_has_a_session_of_its_own(ticking):
    sessions = []
    twice = Event()

    def tick(now):
        sessions.append(db.session())
        if len(sessions) == 2:
            twice.set()

    ticking(tick)
    assert twice.wait(5)
    assert sessions[0] is not sessions[1]


def test_it_ends_what_is_under_way_and_ticks_no_more(ticking):
    begun = Event()
    go_on = Event()
    ticks = []

    def tick(now):
        begun.set()
        go_on.wait(10)
        ticks.append(now)

    ticking(tick)
    assert begun.wait(5)
    go_on.set()
    scheduler.stop()
    assert len(ticks) == 1
    assert not extensions.scheduler.running


@pytest.fixture
def turn_clock(monkeypatch):
    """Turns the time of day by so much, for the scheduler and for what it stands on."""
    shift = [timedelta(0)]

    class Turned(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + shift[0]

    monkeypatch.setattr(scheduler, "datetime", Turned)
    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Turned)
    return lambda by: shift.__setitem__(0, by)


@pytest.mark.parametrize(
    "by", [timedelta(hours=-1), timedelta(days=-3650), timedelta(days=1), timedelta(days=3650)]
)
def test_it_goes_on_ticking_when_the_clock_is_turned(ticking, turn_clock, by):
    ticks = Semaphore(0)
    ticking(lambda now: ticks.release())
    assert ticks.acquire(timeout=5)
    turn_clock(by)
    assert all(ticks.acquire(timeout=5) for _ in range(4))
    turn_clock(timedelta(0))
    assert all(ticks.acquire(timeout=5) for _ in range(4))


@pytest.mark.parametrize(("setting", "from_flask"), [(False, ""), (True, "true")])
def test_it_does_not_start_where_it_is_not_wanted(app, monkeypatch, setting, from_flask):
    app.config["PADLOCK_SCHEDULER"] = setting
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", from_flask)
    scheduler.start(app)
    assert not extensions.scheduler.running


def test_a_real_tick_leaves_a_heartbeat(app, monkeypatch):
    monkeypatch.setattr(scheduler, "FIRST", timedelta(0))
    done = Event()
    real = runner.tick
    monkeypatch.setattr(
        runner, "tick", lambda *arguments, **more: (real(*arguments, **more), done.set())[0]
    )
    scheduler.start(app)
    assert done.wait(10)
    with app.app_context():
        assert not is_silent(runs.last_tick(), datetime.now(UTC))
        wait_for(lambda: db.session.rollback() or runs.last_daily().asked == 2)
