"""the index of what is due ends with the id on PostgreSQL too

Revision ID: 0010
Revises: 0009
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade():
    # SQLite has the id behind every index. PostgreSQL does not: it sorted all names that were never
    # asked for each batch.
    op.drop_index("ix_hostname_due", "hostname")
    op.create_index("ix_hostname_due", "hostname", ["asked_at", "urgent_at", "id"])


def downgrade():
    op.drop_index("ix_hostname_due", "hostname")
    op.create_index("ix_hostname_due", "hostname", ["asked_at", "urgent_at"])
