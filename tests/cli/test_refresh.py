"""`flask refresh`: what it does, what it says, and its exit codes."""

import os
import pty
import subprocess

import pytest

from tests.cli.test_check import FLASK, ROOT
from webapp.customers import catalog
from webapp.customers.models import Client, ServiceStatus
from webapp.extensions import db, writing
from webapp.monitor.models import RunKind, RunState, Target
from webapp.monitor.refresh import runs


@pytest.fixture
def flask(app):
    """Runs `flask refresh …` on this site: its answer."""

    def flask(*arguments):
        with app.app_context():
            return app.test_cli_runner().invoke(args=["refresh", *arguments])

    return flask


def test_it_refreshes_and_says_what_it_found(flask, app):
    ran = flask()
    assert ran.exit_code == 0
    assert ran.stdout.startswith("Refreshed 2 of 2 host names in ")
    assert ran.stdout.endswith(": 0 valid, 2 invalid, 0 unknown; 2 changed.\n")
    with app.app_context():
        run = runs.latest(1)[0]
        assert (run.kind, run.state, run.who) == (RunKind.COMMAND, RunState.DONE, "command line")


def test_a_limit_of_its_own(flask, app):
    app.config["PADLOCK_REFRESH_DAILY_LIMIT"] = 0
    assert "Refreshed 1 of 1 " in flask("--limit", "1").stdout


def test_all_of_them_whatever_the_limit(flask, app):
    app.config["PADLOCK_REFRESH_DAILY_LIMIT"] = 1
    assert "Refreshed 1 of 1 " in flask().stdout
    assert "Refreshed 2 of 2 " in flask("--all").stdout


def test_some_by_name(flask, app):
    assert (
        "Refreshed 1 of 1 "
        in flask("--host", "https://ALICE.example/", "--host", "alice.example").stdout
    )
    with app.app_context():
        asked = db.select(Target.hostname).where(Target.state.is_not(None))
        assert db.session.scalars(asked).all() == ["alice.example"]


def test_a_name_at_its_port(flask, app):
    with app.app_context(), writing():
        client = db.session.get_one(Client, 1)
        catalog.add_service(client, "Panel", "alice.example:8443", ServiceStatus.ACTIVE)
    assert "Refreshed 1 of 1 " in flask("--host", "https://alice.example:8443/").stdout
    with app.app_context():
        asked = db.session.scalars(db.select(Target).where(Target.state.is_not(None)))
        assert [row.authority for row in asked] == ["alice.example:8443"]
    assert flask("--host", "alice.example:2083").exit_code == 1


def test_a_name_that_nobody_has_is_told(flask, app):
    ran = flask("--host", "stranger.example")
    assert ran.exit_code == 1
    assert "stranger.example is not the host name of any active service or domain." in ran.stderr
    with app.app_context():
        assert runs.latest(1) == []


@pytest.mark.parametrize(
    "wrong", [["--all", "--limit", "1"], ["--limit", "0"], ["--host", "not a name"], ["x"]]
)
def test_wrong_usage_is_told_apart(flask, wrong):
    ran = flask(*wrong)
    assert ran.exit_code == 2
    assert "Usage:" in ran.stderr


def test_where_nothing_is_in_use_there_is_nothing_to_do(flask, app):
    with app.app_context(), writing():
        db.session.execute(db.text("UPDATE service SET status = 'Fraud'"))
        db.session.execute(db.text("UPDATE domain SET status = 'Fraud'"))
    ran = flask()
    assert (ran.exit_code, ran.stdout) == (
        0,
        "Nothing to refresh: no active service or domain has a host name.\n",
    )


def test_what_failed_on_our_side_is_no_success(flask, app, tmp_path):
    app.config["PADLOCK_CA_BUNDLE"] = tmp_path / "missing.pem"
    ran = flask()
    assert ran.exit_code == 1
    assert "2 failed on our side" in ran.stdout
    assert "Every check failed on our side. See the log." in ran.stderr


def test_on_a_terminal_a_bar_shows_how_far_it_is(app):
    environ = {
        "PADLOCK_DATABASE_URL": app.config["PADLOCK_DATABASE_URL"],
        "PADLOCK_SECRET_KEY": "x" * 32,
        "PADLOCK_CONNECT_TO": "*=127.0.0.1:1",
        "PADLOCK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "TERM": "xterm",
        "PATH": "",
    }
    terminal, end = pty.openpty()
    ran = subprocess.run(
        [FLASK, "refresh"], cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=end
    )
    shown = os.read(terminal, 65536).decode()
    os.close(terminal)
    os.close(end)
    assert ran.returncode == 0
    assert "Refreshing" in shown
    assert "100%" in shown
