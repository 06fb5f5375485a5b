"""webhooks, which sign what they send

Revision ID: 0044
Revises: 0043
"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade():
    op.add_column("channel", sa.Column("secrets", sa.String(1000), nullable=True))
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(40), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("said_at", INSTANT, nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("problem", sa.String(20), nullable=False),
        sa.Column("answer", sa.String(1000), nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["channel.id"],
            name="fk_webhook_delivery_channel_id_channel",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_delivery"),
        sa.UniqueConstraint("channel_id", "message_id", name="uq_webhook_delivery_channel_id"),
        sqlite_autoincrement=True,
    )


def downgrade():
    op.drop_table("webhook_delivery")
    # Without its secrets a webhook would be taken for a channel of Apprise's
    op.execute(sa.text("DELETE FROM channel WHERE secrets IS NOT NULL"))
    with op.batch_alter_table("channel") as channel:
        channel.drop_column("secrets")
