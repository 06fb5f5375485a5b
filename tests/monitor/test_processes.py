"""Schedulers as they run and as they die: real processes on one database."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from tests import forked
from tests.monitor.processes import ROOT, SLOW, ended, recorded, wait_for
from tests.monitor.refreshing import schedule_until_done
from webapp.demo import behaviours
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.monitor.models import RefreshRun, RunState, Target
from webapp.monitor.refresh import runs


@pytest.fixture
def scheduler(environ):
    """Starts a scheduler in a process of its own."""
    return lambda: forked.start(schedule_until_done, environ)


def ends(process):
    """How a process ended."""
    process.join(240)
    return process.exitcode


@pytest.fixture
def patient(environ):
    """Nobody loses a claim because the machine is busy."""
    environ["LEASE"] = "30"


def test_two_schedulers_at_once_run_one_run_and_ask_everybody_once(slow, patient, scheduler, lab):
    before = lab.contacts("*.slow.example")
    both = [scheduler(), scheduler()]
    assert [ends(process) for process in both] == [0, 0]
    assert recorded() == SLOW
    assert db.session.scalars(db.select(RefreshRun.state)).all() == [RunState.DONE]
    assert lab.contacts("*.slow.example") == before + SLOW


def test_killed_again_and_again_it_still_ends_and_loses_nothing(slow, scheduler):
    dice = random.Random(4711)  # noqa: S311 - not for a secret
    seen = [0]
    for _ in range(4):
        process = scheduler()
        wait_for(lambda: recorded() > seen[-1])
        time.sleep(dice.uniform(0, 0.3))
        process.kill()
        assert ends(process) == -signal.SIGKILL
        seen.append(recorded())
    assert ends(scheduler()) == 0
    assert seen == sorted(set(seen))  # what was recorded stays
    assert recorded() == SLOW
    assert db.session.scalars(db.select(RefreshRun.state)).all() == [RunState.DONE]
    assert not db.session.scalar(db.select(Target.id).where(Target.claim.is_not(None)))


def test_one_that_stood_still_past_its_claims_finds_them_gone(slow, scheduler):
    sleeper = scheduler()
    wait_for(lambda: recorded() > 2)
    stop_between_two_writes(sleeper.pid)
    assert ends(scheduler()) == 0
    os.kill(sleeper.pid, signal.SIGCONT)
    assert ends(sleeper) == 0
    assert recorded() == SLOW
    assert db.session.scalar(db.select(db.func.count()).select_from(RefreshRun)) == 1


def stop_between_two_writes(process):
    """Nobody else could write while who is writing stands still."""
    for _ in range(50):
        os.kill(process, signal.SIGSTOP)
        if not somebody_else_writes():
            return
        os.kill(process, signal.SIGCONT)
        time.sleep(0.01)
    raise AssertionError("it is always writing")


def somebody_else_writes():
    db.session.rollback()
    if db.engine.dialect.name == "postgresql":
        busy = (
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state <>"
            " 'idle' AND datname = "
        )
        return db.session.scalar(db.text(busy + "current_database()")) > 0
    try:
        db.session.execute(db.text("PRAGMA busy_timeout = 200"))
        with writing():
            return False
    except OperationalError:
        return True


def test_the_site_refreshes_a_hundred_names_with_nobody_looking(fleet, site_process, capsys):
    fleet(*(f"name{number}.fleet.example" for number in range(100)))
    site = site_process()
    wait_for(ended)
    run = runs.last_daily()
    with capsys.disabled():
        print({column.name: str(getattr(run, column.name)) for column in run.__table__.columns})
    assert (run.state, run.asked, run.valid) == (RunState.DONE, 100, 100)
    assert run.ended_at - run.started_at < timedelta(seconds=10)
    site.terminate()
    assert site.wait(10) == 0


@pytest.fixture
def busy_site(fleet, site_process, environ, lab):
    """The site, while it waits for servers that never answer."""
    address, port = lab.listen("*.mute.example", behaviours.silent)
    environ.update(
        PADLOCK_CONNECT_TO=f"*.mute.example={address}:{port}", PADLOCK_PROBE_TIMEOUT="60"
    )
    fleet(*(f"name{number}.mute.example" for number in range(5)))
    site = site_process()
    wait_for(lambda: claims() > 0)
    return site


def claims():
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count(Target.claim)))


def test_told_to_end_the_site_lets_go_of_its_claims_within_ten_seconds(busy_site):
    started = time.monotonic()
    busy_site.terminate()
    assert busy_site.wait(10) == 0
    assert time.monotonic() - started < 10
    assert claims() == 0
    assert runs.last_daily().state is RunState.RUNNING
    assert db.session.scalars(db.select(Job.claim).filter_by(kind=runs.JOB)).all() == [None]


def test_it_does_so_though_a_visitor_never_ends_their_request(busy_site, environ):
    host, port = environ["PADLOCK_LISTEN"].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as visitor:
        form = (
            "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\nExpect:"
            " 100-continue"
        )
        visitor.sendall(f"POST /sign-in HTTP/1.1\r\nHost: {host}\r\n{form}\r\n\r\n".encode())
        # From now on a thread waits for the form
        assert visitor.recv(100).startswith(b"HTTP/1.1 100 ")
        busy_site.terminate()
        assert busy_site.wait(15) == 0
    assert claims() == 0
    assert runs.last_daily().state is RunState.RUNNING
    assert db.session.scalars(db.select(Job.claim).filter_by(kind=runs.JOB)).all() == [None]


def test_a_command_starts_no_scheduler(environ):
    code = """from flask.cli import cli
cli.main(["settings"], standalone_mode=False)
import wsgi
from webapp.extensions import scheduler
print("running:", scheduler.running)"""
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True
    )
    assert ran.stdout.splitlines()[-1] == "running: False"
    assert "PADLOCK_REFRESH_AT = 03:00" in ran.stdout
