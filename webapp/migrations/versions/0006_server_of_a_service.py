"""the server of a service, and where its domain leads, seen from there

Revision ID: 0006
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("service") as table:
        table.add_column(sa.Column("server_address", sa.String(length=45), nullable=True))
        table.add_column(sa.Column("origin", sa.String(length=32), nullable=True))
    op.create_index("ix_service_origin", "service", ["origin", "id"])


def downgrade():
    op.drop_index("ix_service_origin", "service")
    with op.batch_alter_table("service") as table:
        table.drop_column("origin")
        table.drop_column("server_address")
