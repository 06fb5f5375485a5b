"""the audit log has an index for searches, where the database can have one

Revision ID: 0027
Revises: 0026
"""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

log = logging.getLogger(__name__)

# As webapp/customers/search_index.py made it at that time
NAME = "activity_search"
COLUMNS = ("item", "who", "detail_texts")


def upgrade():
    if op.get_bind().dialect.name == "sqlite":
        # Where a search of lists has none, SQLite is too old for this one too
        if sa.inspect(op.get_bind()).has_table("listing_search"):
            _create_in_sqlite()
    else:
        _create_in_postgresql()


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        for when in ("delete", "insert"):
            op.execute(f"DROP TRIGGER IF EXISTS {NAME}_{when}")
        op.execute(f"DROP TABLE IF EXISTS {NAME}")
    else:
        for column in COLUMNS:
            op.execute(f"DROP INDEX IF EXISTS {NAME}_{column}")


def _create_in_sqlite():
    texts = ", ".join(COLUMNS)
    new, old = (
        ", ".join(f"{row}.{column}" for column in ("id", *COLUMNS)) for row in ("new", "old")
    )
    for statement in (
        f"CREATE VIRTUAL TABLE {NAME} USING fts5({texts},"
        " content='', columnsize=0, detail=none, tokenize='trigram')",
        f"CREATE TRIGGER {NAME}_delete AFTER DELETE ON activity BEGIN INSERT INTO {NAME}"
        f" ({NAME}, rowid, {texts}) VALUES ('delete', {old}); END",
        f"CREATE TRIGGER {NAME}_insert AFTER INSERT ON activity BEGIN INSERT INTO {NAME}"
        f" (rowid, {texts}) VALUES ({new}); END",
        f"INSERT INTO {NAME} (rowid, {texts}) SELECT id, {texts} FROM activity ORDER BY id",
    ):
        op.get_bind().exec_driver_sql(statement)


def _create_in_postgresql():
    """Nothing where the extension is not there: System Health says so."""
    known = "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'"
    if not op.get_bind().scalar(sa.text(known)):
        return
    try:
        with op.get_bind().begin_nested():
            for column in COLUMNS:
                op.execute(
                    f"CREATE INDEX {NAME}_{column} ON activity USING gin ({column} gin_trgm_ops)"
                )
    except sa.exc.DBAPIError as error:
        log.warning("The index for searches was not made: %s", error.orig)
