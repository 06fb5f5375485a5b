"""rules of alerts, what people do about a name, and the lifetimes of earlier certificates

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "alert_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(32), nullable=False),
        sa.Column("key", sa.String(260), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["client.id"], name="fk_alert_rule_client_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name="fk_alert_rule_target_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert_rule"),
        sa.UniqueConstraint("scope", "key", name="uq_alert_rule_scope"),
    )
    op.create_index("ix_alert_rule_client_id", "alert_rule", ["client_id"])
    op.create_index("ix_alert_rule_target_id", "alert_rule", ["target_id"])
    op.create_table(
        "alert_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(32), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["target_id"], ["target.id"], name="fk_alert_act_target_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_alert_act_user_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert_act"),
    )
    op.create_index("ix_alert_act_of", "alert_act", ["target_id", "id"])
    op.create_index("ix_alert_act_user_id", "alert_act", ["user_id"])
    op.create_index("ix_alert_act_taken", "alert_act", ["taken"])
    op.add_column("change", sa.Column("old_not_before", INSTANT, nullable=True))
    op.add_column("change", sa.Column("new_not_before", INSTANT, nullable=True))


def downgrade():
    op.drop_column("change", "new_not_before")
    op.drop_column("change", "old_not_before")
    op.drop_table("alert_act")
    op.drop_table("alert_rule")
