"""The runner does what is due, in a thread of its own, as soon as it is committed."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from queue import Queue
from threading import Event

import pytest
from sqlalchemy import select

from tests.monitor.processes import wait_for
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.queue import DONE
from webapp.jobs.runner import Work
from webapp.site import site_of


@pytest.fixture
def done(in_app):
    """The arguments of each job that was done."""
    done = Queue()

    def run(job):
        done.put(job.arguments)
        return DONE

    site_of(in_app).jobs.works["work"] = Work(run, lambda: True, str)
    return done


def add(kind="work", key="a", **arguments):
    with writing():
        queue.add(kind, key, arguments, datetime.now(UTC), timedelta(hours=24))


def job():
    db.session.rollback()
    return db.session.scalar(select(Job))


def test_the_commit_wakes_it(done):
    add(number=5)
    assert done.get(timeout=10) == {"number": 5}
    wait_for(lambda: job() is None)


def test_each_tick_of_the_scheduler_wakes_it(in_app, done):
    add()
    done.get(timeout=10)
    wait_for(lambda: job() is None)
    now = datetime.now(UTC)
    row = {"created_at": now, "run_at": now, "give_up_at": now + timedelta(hours=1)}
    with writing():  # as one that was killed left it: this process is not woken
        db.session.add(Job(kind="work", key="b", arguments={}, **row))
    assert done.empty()
    for work in site_of(in_app).each_tick:
        work(datetime.now(UTC))
    assert done.get(timeout=10) == {}


def test_work_that_fails_on_our_side_is_logged_kept_and_the_next_is_done(in_app, done, caplog):
    broken = Work(lambda job: 1 / 0, lambda: True, str)
    site_of(in_app).jobs.works["broken"] = broken
    add("broken")
    add(number=2)
    assert done.get(timeout=10) == {"number": 2}
    wait_for(lambda: job().claim is None and job().tries == 1)
    assert (job().kind, job().problem, job().detail) == ("broken", "error", "ZeroDivisionError")
    assert "ZeroDivisionError" in caplog.text


def test_what_this_process_cannot_do_is_left_to_another(in_app, done):
    site_of(in_app).jobs.works["mail"] = Work(lambda job: 1 / 0, lambda: False, str)
    add("mail")
    add(number=2)
    assert done.get(timeout=10) == {"number": 2}
    wait_for(lambda: db.session.rollback() or db.session.query(Job).count() == 1)
    assert (job().kind, job().tries) == ("mail", 0)


def test_ten_at_once_do_each_job_once(in_app):
    now = datetime.now(UTC)
    with writing():
        for number in range(40):
            queue.add("shared", str(number), {"number": number}, now, timedelta(hours=1))

    def drain(_):
        mine = []
        with in_app.app_context():
            while (found := queue.claim(["shared"], now)) is not None:
                mine.append(found.arguments["number"])
                queue.finish(found, DONE, now)
        return mine

    with ThreadPoolExecutor(10) as pool:
        numbers = [number for mine in pool.map(drain, range(10)) for number in mine]
    assert sorted(numbers) == list(range(40))
    assert job() is None


def test_long_work_holds_up_no_mail_and_is_let_go_of_at_the_end(in_app, done):
    runner = site_of(in_app).jobs
    began, ended = Event(), Event()

    def go_on(job):
        began.set()
        runner.stopping.wait(10)
        # Until another process may have it
        wait_for(lambda: not queue.save_progress(job, {}, datetime.now(UTC)))
        ended.set()
        return DONE

    runner.works["long"] = Work(go_on, lambda: True, str, lane="long")
    add("long")
    assert began.wait(10)
    add(number=2)
    assert done.get(timeout=10) == {"number": 2}
    wait_for(lambda: db.session.rollback() or db.session.query(Job).count() == 1)
    runner.stop()
    assert ended.wait(10)
    assert (job().kind, job().claim, job().tries) == ("long", None, 0)
    assert queue.claim(["long"], datetime.now(UTC))


def test_a_lane_of_three_runs_three_at_once(in_app):
    runner = site_of(in_app).jobs
    began, go_on = Queue(), Event()

    def run(job):
        began.put(job.id)
        go_on.wait(10)
        return DONE

    runner.works["wide"] = Work(run, lambda: True, str, lane="wide", at_once=3)
    for key in "abcd":
        add("wide", key)
    assert len({began.get(timeout=10) for _ in range(3)}) == 3
    assert began.empty()
    go_on.set()
    began.get(timeout=10)
    wait_for(lambda: job() is None)
