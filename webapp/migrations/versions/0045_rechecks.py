"""when a name is checked once more, outside its turn

Revision ID: 0045
Revises: 0044
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

INDEX = "ix_target_recheck"


def upgrade():
    op.add_column("target", sa.Column("recheck_at", sa.DateTime(timezone=True), nullable=True))
    waits = sa.text("recheck_at IS NOT NULL")
    columns = ["recheck_at", "id"]
    op.create_index(INDEX, "target", columns, sqlite_where=waits, postgresql_where=waits)


def downgrade():
    # The site before knows no such runs
    runs = sa.table("refresh_run", sa.column("id"), sa.column("kind"))
    jobs = sa.table("job", sa.column("kind"), sa.column("key"))
    rechecks = sa.select(sa.cast(runs.c.id, sa.String)).where(runs.c.kind == "recheck")
    of_them = sa.delete(jobs).where(jobs.c.kind == "refresh", jobs.c.key.in_(rechecks))
    op.get_bind().execute(of_them)
    op.get_bind().execute(sa.delete(runs).where(runs.c.kind == "recheck"))
    op.drop_index(INDEX, "target")
    op.drop_column("target", "recheck_at")
