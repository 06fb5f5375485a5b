"""An import whose process is killed, ends, or loses it to another is done once, and whole."""

import importlib
import io
import os
import signal
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update

from tests import forked
from tests.imports.test_importer import WHOLE
from webapp import create_app
from webapp.customers import index_check
from webapp.customers.models import Activity, Service, User
from webapp.extensions import db, writing
from webapp.imports import importer, jobs, run_job, write_rows
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.jobs.queue import DONE
from webapp.site import site_of


@pytest.fixture
def ada(in_app, tmp_path):
    """An administrator of a site whose own threads leave imports alone."""
    in_app.instance_path = str(tmp_path / "instance")
    del site_of(in_app).jobs.works[run_job.KIND]
    return db.session.scalars(select(User).where(User.email == "ada@example.com")).one()


def begin(user):
    return jobs.begin(user, "clients.csv", io.BytesIO(WHOLE.encode()), datetime.now(UTC))


def claim():
    return queue.claim([run_job.KIND], datetime.now(UTC))


def work():
    """Does the job that is due, as the runner would."""
    claimed = claim()
    queue.finish(claimed, run_job.run(claimed), datetime.now(UTC))


def stored():
    """How many services and imports there are, and whether one is half written."""
    db.session.rollback()
    new = func.count(Service.id).filter(Service.reference == "S-1")
    imported = select(func.count()).where(Activity.action == "imported")
    assert index_check.drifted(datetime.now(UTC)) == 0
    return db.session.scalar(select(new)), db.session.scalar(imported)


def row():
    db.session.rollback()
    return db.session.scalar(select(Job))


def work_and_die(database, instance, module, name):
    """Is killed behind this function."""
    os.environ |= {"PADLOCK_DATABASE_URL": database, "PADLOCK_SECRET_KEY": "x" * 32}
    app = create_app()
    app.instance_path = instance
    place = importlib.import_module(module)
    usual = getattr(place, name)

    def deadly(*arguments):
        usual(*arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(place, name, deadly)
    run_job.HOLD_SECONDS = -1  # each chunk renews the lease
    with app.app_context():
        work()


def test_what_a_killed_process_left_is_done_once_by_the_next(in_app, ada, database):
    token = begin(ada)

    def killed(module, name):
        place = (module.__name__, name)
        process = forked.start(work_and_die, database, in_app.instance_path, *place)
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        assert claim() is None
        with writing():  # as if the lease had expired
            expired = {"claimed_until": Job.created_at, "run_at": Job.created_at}
            db.session.execute(update(Job).values(expired))
        return jobs.require_job(ada, token, datetime.now(UTC)).doing

    assert killed(importer, "compare") == "interrupted"
    work()
    jobs.start_import(jobs.require_job(ada, token, datetime.now(UTC)), datetime.now(UTC))
    assert (killed(write_rows, "insert_rows"), stored()) == ("interrupted", (0, 0))
    assert (killed(importer, "tune"), stored()) == ("interrupted", (1, 1))
    work()
    done = jobs.require_job(ada, token, datetime.now(UTC))
    assert (done.stage, done.counts["service"]["new"], stored(), row()) == ("done", 1, (1, 1), None)


def test_who_has_lost_its_claim_writes_nothing(ada, monkeypatch):
    token = begin(ada)
    work()
    checked = jobs.require_job(ada, token, datetime.now(UTC))
    jobs.start_import(checked, datetime.now(UTC))
    compare = importer.compare

    def slow(*arguments):
        compare(*arguments)
        with writing():
            db.session.execute(update(Job).values(claim="of another process"))

    monkeypatch.setattr(importer, "compare", slow)
    work()
    assert (row().claim, stored()) == ("of another process", (0, 0))
    assert jobs.read_job(token).stage == "checked"


def test_a_process_that_ends_lets_go_of_its_import(in_app, ada):
    begin(ada)
    claimed = claim()
    site_of(in_app).jobs.stopping.set()
    assert run_job.run(claimed) == DONE
    queue.finish(claimed, DONE, datetime.now(UTC))
    assert (row().claim, row().tries) == (None, 0)
    assert claim()
