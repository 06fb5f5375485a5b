"""serial numbers in the history of certificates

Revision ID: 0038
Revises: 0037
"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade():
    for name in ("old_serial", "new_serial"):
        op.add_column("change", sa.Column(name, sa.String(200), nullable=False, server_default=""))


def downgrade():
    for name in ("new_serial", "old_serial"):
        op.drop_column("change", name)
