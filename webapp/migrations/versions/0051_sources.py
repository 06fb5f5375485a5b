"""sources, and what comes from them

Revision ID: 0051
Revises: 0050
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
OWNED = ("client", "service", "domain")
UNIQUE = "CONSTRAINT uq_domain_client_id UNIQUE (client_id, name)"


def upgrade():
    op.create_table(
        "source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("credentials", sa.String(8000), nullable=False),
        sa.Column("watch_other", sa.Boolean(), nullable=False),
        sa.Column("property_key", sa.String(60), nullable=False),
        sa.Column("gone_percent", sa.SmallInteger(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
        sa.UniqueConstraint("name", name="uq_source_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "source_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=False),
        sa.Column("who", sa.String(254), nullable=False),
        sa.Column("fault", sa.String(40), nullable=False),
        sa.Column("fault_parameters", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("problem_count", sa.Integer(), nullable=False),
        sa.Column("problems", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source_run"),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name="fk_source_run_source_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_source_run_source", "source_run", ["source_id", "id"])
    for table in OWNED:
        op.add_column(table, sa.Column("source_id", sa.Integer(), nullable=True))
        op.add_column(table, sa.Column("source_key", sa.String(64), nullable=True))
        op.create_index(f"uq_{table}_source", table, ["source_id", "source_key"], unique=True)
    op.add_column(
        "service", sa.Column("watched", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    if _sqlite():
        _make_domain_anew(lambda sql: _replaced(rf",\s*{re.escape(UNIQUE)}", "", sql))
    else:
        op.drop_constraint("uq_domain_client_id", "domain")
    by_hand = sa.text("source_id IS NULL")
    op.create_index(
        "uq_domain_by_hand",
        "domain",
        ["client_id", "name"],
        unique=True,
        sqlite_where=by_hand,
        postgresql_where=by_hand,
    )


def downgrade():
    """Of two domains with the same name of a client the older one stays."""
    older = (
        "SELECT 1 FROM domain AS older WHERE older.client_id = domain.client_id"
        " AND older.name = domain.name AND older.id < domain.id"
    )
    twice = f"SELECT id FROM domain WHERE EXISTS ({older})"
    op.execute(f"DELETE FROM listing_row WHERE domain_id IN ({twice})")
    op.execute(f"DELETE FROM domain WHERE id IN ({twice})")
    op.execute("DELETE FROM job WHERE kind = 'source'")
    op.drop_index("uq_domain_by_hand", "domain")
    for table in OWNED:
        op.drop_index(f"uq_{table}_source", table)
        op.drop_column(table, "source_key")
        op.drop_column(table, "source_id")
    op.drop_column("service", "watched")
    if _sqlite():
        _make_domain_anew(lambda sql: f"{sql.rstrip()[:-1].rstrip()},\n\t{UNIQUE}\n)")
    else:
        op.create_unique_constraint("uq_domain_client_id", "domain", ["client_id", "name"])
    op.drop_table("source_run")
    op.drop_table("source")


def _sqlite():
    return op.get_bind().dialect.name == "sqlite"


def _make_domain_anew(change):
    """The same table with another statement behind it, as in 0007: SQLite cannot drop a constraint.
    The highest id that it ever gave is kept."""
    connection = op.get_bind()
    sql, *indexes = connection.scalars(
        sa.text(
            "SELECT sql FROM sqlite_schema WHERE tbl_name = 'domain' AND sql IS NOT NULL"
            " ORDER BY type = 'index'"
        )
    ).all()
    last = connection.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'domain'")) or 0
    for statement in (
        _replaced(r'CREATE TABLE "?domain"?', 'CREATE TABLE "domain_anew"', change(sql)),
        'INSERT INTO "domain_anew" SELECT * FROM "domain"',
        'DROP TABLE "domain"',
        'ALTER TABLE "domain_anew" RENAME TO "domain"',
        "DELETE FROM sqlite_sequence WHERE name IN ('domain', 'domain_anew')",
        f"INSERT INTO sqlite_sequence (name, seq) VALUES ('domain', {last})",
        *indexes,
    ):
        connection.exec_driver_sql(statement)
    if lost := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise RuntimeError(f"Rows refer to what is not there: {lost[:10]}")


def _replaced(old, new, sql):
    sql, count = re.subn(old, new, sql)
    if count != 1:
        raise RuntimeError(f"This is not the table that was expected: {sql}")
    return sql
