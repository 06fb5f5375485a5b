"""how many users a client has is stored, for the list of clients

Revision ID: 0060
Revises: 0059
"""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade():
    column = sa.Column("user_count", sa.Integer, nullable=False, server_default="0")
    op.add_column("client", column)
    op.execute(
        "UPDATE client SET user_count ="
        ' (SELECT count(*) FROM "user" WHERE "user".client_id = client.id)'
    )
    op.create_index("ix_client_user_count", "client", ["user_count", "id"])
    op.execute("ANALYZE client")


def downgrade():
    op.drop_index("ix_client_user_count", "client")
    op.drop_column("client", "user_count")
