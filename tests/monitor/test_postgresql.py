"""A PostgreSQL that is killed under a site at work, and two who write to it at once."""

import subprocess
import sys
import threading

import pytest
import requests
from sqlalchemy.exc import OperationalError

from scripts.ports import free_port
from tests.conftest import _fill, _site
from tests.monitor.refreshing import refresh
from tests.monitor.test_processes import ROOT, wait_for
from tests.postgresql import Server
from webapp import create_app
from webapp.customers import catalog
from webapp.customers.models import Client, ServiceStatus
from webapp.demo import behaviours
from webapp.demo.pki import issue
from webapp.extensions import UNREACHABLE, db, writing
from webapp.jobs import queue
from webapp.monitor.models import RunState, Target
from webapp.monitor.refresh import runner, runs
from webapp.monitor.results import record
from webapp.probe import Finding, Reason, State
from webapp.site import site_of

pytestmark = pytest.mark.postgresql("SQLite is a file, and no server that could be gone")
MANY = 30  # names
# What was committed survives, as it does by default
KEEPS = ("synchronous_commit=on", "full_page_writes=on")


@pytest.fixture
def server():
    """A server of this test's own, with the cast in it."""
    server = Server()
    server.start(*KEEPS)
    _fill(server.url())
    yield server
    server.remove()


@pytest.fixture
def site(server, lab, monkeypatch):
    """The site on that server, with names that are slow to answer."""
    site_of(_site(server.url(), monkeypatch)).checks.close()
    slow = lab.context(issue("*.slow.example", issuer=lab.intermediate), lab.intermediate)
    address, port = lab.listen("*.slow.example", behaviours.https(slow, delay=0.2))
    monkeypatch.setenv("PADLOCK_CONNECT_TO", f"*.slow.example={address}:{port}, *=127.0.0.1:1")
    monkeypatch.setenv("PADLOCK_CA_BUNDLE", str(lab.environ()["PADLOCK_CA_BUNDLE"]))
    app = create_app({"TESTING": True})
    with app.app_context():
        with writing():
            client = db.session.get(Client, 1)
            for number in range(MANY):
                catalog.add_service(
                    client, "Hosting", f"name{number}.slow.example", ServiceStatus.ACTIVE
                )
        yield app
        db.session.remove()
        db.engine.dispose()
    site_of(app).checks.close()


@pytest.fixture
def process(site, monkeypatch):
    """The same site as it is served, with its scheduler; its address."""
    listen = f"127.0.0.1:{free_port()}"
    monkeypatch.setenv("PADLOCK_LISTEN", listen)
    command = [sys.executable, "-m", "gunicorn", "--log-level", "critical", "wsgi:app"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        yield f"http://{listen}"
        process.kill()


def recorded():
    """How many names have an answer: as many as the run has counted."""
    db.session.rollback()
    run = runs.last_daily()
    known = db.session.scalar(db.select(db.func.count()).where(Target.state == State.VALID))
    assert known == (run.valid if run else 0)
    return known


def answers(address, status):
    try:
        answer = requests.get(f"{address}/readyz", timeout=10)
    except requests.ConnectionError:
        return False
    return answer.status_code == status


def test_killed_in_the_middle_of_a_refresh_it_loses_nothing_and_the_site_goes_on(
    site, process, server
):
    wait_for(lambda: recorded() > 3)
    db.session.rollback()  # this process waits outside
    server.kill()
    wait_for(lambda: answers(process, 503))
    page = requests.get(f"{process}/sign-in", timeout=10)
    assert (page.status_code, "reach our database" in page.text) == (503, True)
    assert requests.get(f"{process}/healthz", timeout=10).status_code == 200
    server.start(*KEEPS)
    wait_for(lambda: answers(process, 200))
    assert 3 < recorded() < MANY
    refresh(clock=lambda: runner.utc_now() + 2 * queue.LEASE)
    assert (recorded(), runs.last_daily().state, runs.last_daily().failed) == (
        MANY,
        RunState.DONE,
        0,
    )


def test_an_unreachable_server_is_told_with_what_to_do_and_without_the_password(
    app, monkeypatch, tmp_path
):
    site = _site(f"postgresql://padlock:hunter2@/padlock?host={tmp_path}", monkeypatch)
    with site.app_context(), pytest.raises(OperationalError) as raised:
        db.session.execute(db.text("SELECT 1"))
    assert raised.value.orig.__notes__ == [UNREACHABLE]
    assert "hunter2" not in str(raised.value)
    site_of(site).checks.close()


def test_who_writes_waits_for_the_other_and_sees_what_that_has_written(in_app):
    read = threading.Event()
    seen = []

    def second():
        with in_app.app_context():
            db.session.get(Client, 1)  # what it has read before is read anew
            read.set()
            with writing():
                seen.append(db.session.get(Client, 1).name)

    with writing():
        db.session.get(Client, 1).name = "New name"
        thread = threading.Thread(target=second)
        thread.start()
        assert read.wait(10)
        thread.join(0.1)
        assert seen == []
    thread.join(10)
    assert seen == ["New name"]


def test_an_answer_is_recorded_while_somebody_else_writes(in_app, now):
    def other():
        with in_app.app_context():
            record(Finding("alice.example", "alice.example", Reason.REFUSED, now, 0.1), now)

    with writing():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()
    assert (
        db.session.scalar(db.select(Target.reason).filter_by(hostname="alice.example"))
        is Reason.REFUSED
    )


def test_a_page_sees_one_moment_however_often_it_asks(in_app):
    name = db.select(Client.name).filter_by(id=1)
    before = db.session.scalar(name)
    with db.engine.begin() as other:
        other.execute(db.update(Client).filter_by(id=1).values(name="Renamed"))
    assert db.session.scalar(name) == before
    db.session.rollback()
    assert db.session.scalar(name) == "Renamed"


def test_a_database_that_is_read_only_says_so_at_sign_in(visit, app):
    with app.app_context(), db.engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        # Other tests are at work on the same server
        only_this = f"ALTER DATABASE {db.engine.url.database}"
        connection.exec_driver_sql(f"{only_this} SET default_transaction_read_only = on")
        db.engine.dispose()
        try:
            form = {"email": "ada@example.com", "password": "correct horse battery"}
            answer = visit().post("/sign-in", form)
        finally:
            connection.exec_driver_sql("SET default_transaction_read_only = off")
            connection.exec_driver_sql(f"{only_this} RESET default_transaction_read_only")
    text = answer.text.replace("&#39;", "'")
    assert (answer.status_code, "You can't sign in right now" in text) == (503, True)
