"""previews and tests of sources

Revision ID: 0053
Revises: 0052
"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None


def upgrade():
    # Those that wait say nothing of what they are for; the next hour adds them again
    op.execute("DELETE FROM job WHERE kind = 'source'")
    op.add_column(
        "source_run", sa.Column("mode", sa.String(32), nullable=False, server_default="sync")
    )


def downgrade():
    op.execute("DELETE FROM source_run WHERE mode != 'sync'")
    op.execute("DELETE FROM job WHERE kind = 'source'")
    op.drop_column("source_run", "mode")
