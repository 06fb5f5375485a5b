"""`flask copy-from`: from one database to another, of another kind where the tests run on
PostgreSQL."""

import pytest
from flask_migrate import upgrade

from tests.conftest import _site
from webapp.cli import copy_from
from webapp.customers import catalog
from webapp.customers.models import ServiceStatus
from webapp.extensions import db, writing
from webapp.live_settings import StoredSetting
from webapp.site import site_of


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A site with an empty SQLite file."""
    app = _site(f"sqlite:///{tmp_path}/elsewhere.sqlite3", monkeypatch)
    with app.app_context():
        upgrade()
    yield app
    site_of(app).checks.close()
    with app.app_context():
        db.engine.dispose()


def copy(source, target):
    url = source if isinstance(source, str) else source.config["PADLOCK_DATABASE_URL"]
    with target.app_context():  # as the command `flask` has it
        return target.test_cli_runner().invoke(args=["copy-from", url])


def everything(app):
    """All rows of all tables."""
    with app.app_context():
        return {
            table.name: db.session.execute(db.select(table).order_by(*table.primary_key)).all()
            for table in db.metadata.sorted_tables
        }


def emptied(app):
    with app.app_context(), writing():
        for table in reversed(db.metadata.sorted_tables):
            db.session.execute(table.delete())


def test_everything_goes_there_and_back(app, elsewhere, visit, now):
    visit("ada")  # signs in, so that there is one more table with something in it
    with app.app_context(), writing():
        db.session.add(StoredSetting(name="PADLOCK_NAME", value="Acme", changed_at=now))
    before = everything(app)
    ran = copy(app, elsewhere)
    assert (ran.exit_code, "client: 2\n" in ran.output, everything(elsewhere)) == (
        0,
        True,
        before,
    ), ran.exception
    emptied(app)
    assert copy(elsewhere, app).exit_code == 0
    assert everything(app) == before
    with app.app_context(), writing():
        client = catalog.add_client("Carol", now)
        service = catalog.add_service(
            client, "Hosting", "carol.example", ServiceStatus.ACTIVE, None
        )
        db.session.flush()
        assert (client.id, service.id) == (3, 3)


def test_what_is_there_is_not_overwritten(app, elsewhere, now):
    with elsewhere.app_context(), writing():
        catalog.add_client("Carol", now)
    ran = copy(app, elsewhere)
    told = "Error: The database of this site is not empty: there are rows in client.\n"
    assert (ran.exit_code, ran.output) == (1, told)


def test_half_a_copy_is_none(app, elsewhere, monkeypatch):
    rows = copy_from._rows
    monkeypatch.setattr(
        copy_from,
        "_rows",
        lambda table, there: [[{}]] if table.name == "user" else rows(table, there),
    )
    ran = copy(app, elsewhere)
    assert "client: 2" in ran.output
    assert (
        ran.exit_code,
        "Nothing was copied from " in ran.output,
        everything(elsewhere)["client"],
    ) == (1, True, [])


@pytest.mark.parametrize(
    ("url", "code", "told"),
    [
        ("sqlite:////nowhere/at-all.sqlite3", 2, "there is no folder /nowhere"),
        ("sqlite:///missing.sqlite3", 2, "There is no file missing.sqlite3"),
        ("mysql://root@localhost/x", 2, "it must be postgresql://"),
        ("postgresql://padlock:secret@127.0.0.1:1/x", 1, "Nothing was copied from "),
    ],
)
def test_what_cannot_be_copied_is_told(elsewhere, url, code, told):
    ran = copy(url, elsewhere)
    assert (ran.exit_code, told in ran.output, "secret" in ran.output) == (code, True, False), (
        ran.output
    )


def test_a_file_of_something_else_is_told(elsewhere, tmp_path):
    (tmp_path / "notes.txt").write_text("not a database at all " * 500)
    ran = copy(f"sqlite:///{tmp_path}/notes.txt", elsewhere)
    assert (ran.exit_code, "notes.txt: file is not a database" in ran.output) == (1, True)


def test_another_release_is_told(app, elsewhere):
    with app.app_context(), writing():
        db.session.execute(db.text("UPDATE alembic_version SET version_num = '0001'"))
    ran = copy(app, elsewhere)
    assert (ran.exit_code, "from different releases" in ran.output) == (1, True), ran.exception
