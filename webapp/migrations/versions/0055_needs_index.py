"""the index of what needs a person has all that Today counts by

Revision ID: 0055
Revises: 0054
"""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

INDEX = "ix_alert_name_need"
NEEDED = sa.text("need IS NOT NULL")
COLUMNS = ["need", "need_at", "id", "incident_id"]


def upgrade():
    _make([*COLUMNS, "snoozed_until", "snoozed_need", "assigned_id"])


def downgrade():
    _make(COLUMNS)


def _make(columns):
    op.drop_index(INDEX, "alert_name")
    op.create_index(INDEX, "alert_name", columns, sqlite_where=NEEDED, postgresql_where=NEEDED)
    op.execute("ANALYZE alert_name")
