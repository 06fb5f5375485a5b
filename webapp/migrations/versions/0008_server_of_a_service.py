"""the server of a service, and where its domain leads, seen from there

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("service", sa.Column("server_address", sa.String(length=45), nullable=True))
    op.add_column("service", sa.Column("origin", sa.String(length=32), nullable=True))
    op.create_index(
        "ix_service_origin", "service", ["origin", "id", "status", "client_id", "hostname_id"]
    )


def downgrade():
    op.drop_index("ix_service_origin", "service")
    op.drop_column("service", "origin")
    op.drop_column("service", "server_address")
