"""A database that is full, read-only, damaged or of another time: told, survived, and never blamed
on a customer."""

import shutil
import sqlite3
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from click import ClickException
from flask_migrate import upgrade

from tests.conftest import PASSWORD, _site
from tests.monitor.refreshing import refresh
from webapp.extensions import db, writing
from webapp.monitor.models import RunState, Target
from webapp.monitor.refresh import runs
from webapp.monitor.refresh.scheduler import _tick
from webapp.site import site_of


@pytest.fixture
def disk(tmp_path):
    """A disk of its own, of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder]
    try:
        made = subprocess.run(mount, capture_output=True).returncode == 0
    except FileNotFoundError:
        made = False
    if not made:
        pytest.skip("only root can mount a small disk, and not everywhere")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def small(disk, first_file, monkeypatch):
    """The site with its database on that disk."""
    shutil.copyfile(first_file, disk / "padlock.sqlite3")
    app = _site(f"sqlite:///{disk}/padlock.sqlite3", monkeypatch)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    site_of(app).checks.close()


def fill(folder: Path) -> Path:
    """A file that leaves no room for anything else."""
    file = folder / "filler"
    with pytest.raises(OSError, match="No space left"):
        file.write_bytes(b"x" * 5 * 1024 * 1024)
    return file


@pytest.mark.sqlite("the disk of its file is full")
def test_on_a_full_disk_pages_are_read_and_the_run_goes_on_when_there_is_room(
    small, disk, caplog, now
):
    browser = small.test_client()
    browser.get("/sign-in")
    filler = fill(disk)
    _tick(small)
    assert "disk is full" in caplog.text or "disk I/O error" in caplog.text
    assert browser.get("/sign-in").status_code == 200
    token = browser.get("/sign-in").text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"email": "ada@example.com", "password": PASSWORD, "csrf_token": token}
    assert browser.post("/sign-in", data=form).status_code == 503
    filler.unlink()
    refresh(clock=lambda: now + timedelta(minutes=5))
    db.session.rollback()
    assert runs.last_daily().state is RunState.DONE
    assert db.session.execute(db.text("PRAGMA integrity_check")).scalar() == "ok"


@pytest.mark.sqlite("its file is on a disk that is read-only")
def test_a_database_on_a_read_only_disk_is_read_and_written_again_when_that_is_over(
    small, disk, caplog
):
    db.session.remove()
    db.engine.dispose()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert db.session.scalar(db.select(db.func.count()).select_from(Target)) == 2
    _tick(small)
    assert "attempt to write a readonly database" in caplog.text
    assert small.test_client().get("/sign-in").status_code == 200
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    _tick(small)
    db.session.rollback()
    assert runs.last_daily() is not None


@pytest.fixture
def damaged(tmp_path, first_file, monkeypatch):
    path = tmp_path / "padlock.sqlite3"
    path.write_bytes(b"this was a database once" * 1000)
    app = _site(f"sqlite:///{path}", monkeypatch)
    yield app
    site_of(app).checks.close()


@pytest.mark.sqlite("its file is damaged")
def test_a_damaged_database_says_what_to_do(damaged, caplog):
    with damaged.app_context(), pytest.raises(ClickException, match="Restore the last backup"):
        upgrade()
    answer = damaged.test_client().get("/sign-in")
    assert answer.status_code == 503
    assert "docs/running.md" in caplog.text
    assert "backup" not in answer.text
    _tick(damaged)
    assert "the scheduler's tick failed" in caplog.text


@pytest.mark.sqlite("its file is copied without its log")
def test_without_its_write_ahead_log_a_database_is_whole(app, tmp_path):
    with app.app_context():
        path = Path(app.config["PADLOCK_DATABASE_URL"].removeprefix("sqlite:///"))
        refresh()
        copy = tmp_path / "copy"
        shutil.copy(path, copy)  # and not what is still in its log
    with sqlite3.connect(copy) as alone:
        assert alone.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    alone.close()


def test_migrating_twice_changes_nothing(in_app):
    upgrade()
    upgrade()
    refresh()
    assert runs.last_daily().asked == 2


def test_older_code_refuses_a_newer_database(in_app, capsys, caplog):
    with writing():
        db.session.execute(db.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SystemExit):
        upgrade()
    assert "Can't locate revision identified by '9999'" in caplog.text
