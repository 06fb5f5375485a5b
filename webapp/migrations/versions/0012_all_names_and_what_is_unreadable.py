"""how many names a certificate has, and which parts of it cannot be read

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "hostname", sa.Column("names_total", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column(
        "hostname", sa.Column("unreadable", sa.JSON(), nullable=False, server_default="[]")
    )


def downgrade():
    op.drop_column("hostname", "unreadable")
    op.drop_column("hostname", "names_total")
