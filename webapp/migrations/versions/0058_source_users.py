"""whether clients of a source get users

Revision ID: 0058
Revises: 0057
"""

import sqlalchemy as sa
from alembic import op

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None


def upgrade():
    added = sa.Column("add_users", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("source", added)


def downgrade():
    op.drop_column("source", "add_users")
