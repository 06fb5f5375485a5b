"""when staff wrote to a client about a row of Today

Revision ID: 0049
Revises: 0048
"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("alert_name") as table:
        table.add_column(sa.Column("written_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("written_by_id", sa.Integer(), nullable=True))
        table.create_foreign_key(
            "fk_alert_name_written_by_id_user",
            "user",
            ["written_by_id"],
            ["id"],
            ondelete="SET NULL",
        )
        table.create_index("ix_alert_name_written_by_id", ["written_by_id"])


def downgrade():
    with op.batch_alter_table("alert_name") as table:
        table.drop_index("ix_alert_name_written_by_id")
        table.drop_constraint("fk_alert_name_written_by_id_user", type_="foreignkey")
        table.drop_column("written_by_id")
        table.drop_column("written_at")
