"""Workers and a broker as they run and as they die: real processes, a real Redis, one SQLite
file."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
import requests
from bs4 import BeautifulSoup

from scripts.ports import free_port
from tests.monitor.processes import ROOT, SLOW, ended, recorded, wait_for
from tests.monitor.refreshing import refresh, take
from tests.served import served
from tests.smtp_server import MailServer
from tests.tls_relay import Relay
from webapp.accounts import password_resets
from webapp.accounts.security_events import Caller
from webapp.demo import behaviours
from webapp.demo.pki import issue
from webapp.extensions import db, writing
from webapp.monitor import live, results
from webapp.monitor import redis as site_redis
from webapp.monitor.health import collect
from webapp.monitor.health.facts import Level
from webapp.monitor.models import RefreshRun, RunKind, RunState, Target
from webapp.monitor.probing import Prober
from webapp.monitor.refresh import dispatch, runner, runs, selection, workers
from webapp.site import site_of

# Forks a worker for each line of settings that it reads, so that the imports are done once; for a
# number it says how that one ended. They are workers as they are, but that their claims run out
# after a second.
NURSERY = """
import json, os, sys
from datetime import timedelta
from webapp import create_app
from webapp.monitor.refresh import selection, workers
selection.LEASE = timedelta(seconds=0.6)
selection.lease = lambda: timedelta(seconds=float(os.environ.get("LEASE", 1)))
workers.WORKER_ALIVE_SECONDS = 2  # and that they say more often that they are there

for line in sys.stdin:
    told = json.loads(line)
    if isinstance(told, int):
        print(os.waitstatus_to_exitcode(os.waitpid(told, 0)[1]), flush=True)
        continue
    child = os.fork()
    if not child:
        os.environ.update(told)
        os.dup2(2, 1)
        try:
            workers.run(create_app())
        except SystemExit as ended:
            os._exit(ended.code or 0)
        os._exit(0)
    print(child, flush=True)
"""


@pytest.fixture(scope="module")
def nursery():
    """Starts a worker with these settings: its number; or says how the one with this number
    ended."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "process_group": 0}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PADLOCK_")}
    nursery = subprocess.Popen([sys.executable, "-c", NURSERY], cwd=ROOT, env=clean, **pipes)

    def tell(told):
        nursery.stdin.write(json.dumps(told) + "\n")
        nursery.stdin.flush()
        return int(nursery.stdout.readline())

    yield tell
    os.killpg(nursery.pid, signal.SIGKILL)
    nursery.communicate()


@pytest.fixture
def start_workers(site, redis, environ, nursery, monkeypatch):
    """Starts workers, as many as are wanted, and waits until they are there: their numbers."""
    environ.update(PADLOCK_BROKER_URL=redis.url, PADLOCK_REFRESH_BATCH="4")
    site.config.update(PADLOCK_BROKER_URL=redis.url, PADLOCK_REFRESH_BATCH=4)
    live.register(site)
    monkeypatch.setattr(selection, "LEASE", timedelta(seconds=0.6))
    monkeypatch.setattr(selection, "lease", lambda: timedelta(seconds=1))
    monkeypatch.setattr(site_redis, "REDIS_RETRY_SECONDS", 0.1)
    started = []

    def start_workers(count):
        started.extend(nursery(environ) for _ in range(count))
        wait_for(lambda: site_of(site).redis.workers() >= len(started))
        return started

    yield start_workers
    for process in started:
        with suppress(ProcessLookupError):  # the test has ended it
            os.kill(process, signal.SIGKILL)
            nursery(process)


@pytest.fixture
def clock(site):
    """The scheduler of the site, with workers, in a thread: it ticks until the run has ended, or
    the test."""
    stop = Event()

    def tick():
        with site.app_context():
            line = dispatch.Dispatcher(workers.Broker(site))
            while not stop.is_set() and not (ended() and runs.under_way() is None):
                refresh(stop, step=line.step)
                stop.wait(0.05)

    with ThreadPoolExecutor(1) as pool:
        yield lambda: pool.submit(tick)
        stop.set()


