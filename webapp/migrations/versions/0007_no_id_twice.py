"""an id that was given once is not given again

Revision ID: 0007
Revises: 0005
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("client", "user", "service", "domain")
PLAIN = "id INTEGER NOT NULL"
ONCE = "id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"


def upgrade():
    if not _sqlite():
        return  # the others never do
    for table in TABLES:
        key = re.compile(rf",\s*CONSTRAINT pk_{table} PRIMARY KEY \(id\)")
        _make_anew(
            table,
            lambda sql, key=key: _replaced(
                key, "", _replaced(re.compile(rf"\b{PLAIN}"), ONCE, sql)
            ),
        )
        # What is gone is still in the log, and nothing new may stand behind its lines.
        highest = f'SELECT coalesce(max(id), 0) FROM "{table}"'
        last = f"SELECT max(({highest}), coalesce(max(item_id), 0)) FROM activity"
        op.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name").bindparams(name=table))
        op.execute(
            f"INSERT INTO sqlite_sequence (name, seq) SELECT '{table}',"
            f" ({last} WHERE kind = '{table}')"
        )
    _check()


def downgrade():
    if not _sqlite():
        return
    for table in TABLES:
        key = f",\n\tCONSTRAINT pk_{table} PRIMARY KEY (id)\n)"
        _make_anew(
            table,
            lambda sql, key=key: (
                _replaced(re.compile(ONCE), PLAIN, sql).rstrip()[:-1].rstrip() + key
            ),
        )
    _check()


def _sqlite():
    return op.get_bind().dialect.name == "sqlite"


def _make_anew(table, change):
    """The same table with another statement behind it, as SQLite's "Making Other Kinds Of Table
    Schema Changes" goes; env.py has put the foreign keys aside. Alembic's batch mode would lose the
    indexes on expressions."""
    connection = op.get_bind()
    sql, *indexes = connection.scalars(
        sa.text(
            "SELECT sql FROM sqlite_schema WHERE tbl_name = :name AND sql IS NOT NULL"
            " ORDER BY type = 'index'"
        ),
        {"name": table},
    ).all()
    fresh = _replaced(
        re.compile(rf'CREATE TABLE "?{table}"?'), f'CREATE TABLE "{table}_anew"', change(sql)
    )
    for statement in (
        fresh,
        f'INSERT INTO "{table}_anew" SELECT * FROM "{table}"',
        f'DROP TABLE "{table}"',
        f'ALTER TABLE "{table}_anew" RENAME TO "{table}"',
        *indexes,
    ):
        connection.exec_driver_sql(statement)


def _replaced(old, new, sql):
    sql, count = old.subn(new, sql)
    if count != 1:
        raise RuntimeError(f"This is not the table that was expected: {sql}")
    return sql


def _check():
    if lost := op.get_bind().exec_driver_sql("PRAGMA foreign_key_check").all():
        raise RuntimeError(f"Rows refer to what is not there: {lost[:10]}")
