"""what staff do about the rows of Today

Revision ID: 0046
Revises: 0045
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

COLUMNS = ("version", "assigned_id", "note", "snoozed_until", "snoozed_need")


def upgrade():
    with op.batch_alter_table("alert_name") as table:
        table.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("assigned_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("note", sa.String(200), nullable=False, server_default=""))
        table.add_column(sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("snoozed_need", sa.SmallInteger(), nullable=True))
        table.create_foreign_key(
            "fk_alert_name_assigned_id_user", "user", ["assigned_id"], ["id"], ondelete="SET NULL"
        )
        table.create_index("ix_alert_name_assigned_id", ["assigned_id"])


def downgrade():
    with op.batch_alter_table("alert_name") as table:
        table.drop_index("ix_alert_name_assigned_id")
        table.drop_constraint("fk_alert_name_assigned_id_user", type_="foreignkey")
        for column in reversed(COLUMNS):
            table.drop_column(column)
