"""whether browsers may refuse a valid certificate

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "hostname",
        sa.Column("browsers_refuse", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index("ix_hostname_browsers_refuse", "hostname", ["browsers_refuse"])


def downgrade():
    op.drop_index("ix_hostname_browsers_refuse", "hostname")
    op.drop_column("hostname", "browsers_refuse")
