"""What keeps the site from starting is told in one sentence, with the command that mends it: real
processes."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url

from scripts.ports import free_port
from tests import forked

pytestmark = pytest.mark.sqlite("it is about its file")


@pytest.fixture
def start(tmp_path):
    """Starts the site, or a command of `flask`, with this file as its database."""

    def start(file, *command, umask=None, **settings):
        environ = {
            "PADLOCK_DATABASE_URL": f"sqlite:///{file}",
            "PADLOCK_SECRET_KEY": "x" * 32,
            "PADLOCK_LISTEN": f"127.0.0.1:{free_port()}",
        }
        command = ["flask", *command] if command else ["gunicorn", "wsgi:app"]
        return forked.run(*command, environ=environ | settings, umask=umask)

    return start


def empty(file):
    file.touch()


def no_database(file):
    file.write_bytes(b"not a database at all " * 500)


def older(file):
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('0001')")
        database.commit()


def newer(file):
    older(file)
    with closing(sqlite3.connect(file)) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()


FILES = [
    (empty, "The database has no tables yet. Run: .venv/bin/flask db upgrade"),
    (no_database, "The file of the database is damaged, or no database at all: "),
    (older, "The database is of an older release of Padlock. Run: .venv/bin/flask db upgrade"),
    (newer, "The database is of a newer release of Padlock. Install that release"),
    (Path.mkdir, "The file of the database cannot be opened: "),
]


@pytest.mark.parametrize(("make", "words"), FILES)
def test_the_site_ends_with_one_sentence(start, tmp_path, make, words):
    make(tmp_path / "padlock.sqlite3")
    ran = start(tmp_path / "padlock.sqlite3")
    assert ran.returncode == 3
    assert ran.stderr.count(words) == 1
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("app", ["wsgi.py", "webapp"])
@pytest.mark.parametrize(("make", "words"), FILES[:2])
def test_flask_run_ends_with_one_sentence(start, tmp_path, make, words, app):
    make(tmp_path / "padlock.sqlite3")
    ran = start(tmp_path / "padlock.sqlite3", "--app", app, "run", "--port", str(free_port()))
    assert ran.returncode == 2
    assert ran.stderr.startswith(words)
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("make", "words", "command"),
    [
        (*FILES[0], ["users", "list"]),
        (*FILES[0], ["worker"]),
        (*FILES[0], ["backup", "nothing-to-back-up.sqlite3"]),
        (*FILES[0], ["copy-from", "sqlite://"]),
        (*FILES[1], ["welcome"]),
        (*FILES[1], ["db", "upgrade"]),
        (*FILES[2], ["refresh"]),
        (*FILES[4], ["users", "list"]),
    ],
)
def test_a_command_ends_with_one_sentence(start, tmp_path, make, words, command):
    make(tmp_path / "padlock.sqlite3")
    ran = start(tmp_path / "padlock.sqlite3", *command)
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"Error: {words}")
    assert ran.stderr.count("\n") == 1


def test_a_command_says_that_postgresql_does_not_answer(start, tmp_path):
    away = f"postgresql://padlock:secret@127.0.0.1:{free_port()}/padlock"
    ran = start(tmp_path, "users", "list", PADLOCK_DATABASE_URL=away)
    assert ran.returncode == 1
    assert ran.stderr.startswith("Error: The database cannot be used: connection failed: ")
    assert "Is PostgreSQL running" in ran.stderr
    assert "secret" not in ran.stderr


def test_a_command_that_needs_no_tables_runs_without_them(start, tmp_path):
    assert start(tmp_path / "padlock.sqlite3", "settings").returncode == 0


def test_a_bad_setting_ends_gunicorn_instead_of_being_tried_again_and_again(start, tmp_path):
    ran = start(tmp_path / "padlock.sqlite3", PADLOCK_PROBE_TIMEOUT="soon")
    assert ran.returncode == 3
    assert "Traceback" not in ran.stderr
    assert ran.stderr.count("PADLOCK_PROBE_TIMEOUT cannot be") == 1


@pytest.fixture
def file(app):
    return Path(make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database)


def test_a_backup_is_whole_and_its_owners_alone(start, file, tmp_path):
    ran = start(file, "backup", str(tmp_path / "copy.sqlite3"), umask=0)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert stat.S_IMODE((tmp_path / "copy.sqlite3").stat().st_mode) == 0o600
    with closing(sqlite3.connect(tmp_path / "copy.sqlite3")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert copy.execute("SELECT count(*) FROM user").fetchone() == (4,)
    assert [found.name for found in tmp_path.glob("copy*")] == ["copy.sqlite3"]


def test_a_backup_overwrites_nothing(start, file, tmp_path):
    (tmp_path / "copy.sqlite3").write_text("precious")
    ran = start(file, "backup", str(tmp_path / "copy.sqlite3"))
    assert (ran.returncode, "cannot be created: File exists" in ran.stderr) == (1, True)
    assert (tmp_path / "copy.sqlite3").read_text() == "precious"
