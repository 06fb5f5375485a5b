"""tokens of users and clients, who used one in the activity log, and checks that programs ask for

Revision ID: 0050
Revises: 0049
"""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("scope", sa.String(32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=True),
        sa.Column("last_used_at", INSTANT, nullable=True),
        sa.Column("last_used_from", sa.String(45), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_token_user_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name="fk_token_client_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_token"),
        sa.UniqueConstraint("token_hash", name="uq_token_token_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_token_user_id", "token", ["user_id"])
    op.create_index("ix_token_client_id", "token", ["client_id"])
    op.create_table(
        "check_request",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("viewer", sa.Integer(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_check_request"),
    )
    op.create_index("ix_check_request_started_at", "check_request", ["started_at"])
    op.add_column("activity", sa.Column("token", sa.String(100), nullable=False, server_default=""))


def downgrade():
    op.drop_column("activity", "token")
    op.drop_table("check_request")
    op.drop_table("token")
