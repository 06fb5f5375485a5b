"""who made a token

Revision ID: 0056
Revises: 0055
"""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade():
    maker = sa.Column("created_by", sa.String(254), nullable=False, server_default="")
    op.add_column("token", maker)


def downgrade():
    op.drop_column("token", "created_by")
