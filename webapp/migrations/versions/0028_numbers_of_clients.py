"""how many services and domains a client has is stored, for the list of clients

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

KINDS = ("service", "domain")


def upgrade():
    for kind in KINDS:
        column = f"{kind}_count"
        op.add_column("client", sa.Column(column, sa.Integer, nullable=False, server_default="0"))
        op.execute(
            f"UPDATE client SET {column} ="
            f" (SELECT count(*) FROM {kind} WHERE {kind}.client_id = client.id)"
        )
        op.create_index(f"ix_client_{column}", "client", [column, "id"])
    op.execute("ANALYZE")


def downgrade():
    for kind in KINDS:
        op.drop_index(f"ix_client_{kind}_count", "client")
        op.drop_column("client", f"{kind}_count")
