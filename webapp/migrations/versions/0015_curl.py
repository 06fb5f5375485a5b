"""the number that curl ends with

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("hostname", sa.Column("curl", sa.Integer(), nullable=True))


def downgrade():
    op.drop_column("hostname", "curl")
