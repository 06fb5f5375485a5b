"""details of the activity log and of refreshes as codes with parameters; what was written before is
the code "text"

Revision ID: 0016
Revises: 0015
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BATCH_ROWS = 1000


def upgrade():
    op.execute("ALTER TABLE activity RENAME COLUMN detail TO detail_texts")
    for table, text in (("activity", "detail_texts"), ("refresh_run", "detail")):
        # Defaults, so that the tables need not be rebuilt on SQLite.
        op.add_column(
            table, sa.Column("detail_code", sa.String(length=40), nullable=False, server_default="")
        )
        op.add_column(
            table, sa.Column("detail_parameters", sa.JSON(), nullable=False, server_default="{}")
        )
        build = "json_object" if op.get_bind().dialect.name == "sqlite" else "json_build_object"
        op.execute(
            f"UPDATE {table} SET detail_code = 'text',"
            f" detail_parameters = {build}('text', {text})"
            f" WHERE {text} <> ''"
        )
    op.drop_column("refresh_run", "detail")


def downgrade():
    op.add_column(
        "refresh_run", sa.Column("detail", sa.String(length=500), nullable=False, server_default="")
    )
    _tell("refresh_run", "detail", REFRESH)
    # The number of names stood in place of an item.
    for row in _coded("activity", "= 'host names'"):
        op.execute(
            sa.text("UPDATE activity SET item = :item WHERE id = :id").bindparams(
                id=row.id, item=f"{_parameters(row)['count']:,} host names"
            )
        )
    _tell("activity", "detail_texts", ACTIVITY)
    for table in ("activity", "refresh_run"):
        op.drop_column(table, "detail_parameters")
        op.drop_column(table, "detail_code")
    op.execute("ALTER TABLE activity RENAME COLUMN detail_texts TO detail")


# The words of the version that this goes back to.
REFRESH = {
    "text": lambda found: found["text"],
    "cut off": lambda _: "It had not ended when the next one began.",
    "interrupted": lambda _: "It was interrupted.",
    "all failed": lambda _: "Every check failed on our side, see the log.",
    "many failed": lambda found: (
        "{failed:,} of {asked:,} checks failed on our side. See the log.".format(**found)
    ),
    "busy": lambda _: "This machine was too busy to check host names: nothing was stored.",
    "error": lambda found: f"{found['error']}, see the log.",
}
ACTIVITY = {
    "text": lambda found: found["text"],
    "changes": lambda found: ", ".join(
        f"{fact} {old or '–'} → {new or '–'}" for fact, old, new in found["changes"]
    ),
    "reference": lambda found: f"reference {found['reference']}",
    "user": lambda found: (
        f"{found['name']}, {found['role']}" + (f" of {found['client']}" if found["client"] else "")
    ),
    "email": lambda found: f"e-mail {found['email']}",
    "for client": lambda found: f"for {found['client']}",
    "of client": lambda found: f"of {found['client']}",
    "moved": lambda found: f"from {found['before']} to {found['after']}",
    "belongings": lambda found: (
        "with " + ", ".join(f"{found[kind]} {kind}" for kind in ("services", "domains", "users"))
    ),
    "imported": lambda found: "; ".join(
        f"{kind}: {of['new']:,} new, {of['changed']:,} changed, {of['same']:,} unchanged"
        for kind, of in found["counts"].items()
    ),
    "host names": lambda _: "",
}


def _tell(table, column, words):
    for row in _coded(table, "<> ''"):
        told = words[row.detail_code](_parameters(row))
        statement = sa.text(f"UPDATE {table} SET {column} = :told WHERE id = :id")
        op.execute(
            statement.bindparams(id=row.id, told=told if len(told) <= 500 else told[:499] + "…")
        )


def _coded(table, condition):
    """The rows with such a code, a batch at a time: the log may be long."""
    last = 0
    statement = sa.text(
        f"SELECT id, detail_code, detail_parameters FROM {table}"
        f" WHERE detail_code {condition} AND id > :last ORDER BY id LIMIT {BATCH_ROWS}"
    )
    while rows := op.get_bind().execute(statement, {"last": last}).all():
        yield from rows
        last = rows[-1].id


def _parameters(row):
    # SQLite gives JSON as text here
    found = row.detail_parameters
    return json.loads(found) if isinstance(found, str) else found
