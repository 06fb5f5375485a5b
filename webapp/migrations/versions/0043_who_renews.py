"""who renews the certificate of a service

Revision ID: 0043
Revises: 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("service", sa.Column("who_renews", sa.String(32), nullable=True))


def downgrade():
    op.drop_column("service", "who_renews")
