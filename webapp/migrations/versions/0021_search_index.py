"""an index for searches, where the database can have one

Revision ID: 0021
Revises: 0020
"""

import logging
import sqlite3
from contextlib import closing

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

log = logging.getLogger(__name__)

# As webapp/customers/search_index.py made it at that time
COLUMNS = "rowid, text, client_text, client"
TABLE = (
    "CREATE VIRTUAL TABLE listing_search USING fts5(text, client_text, client,"
    " content='', columnsize=0, detail=none, tokenize='trigram')"
)
INDEXES = {"listing_search_client_text": "client_text", "listing_search_text": "text"}


def upgrade():
    if op.get_bind().dialect.name == "sqlite":
        if _has_trigrams():
            _create_in_sqlite()
    else:
        _create_in_postgresql()


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        for when in ("delete", "insert", "update"):
            op.execute(f"DROP TRIGGER IF EXISTS listing_search_{when}")
        op.execute("DROP TABLE IF EXISTS listing_search")
    else:
        # The extension stays: others may have come to use it
        for name in INDEXES:
            op.execute(f"DROP INDEX IF EXISTS {name}")


def _has_trigrams():
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute(TABLE)
        except sqlite3.OperationalError:
            return False
    return True


def _create_in_sqlite():
    add = f"INSERT INTO listing_search ({COLUMNS}) VALUES ({_document('new')})"
    remove = (
        f"INSERT INTO listing_search (listing_search, {COLUMNS})"
        f" VALUES ('delete', {_document('old')})"
    )
    changed = " OR ".join(
        f"old.{one} IS NOT new.{one}" for one in ("text", "client_text", "client_id")
    )
    for statement in (
        TABLE,
        f"CREATE TRIGGER listing_search_delete AFTER DELETE ON listing_row BEGIN {remove}; END",
        f"CREATE TRIGGER listing_search_insert AFTER INSERT ON listing_row BEGIN {add}; END",
        "CREATE TRIGGER listing_search_update"
        " AFTER UPDATE OF text, client_text, client_id ON listing_row"
        f" WHEN {changed} BEGIN {remove}; {add}; END",
        f"INSERT INTO listing_search ({COLUMNS})"
        f" SELECT {_document('listing_row')} FROM listing_row ORDER BY 1",
    ):
        op.get_bind().exec_driver_sql(statement)


def _document(row):
    client = (
        f"char(983040 + ({row}.client_id >> 24), 983040 + (({row}.client_id >> 12) & 4095),"
        f" 983040 + ({row}.client_id & 4095))"
    )
    return f"({row}.id >> 1) + (({row}.id & 1) << 40), {row}.text, {row}.client_text, {client}"


def _create_in_postgresql():
    """Nothing where the extension is not there, or only an administrator of the database may bring
    it in: System Health says so."""
    known = "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_trgm'"
    if not op.get_bind().scalar(sa.text(known)):
        return
    try:
        with op.get_bind().begin_nested():
            op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            for name, column in INDEXES.items():
                op.execute(f"CREATE INDEX {name} ON listing_row USING gin ({column} gin_trgm_ops)")
    except sa.exc.DBAPIError as error:
        log.warning("The index for searches was not made: %s", error.orig)
