"""what is remembered of alerts, and who wants them by mail

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "alert_name",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(260), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("checked_at", INSTANT, nullable=False),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["target.id"],
            name="fk_alert_name_target_id",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert_name"),
        sa.UniqueConstraint("name", name="uq_alert_name_name"),
    )
    op.create_index("ix_alert_name_target_id", "alert_name", ["target_id"])
    op.create_index("ix_alert_name_next_at", "alert_name", ["next_at"])
    op.create_table(
        "alert_incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("next_at", INSTANT, nullable=True),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_incident"),
    )
    op.create_table(
        "alert_clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("evaluated_at", INSTANT, nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_alert_clock"),
    )
    op.add_column(
        "user", sa.Column("alert_mails", sa.Boolean(), nullable=False, server_default=sa.true())
    )


def downgrade():
    op.drop_column("user", "alert_mails")
    op.drop_table("alert_clock")
    op.drop_table("alert_incident")
    op.drop_table("alert_name")
