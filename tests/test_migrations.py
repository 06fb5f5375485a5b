"""What a migration does to the rows that are there."""

from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from tests.conftest import NOW
from webapp.customers import accounts, activity, catalog
from webapp.customers.models import Client, User
from webapp.extensions import db, writing

TABLES = ("client", "user", "service", "domain", "sign_in", "activity", "hostname")


def rows():
    with db.engine.connect() as connection:
        return {name: connection.execute(text(f'SELECT * FROM "{name}" ORDER BY id')).all() for name in TABLES}  # noqa: S608


def indexes():
    with db.engine.connect() as connection:
        found = connection.execute(text("SELECT name, sql FROM sqlite_schema WHERE type = 'index' ORDER BY name"))
        return found.all()


def test_making_tables_anew_loses_no_row_no_index_and_no_foreign_key(in_app):
    ada = db.session.get(User, 3)
    accounts.sign_in(ada, NOW)
    with writing():
        activity.note(ada, "created", "client", 1, "Alice’s Bakery", NOW)
    db.session.remove()
    downgrade(revision="0007")
    before = rows(), indexes(), inspect(db.engine).get_foreign_keys("sign_in")
    for step in (lambda: downgrade(revision="0005"), lambda: upgrade(revision="0007")):
        step()
        assert (rows(), indexes(), inspect(db.engine).get_foreign_keys("sign_in")) == before
    assert db.session.scalar(text("PRAGMA foreign_keys")) == 1


def test_an_id_in_the_log_is_not_given_again_by_a_database_of_before(in_app):
    downgrade(revision="0005")
    with writing():
        activity.note(None, "deleted", "client", 40, "Gone before", NOW)
    db.session.remove()
    upgrade()
    with writing():
        client = catalog.add_client("New", NOW)
    assert client.id == 41


def test_the_id_of_what_was_deleted_is_not_given_again(in_app):
    with writing():
        gone = catalog.add_client("Gone", NOW)
    gone_id = gone.id
    with writing():
        db.session.delete(db.session.get(Client, gone_id))
    with writing():
        client = catalog.add_client("New", NOW)
    assert client.id == gone_id + 1
