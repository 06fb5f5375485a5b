"""when the adaptive schedule asks a host name again

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    # Empty: each name is asked once as soon as the schedule is on, and has its turn from then on.
    op.add_column("hostname", sa.Column("next_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_hostname_next_at", "hostname", ["next_at"])


def downgrade():
    op.drop_index("ix_hostname_next_at", "hostname")
    op.drop_column("hostname", "next_at")
