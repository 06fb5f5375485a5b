"""`flask import`, as its users run it."""

import signal
import subprocess
from contextlib import contextmanager
from datetime import date

import pytest

from tests import forked
from tests.cli.test_check import FLASK, ROOT
from tests.imports.test_importer import WHOLE
from tests.monitor.processes import wait_for
from webapp.customers.models import Activity, Domain, Service
from webapp.extensions import db, writing


@pytest.fixture
def environ(app):
    return {
        "PADLOCK_DATABASE_URL": app.config["PADLOCK_DATABASE_URL"],
        "PADLOCK_SECRET_KEY": "x" * 32,
        "PYTHONWARNINGS": "error",
        "PATH": "",
    }


@pytest.fixture
def flask(environ):
    """Runs `flask import …` beside this site, on its database."""

    def flask(*arguments):
        return forked.run("flask", "import", *arguments, environ=environ)

    return flask


@pytest.fixture
def file(tmp_path):
    def file(content, name="clients.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return file


def test_a_file_is_imported(flask, file, app):
    ran = flask(file(WHOLE), "--yes")
    assert (ran.returncode, ran.stdout) == (0, "Imported: 1 client, 1 service, 1 domain new.\n")
    with app.app_context():
        assert db.session.scalar(db.select(Service).where(Service.reference == "S-1"))
        assert db.session.scalar(db.select(Activity)).who == "command line"


def test_a_second_time_nothing_changes(flask, file):
    flask(file(WHOLE), "--yes")
    assert flask(file(WHOLE), "--yes").stdout == "Imported: 3 unchanged.\n"


def test_problems_are_told_by_line_and_nothing_is_changed(flask, file, app):
    ran = flask(file(f"{WHOLE}\nserver,1,,,,,,,,"), "--yes")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert (
        "clients.csv, line 5, kind: “server” is not one of: client, service, domain." in ran.stderr
    )
    assert "The file has 1 problem. Nothing was changed." in ran.stderr
    with app.app_context():
        assert not db.session.scalar(db.select(Service).where(Service.reference == "S-1"))


def test_names_of_one_client_are_imported_and_bad_rows_go_to_a_file_of_their_own(flask, file, app):
    path = file("Domain,Until\na.example,01/02/2027\n,03/04/2027\n", "names.csv")
    options = ["--client", "alice's bakery", "--kind", "domain", "--yes"]
    columns = file('{"domain": "Domain", "expires": "until"}', "columns.json")
    options += ["--map", columns, "--encoding", "utf-8"]
    asked = flask(path, *options, "--skip-bad")
    assert (asked.returncode, "Choose one with --dates" in asked.stderr) == (1, True)
    assert flask(path, *options, "--dates", "day-first").returncode == 1
    ran = flask(path, *options, "--dates", "day-first", "--skip-bad")
    assert (ran.returncode, ran.stdout) == (0, "Imported: 1 domain new.\n")
    left = path.with_name("names.not-imported.csv").read_text(encoding="utf-8-sig")
    assert left.splitlines()[1] == '"","03/04/2027","domain: It is empty."'
    with app.app_context():
        found = db.session.scalar(db.select(Domain).where(Domain.name == "a.example"))
        assert (found.client.name, found.expires_on) == ("Alice’s Bakery", date(2027, 2, 1))


@pytest.mark.parametrize("content", ["[1]", "{", '{"domain": 1}'])
def test_a_mapping_that_is_none_is_wrong_usage(flask, file, content):
    ran = flask(file("Domain\na.example\n"), "--map", file(content, "columns.json"), "--yes")
    assert (ran.returncode, "is not a mapping" in ran.stderr) == (2, True)


def test_what_the_headings_do_not_say_is_asked_for_by_its_option(flask, file):
    ran = flask(file("Domain\na.example\n"), "--yes")
    assert ran.returncode == 1
    assert {"--kind", "--client"} <= set(ran.stderr.replace(".", " ").split())


def test_a_file_that_is_no_table_is_one_sentence(flask, file):
    ran = flask(file(b"PK\x03\x04"), "--yes")
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "save it as CSV" in ran.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["no-such-file.csv", "--yes"], ["docs", "--yes"], ["README.md"]]
)
def test_wrong_usage_is_told_apart(flask, arguments):
    ran = flask(*arguments)
    assert ran.returncode == 2
    assert "Usage:" in ran.stderr


def test_nothing_of_an_import_is_left_behind(flask, file):
    flask(file(WHOLE), "--yes")
    assert not list((ROOT / "instance").glob("import-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_it_while_it_reads(environ, file, app, number):
    rows = "".join(f"\nclient,c{row},A,,,,,,," for row in range(300_000))
    with importing(environ, file(WHOLE + rows)) as process:
        wait_for(lambda: list((ROOT / "instance").glob("import-*/rows")))
        process.send_signal(number)
        assert process.communicate()[1] == "Stopped. Nothing was changed.\n"
        assert process.returncode == 128 + number
    assert nothing_imported(app)


def test_ctrl_c_stops_it_while_it_writes(environ, file, app):
    with app.app_context(), importing(environ, file(WHOLE)) as process:
        with writing():  # it waits for this
            assert process.stderr.readline() == "clients.csv: 1 client, 1 service, 1 domain new.\n"
            process.send_signal(signal.SIGINT)
        assert process.communicate() == ("", "Stopped. Nothing was changed.\n")
        assert process.returncode == 130
    assert nothing_imported(app)


@contextmanager
def importing(environ, path):
    command = [FLASK, "import", path, "--yes"]
    pipes = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
    }
    with subprocess.Popen(command, cwd=ROOT, env=environ, **pipes) as process:
        yield process


def nothing_imported(app):
    with app.app_context():
        stored = db.session.scalar(db.select(Service).where(Service.reference == "S-1"))
    return not stored and not list((ROOT / "instance").glob("import-*"))
