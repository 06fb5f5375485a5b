"""Diagnoses as background jobs: one a name at a time, bounded, and deleted in time."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from tests import forked
from tests.conftest import NOW
from tests.monitor.processes import diagnose_for_ever, wait_for
from webapp.extensions import db, writing
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.monitor.diagnosis import diagnoses
from webapp.monitor.diagnosis.models import Diagnosis, DiagnosisStep
from webapp.monitor.models import Target
from webapp.probe import Reason
from webapp.probe.finding import Finding
from webapp.probe.steps import NameUnderstood, Origin, OriginAsked, Verdict
from webapp.site import site_of

NAME = "alice.example"
SERVER = "192.0.2.1"
SILENT = "silent.lab.example"


@pytest.fixture
def gate(in_app, monkeypatch, now):
    """Diagnoses that begin, and end when the gate is opened."""
    gate = threading.Event()

    def slow(name, settings, server=None):
        yield NameUnderstood(name, name)
        assert gate.wait(10)
        if server:
            yield OriginAsked(server, Origin.HERE, None)
        yield Verdict(Finding(name, name, Reason.REFUSED, now, 0.1), 7)

    monkeypatch.setattr(diagnoses, "diagnose", slow)
    yield gate
    gate.set()
    wait_for(lambda: not jobs())


def start(name=NAME, server=None, viewer=1):
    arguments = {"target": 1}
    return diagnoses.start(name, server, viewer, arguments, datetime.now(UTC))


def of(name=NAME, server=None, after=0):
    db.session.rollback()
    return diagnoses.of(name, server, after)


def ended(name=NAME, server=None):
    wait_for(lambda: not of(name, server).running)
    return of(name, server)


def jobs():
    db.session.rollback()
    return db.session.scalars(select(Job)).all()


def ids(model=Diagnosis):
    db.session.rollback()
    return db.session.scalars(select(model.id).order_by(model.id)).all()


def test_who_comes_second_joins(gate):
    assert start(viewer=1)
    assert start(viewer=2)
    wait_for(lambda: of().steps)
    first = of()
    assert (ids(), first.running, len(first.steps)) == ([1], True, 1)
    assert of(after=first.last).known == 1
    gate.set()
    assert len(ended().steps) == 2


def test_one_that_has_just_been_done_is_shown_and_not_done_again(gate):
    gate.set()
    start()
    last = ended().last
    assert start()
    assert ids() == [1]
    with writing():
        long_ago = datetime.now(UTC) - diagnoses.COOL_DOWN
        db.session.execute(update(Diagnosis).values(ended_at=long_ago))
    assert start()
    assert ids() == [2]
    assert of(after=last).known == 0  # a page of the first one has nothing of it
    assert ended().steps


def test_the_same_name_is_not_asked_twice_at_once_for_two_servers(gate):
    assert start()
    assert not start(server=SERVER, viewer=2)


def test_one_viewer_has_only_so_many_and_there_is_an_end_to_the_line(gate, monkeypatch):
    monkeypatch.setattr(diagnoses, "MOST_QUEUED", 1)
    started = [start(f"{number}.example") for number in range(diagnoses.MOST_OF_VIEWER + 1)]
    assert started == [True] * diagnoses.MOST_OF_VIEWER + [False]
    assert [start(f"{viewer}.bob.example", viewer=viewer) for viewer in (2, 3, 4)] == [
        True,
        True,
        False,
    ]
    wait_for(lambda: len(ids(DiagnosisStep)) == diagnoses.MOST_RUNNING)
    assert of("3.bob.example").running  # it waits


def test_what_it_comes_to_is_recorded(gate):
    start()
    gate.set()
    ended()
    reason = db.session.scalar(select(Target.reason).filter_by(hostname=NAME))
    assert reason is Reason.REFUSED


def test_a_fault_of_ours_ends_it_and_is_logged(in_app, monkeypatch, caplog):
    monkeypatch.setattr(diagnoses, "diagnose", lambda name, settings, server: 1 / 0)
    start()
    assert ended().failed
    assert f"the diagnosis of {NAME} failed" in caplog.text
    wait_for(lambda: jobs()[0].claim is None)
    assert (jobs()[0].problem, jobs()[0].detail) == ("error", "ZeroDivisionError")
    assert start()  # at once
    assert ended().failed


def test_one_that_is_ended_in_system_health_stops(gate):
    start()
    wait_for(lambda: of().steps)
    with writing():
        queue.end(jobs()[0].id)
    assert of().failed
    gate.set()
    wait_for(lambda: "jobs diagnosis" not in {thread.name for thread in threading.enumerate()})
    assert len(of().steps) == 1


def test_old_ones_are_deleted_with_their_steps(gate):
    gate.set()
    start()
    ended()
    diagnoses.delete_old(datetime.now(UTC) + diagnoses.KEPT - timedelta(minutes=1))
    assert ids() == [1]
    gate.clear()
    start("bob.example")
    diagnoses.delete_old(datetime.now(UTC) + diagnoses.KEPT)
    assert ids() == [2]
    assert of().steps == ()


def test_after_so_many_processes_it_has_failed(in_app):
    row = {"created_at": NOW, "run_at": NOW, "give_up_at": NOW + timedelta(hours=1)}
    with writing():  # this process is not woken
        db.session.add(Diagnosis(name=NAME, server="", viewer=1, started_at=NOW))
        job = Job(kind=diagnoses.KIND, key="1", tries=3, arguments={"name": NAME}, **row)
        db.session.add(job)
    claimed = queue.claim([diagnoses.KIND], NOW)
    work = site_of(in_app).jobs.works[diagnoses.KIND]
    queue.finish(claimed, work.run(claimed), NOW)
    assert (jobs()[0].problem, of().failed) == ("interrupted", True)


def test_one_whose_process_is_killed_is_begun_again_by_another(site, environ):
    """Meanwhile every process reads its steps."""
    process = forked.start(diagnose_for_ever, SILENT, environ | {"PADLOCK_PROBE_TIMEOUT": "60"})
    wait_for(lambda: len(of(SILENT).steps) == 2)
    seen = of(SILENT)
    assert seen.running
    assert start(SILENT, viewer=2)  # joins
    process.kill()
    process.join()
    with writing():  # as if the lease had expired
        db.session.execute(update(Job).values(claimed_until=Job.created_at, run_at=Job.created_at))
    site.config["PADLOCK_CONNECT_TO"] = (("*", "127.0.0.1", 1),)
    site_of(site).jobs.wake()
    again = ended(SILENT)
    assert again.steps[-1].finding.reason is Reason.REFUSED
    assert (ids(), of(SILENT, after=seen.last).known) == ([1], 0)
