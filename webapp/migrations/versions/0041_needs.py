"""which names need a person, and why

Revision ID: 0041
Revises: 0040
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
INDEX = "ix_alert_name_need"
MINUTES = 60


def upgrade():
    op.add_column("alert_name", sa.Column("need", sa.SmallInteger(), nullable=True))
    op.add_column("alert_name", sa.Column("need_at", INSTANT, nullable=True))
    needed = sa.text("need IS NOT NULL")
    op.create_index(
        INDEX,
        "alert_name",
        ["need", "need_at", "id", "incident_id"],
        sqlite_where=needed,
        postgresql_where=needed,
    )
    _evaluate_again()


def _evaluate_again():
    """All names in the next hour, each minute a part of them: then it is known what they need."""
    name = sa.table("alert_name", sa.column("id"), sa.column("next_at", INSTANT))
    for minute in range(MINUTES):
        at = datetime.now(UTC) + timedelta(minutes=minute)
        later = sa.or_(name.c.next_at.is_(None), name.c.next_at > at)
        part = sa.update(name).where(name.c.id % MINUTES == minute, later)
        op.get_bind().execute(part.values(next_at=at))


def downgrade():
    op.drop_index(INDEX, "alert_name")
    op.drop_column("alert_name", "need_at")
    op.drop_column("alert_name", "need")
