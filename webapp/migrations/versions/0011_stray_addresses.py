"""the addresses of a host name that must not be asked

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("hostname", sa.Column("stray", sa.JSON(), nullable=False, server_default="[]"))


def downgrade():
    op.drop_column("hostname", "stray")