def all_is_well():
    return recorded() == SLOW and [
        run.state for run in db.session.scalars(db.select(RefreshRun))
    ] == [RunState.DONE]


def test_workers_share_a_run_and_ask_everybody_once(
    slow, start_workers, clock, lab, environ, site, monkeypatch
):
    environ["LEASE"] = "30"  # nobody loses a claim because the machine is busy
    monkeypatch.setattr(selection, "lease", lambda: timedelta(seconds=30))
    monkeypatch.setattr(runner, "work_on", None)  # the scheduler asks nobody itself
    before = lab.contacts("*.slow.example")
    start_workers(2)
    clock().result(60)
    assert all_is_well()
    assert lab.contacts("*.slow.example") == before + SLOW
    with writing():  # what is checked once more goes the same way
        db.session.execute(db.update(Target).values(recheck_at=datetime.now(UTC)))
    refresh(step=dispatch.Dispatcher(workers.Broker(site)).step)
    assert lab.contacts("*.slow.example") == before + 2 * SLOW


def test_workers_share_a_run_over_tls(
    slow, site, redis, start_workers, clock, environ, lab, monkeypatch
):
    monkeypatch.setattr(runner, "work_on", None)
    leaf = lab.context(issue("localhost", issuer=lab.intermediate), lab.intermediate)
    with served(Relay(leaf, redis.port)) as relay:
        environ.update(PADLOCK_BROKER_URL=relay.url, PADLOCK_BROKER_CA=str(lab.ca_bundle))
        site.config.update(PADLOCK_BROKER_URL=relay.url, PADLOCK_BROKER_CA=lab.ca_bundle)
        live.register(site)
        start_workers(1)
        clock().result(60)
    assert all_is_well()


def test_a_worker_sends_the_mail_that_a_killed_process_left(start_workers, environ):
    with served(MailServer()) as server:
        url = f"smtp://127.0.0.1:{server.port}"
        environ.update(PADLOCK_SMTP_URL=url, PADLOCK_SITE_URL="https://padlock.example.com")
        password_resets.request_link("alice@example.com", Caller(), datetime.now(UTC))
        start_workers(1)
        assert server.mails.get(timeout=30)["To"] == "alice@example.com"


def test_a_worker_that_is_killed_loses_nothing(slow, start_workers, clock, nursery):
    first, second = start_workers(2)
    ticking = clock()
    wait_for(lambda: recorded() > 0)
    os.kill(first, signal.SIGKILL)
    assert nursery(first) == -signal.SIGKILL
    ticking.result(60)
    assert all_is_well()
    os.kill(second, signal.SIGTERM)
    assert nursery(second) == 0


def test_a_broker_that_dies_and_comes_back_loses_nothing(
    slow, start_workers, clock, nursery, redis, site, monkeypatch
):
    (worker,) = start_workers(1)
    ticking = clock()
    wait_for(lambda: recorded() > 0)
    redis.kill()
    wait_for(lambda: recorded() > 4)
    redis.start()
    ticking.result(60)
    assert all_is_well()
    # The worker has found its way back, and does all of the next run
    monkeypatch.setattr(runner, "work_on", None)
    wait_for(lambda: site_of(site).redis.workers() == 1)
    again = runs.begin(RunKind.NOW, "again", 0, runner.utc_now())
    clock().result(60)
    db.session.rollback()
    assert (again.asked, again.state) == (SLOW, RunState.DONE)
    os.kill(worker, signal.SIGTERM)
    assert nursery(worker) == 0


def test_without_a_broker_the_scheduler_does_it_itself(slow, start_workers, clock, redis, site):
    start_workers(1)
    redis.kill()
    clock().result(60)
    assert all_is_well()
    (flag,) = (flag for flag in collect.run_checks(runner.utc_now()).flags if flag.name == "Broker")
    assert flag.level is Level.BAD
    assert "refreshes without workers" in flag.words


@pytest.fixture
def in_line(fleet, site, now):
    """A batch of a run that waits for whoever takes it up: the run and the token."""
    fleet(*(f"name{number}.fleet.example" for number in range(12)))
    run = runs.begin(RunKind.NOW, "now", 0, now)
    return run.id, selection.claim(run.id, take(run.id, now), 100, now).claim


