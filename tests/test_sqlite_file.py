"""The file of the database: private whatever the umask, the same one all the time, and told where
it is damaged."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from tests.monitor.processes import ROOT
from webapp import sqlite_file
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.monitor.refresh import runs
from webapp.monitor.refresh.scheduler import _tick
from webapp.site import this_site

pytestmark = pytest.mark.sqlite("it is about its file")


def file_of(app):
    return Path(make_url(app.config["SQLALCHEMY_DATABASE_URI"]).database)


def flag(page, name):
    return next(item for item in page.select(".health-flags li") if item.strong.text == name)


@pytest.fixture
def ticking(app):
    with app.app_context():
        runs.beat(datetime.now(UTC))
        yield app


def delete(file):
    file.unlink()


def replace(file):
    other = file.with_name("other")
    with closing(sqlite3.connect(file)) as mine, closing(sqlite3.connect(other)) as copy:
        mine.backup(copy)
    other.rename(file)


@pytest.mark.parametrize(("change", "word"), [(delete, "deleted"), (replace, "replaced")])
def test_a_file_that_is_gone_or_another_is_told_and_nothing_is_written_any_more(
    ticking, visit, caplog, change, word
):
    ada = visit("ada")
    change(file_of(ticking))
    answer = visit().client.get("/readyz")
    assert (answer.status_code, answer.json["database"]) == (503, word)
    with pytest.raises(OperationalError, match=f"database file was {word}"), writing():
        pass
    assert this_site().not_saved
    told = flag(ada.get("/admin/health"), "Database")
    assert f"database file was {word}" in told.text
    assert "Nothing is saved any more" in told.text
    _tick(ticking)
    assert f"The database file was {word}" in caplog.text.rpartition("CRITICAL")[2]
    assert not file_of(ticking).exists() or word == "replaced"  # nobody makes an empty one instead


def test_a_file_that_is_emptied_is_told_to_machines_and_not_written(ticking, visit):
    assert visit().client.get("/readyz").status_code == 200
    subprocess.run(["truncate", "--size=0", file_of(ticking)], check=True)
    answer = visit().client.get("/readyz")
    assert (answer.status_code, answer.json["database"]) == (503, "emptied")
    with pytest.raises(OperationalError, match="database file was emptied"), writing():
        pass


def test_the_right_file_at_its_place_again_is_well_again(ticking, visit):
    file = file_of(ticking)
    file.rename(file.with_name("away"))
    assert visit().client.get("/readyz").status_code == 503
    file.with_name("away").rename(file)
    assert visit().client.get("/readyz").json["database"] == "ok"
    with writing():
        db.session.execute(db.update(Target).values(detail="written"))


def test_damage_while_the_site_runs_is_seen_by_machines_and_people(ticking, visit):
    ada = visit("ada")
    file = file_of(ticking)
    ada.get("/admin/health")
    db.session.rollback()
    subprocess.run([sys.executable, "-c", DAMAGE, str(file)], check=True)
    sqlite_file.of(db.engine)._looked_at = 0.0  # ten seconds later
    answer = visit().client.get("/readyz")
    assert (answer.status_code, answer.json) == (
        503,
        {"status": "not ready", "database": "damaged"},
    )
    page = ada.client.get("/admin/health")
    assert page.status_code in (200, 503)  # who is signed in may be what cannot be read any more
    assert "It is damaged" in page.text or "Temporarily unavailable" in page.text


DAMAGE = """
import sqlite3, sys
path = sys.argv[1]
with sqlite3.connect(path) as database:  # by another process, as a disk would
    pages = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
    root = database.execute(pages, ["security_event"]).fetchone()
    root = root or database.execute(pages, ["change"]).fetchone()
    database.execute("PRAGMA wal_checkpoint(PASSIVE)")
    size = database.execute("PRAGMA page_size").fetchone()[0]
database.close()
with open(path, "r+b") as file:
    file.seek((root[0] - 1) * size)
    file.write(b"no page " * (size // 8))
"""


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_system_health_answers_within_three_seconds_while_another_process_holds_the_database(
    ticking, visit, lock
):
    ada = visit("ada")
    with closing(sqlite3.connect(file_of(ticking), isolation_level=None)) as other:
        other.execute(lock)
        started = time.monotonic()
        page = ada.get("/admin/health")
        took = time.monotonic() - started
    assert "Another process has locked it" in flag(page, "Database").text
    assert took < 3


def test_a_write_that_waits_for_less_leaves_the_usual_patience_as_it_was(ticking):
    with closing(sqlite3.connect(file_of(ticking), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"), writing(patience=0.1):
            pass
    with writing(patience=0.1):
        assert db.session.execute(db.text("PRAGMA busy_timeout")).scalar() == 10_000


USE = """
import os
os.umask(0)  # the one that lets everybody in
from webapp import create_app
from webapp.extensions import db, writing
app = create_app(commands=False)
with app.app_context():
    with writing():
        db.session.execute(db.text("CREATE TABLE IF NOT EXISTS x (y)"))
    folder = os.path.dirname(app.config["PADLOCK_DATABASE_URL"].removeprefix("sqlite:///"))
    names = sorted(os.listdir(folder))
    print({name: oct(os.stat(os.path.join(folder, name)).st_mode & 0o777) for name in names})
"""


@pytest.mark.parametrize("there", [False, True])
def test_the_file_and_all_beside_it_are_its_owners_alone(tmp_path, there):
    folder = tmp_path / "data"
    folder.mkdir()
    if there:
        (folder / "padlock.sqlite3").touch()
        (folder / "padlock.sqlite3").chmod(0o644)
    environ = {
        "PADLOCK_DATABASE_URL": f"sqlite:///{folder}/padlock.sqlite3",
        "PADLOCK_SECRET_KEY": "x" * 32,
    }
    command = [sys.executable, "-c", USE]
    ran = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    names = ("padlock.sqlite3", "padlock.sqlite3-shm", "padlock.sqlite3-wal")
    assert ran.stdout.strip() == str(dict.fromkeys(names, "0o600"))