def test_a_batch_that_is_told_of_twice_is_asked_once(in_line, lab):
    before = lab.contacts("fleet.example")
    assert [dispatch.take_up(*in_line, Event()) for _ in range(2)] == [0, 0]
    run = db.session.get_one(RefreshRun, in_line[0], populate_existing=True)
    assert (run.asked, run.valid, lab.contacts("fleet.example") - before) == (12, 12, 12)


def test_a_batch_that_waited_too_long_or_whose_run_has_ended_is_left_alone(in_line, now):
    assert selection.take_up(*in_line, now + selection.lease()).names == {}
    with writing():
        db.session.get_one(RefreshRun, in_line[0]).ended_at = now
    assert selection.take_up(*in_line, now).names == {}


def test_a_worker_without_a_network_stores_nothing_and_rests(in_line, site):
    site.config["PADLOCK_CONNECT_TO"] = (("*", "127.0.0.1", 1),)
    site.config["PADLOCK_CONTROL_NAMES"] = ("control.example.com",)
    assert dispatch.take_up(*in_line, Event()) == runs.OFFLINE_PAUSE.total_seconds()
    run = db.session.get_one(RefreshRun, in_line[0], populate_existing=True)
    assert (run.state, run.asked, selection.held(run.id, run.started_at)) == (
        RunState.OFFLINE,
        0,
        0,
    )


def test_a_worker_that_fails_says_so_and_rests(in_line, monkeypatch, caplog):
    monkeypatch.setattr(results, "new_values", lambda *arguments: 1 / 0)
    assert dispatch.take_up(*in_line, Event()) == runs.STUMBLE_PAUSE.total_seconds()
    run = db.session.get_one(RefreshRun, in_line[0], populate_existing=True)
    assert (run.detail, run.tries) == ("ZeroDivisionError. See the log.", 1)
    assert "ZeroDivisionError" in caplog.text


def test_what_fails_in_all_batches_of_a_worker_has_failed_once(in_line, now, monkeypatch, caplog):
    monkeypatch.setattr(results, "new_values", lambda *arguments: 1 / 0)
    again = db.text(
        "UPDATE target SET claim = :token, claimed_until = :until WHERE hostname LIKE 'name%'"
    )
    for _ in range(runs.MOST_TRIES):
        dispatch.take_up(*in_line, Event())
        with writing():  # what was let go of waits under the same token again
            db.session.execute(again, {"token": in_line[1], "until": now + timedelta(hours=1)})
    run = db.session.get_one(RefreshRun, in_line[0], populate_existing=True)
    assert (run.state, run.tries) == (RunState.RUNNING, 1)
    assert caplog.text.count("failed on our side") == runs.MOST_TRIES


def test_after_a_while_without_a_network_no_server_is_left_out(site, fleet, lab, now):
    leaf = lab.context(issue("*.one.example", issuer=lab.intermediate), lab.intermediate)
    away = Event()

    async def server(sock):
        await (asyncio.sleep(30) if away.is_set() else behaviours.https(leaf)(sock))

    address = lab.listen("*.one.example", server)
    control = lab.listen("control.example", server)
    site.config.update(
        PADLOCK_CONNECT_TO=(("*.one.example", *address), ("control.example", *control))
    )
    site.config.update(PADLOCK_CONTROL_NAMES=("control.example",), PADLOCK_PROBE_TIMEOUT=1)
    fleet(*(f"name{number}.one.example" for number in range(24)))
    run = runs.begin(RunKind.NOW, "now", 0, now)
    owner = take(run.id, now)
    prober = Prober()
    first, second = (selection.claim(run.id, owner, 12, now).claim for _ in range(2))
    away.set()
    assert (
        dispatch.take_up(run.id, first, Event(), prober=prober)
        == runs.OFFLINE_PAUSE.total_seconds()
    )
    away.clear()
    assert dispatch.take_up(run.id, second, Event(), prober=prober) == 0
    prober.close()
    assert db.session.get_one(RefreshRun, run.id, populate_existing=True).valid == 12


def test_a_worker_without_a_database_rests_too(in_line, caplog):
    with writing():
        db.session.execute(db.text("ALTER TABLE refresh_run RENAME TO away"))
    assert dispatch.take_up(*in_line, Event()) == runs.STUMBLE_PAUSE.total_seconds()
    assert "that could not be noted on the run" in caplog.text


class Nobody:
    """Workers that are there, as far as anybody can tell, and never take up anything."""

    told = 0

    def anybody(self):
        return True

    def tell(self, run_id, token):
        self.told += 1
        return True


def test_where_the_line_stands_still_the_scheduler_lends_a_hand(fleet, site, monkeypatch):
    monkeypatch.setattr(dispatch, "STALLED_QUEUE_SECONDS", 0.5)
    site.config.update(PADLOCK_REFRESH_BATCH=2, PADLOCK_REFRESH_DAILY_LIMIT=0)
    fleet(*(f"name{number}.fleet.example" for number in range(20)))
    nobody = Nobody()
    refresh(step=dispatch.Dispatcher(nobody).step)
    run = runs.last_daily()
    assert (run.state, run.asked, nobody.told) == (RunState.DONE, 20, 10)


def test_a_limit_holds_however_many_batches_are_under_way(fleet, site, monkeypatch):
    monkeypatch.setattr(dispatch, "STALLED_QUEUE_SECONDS", 0.1)
    site.config.update(PADLOCK_REFRESH_BATCH=2, PADLOCK_REFRESH_DAILY_LIMIT=5)
    fleet(*(f"name{number}.fleet.example" for number in range(20)))
    refresh(step=dispatch.Dispatcher(Nobody()).step)
    assert (runs.last_daily().state, runs.last_daily().asked) == (RunState.DONE, 5)


# A worker as it is, but that its claims run out after a second: all processes have to agree on
# that.
WORKER = """
from datetime import timedelta
from flask.cli import cli
from webapp.monitor.refresh import selection
selection.LEASE, selection.lease = timedelta(seconds=0.6), lambda: timedelta(seconds=1)
cli(["worker"])
"""
# Two web processes like that, which look all the time.
SITE = """
import sys
from datetime import timedelta
from gunicorn.app.wsgiapp import run
from webapp.jobs import queue
from webapp.monitor.refresh import scheduler, selection
selection.LEASE, selection.lease = timedelta(seconds=0.6), lambda: timedelta(seconds=1)
queue.LEASE, queue.FIRST_PAUSE = timedelta(seconds=1), timedelta(0)
scheduler.EVERY, scheduler.FIRST = timedelta(seconds=0.2), timedelta(0)
sys.argv = ["gunicorn", "--log-level", "warning", "wsgi:app"]
run()
"""


def test_of_two_web_processes_with_a_worker_one_is_killed(slow, start_workers, environ, site):
    environ.update(PADLOCK_LISTEN=f"127.0.0.1:{free_port()}", PADLOCK_WORKERS="2")
    worker = subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=environ)
    wait_for(lambda: site_of(site).redis.workers() == 1)
    web = subprocess.Popen([sys.executable, "-c", SITE], cwd=ROOT, env=environ)
    try:
        wait_for(lambda: recorded() > 0)
        os.kill(
            int(Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text().split()[0]),
            signal.SIGKILL,
        )
        wait_for(ended)
        assert all_is_well()
        assert attempts_to_sign_in(f"http://{environ['PADLOCK_LISTEN']}/sign-in", 11) == [
            422
        ] * 10 + [429]
    finally:
        for process in (web, worker):
            process.terminate()
    assert (web.wait(15), worker.wait(15), site_of(site).redis.workers()) == (0, 0, 0)


def attempts_to_sign_in(url, count):
    """What so many wrong passwords are answered with, whichever process answers."""
    with requests.Session() as browser:
        form = BeautifulSoup(browser.get(url, timeout=10).text, "html.parser").form
        wrong = {
            "email": "ada@example.com",
            "password": "wrong",
            "csrf_token": form.find(attrs={"name": "csrf_token"})["value"],
        }
        return [browser.post(url, wrong, timeout=10).status_code for _ in range(count)]
