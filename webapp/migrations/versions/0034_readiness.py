"""which renewals have a rhythm, and numbers that take a while to count

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade():
    # Of names that are remembered already it is noted with their next check
    op.add_column(
        "alert_name", sa.Column("regular", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_table(
        "stored_count",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_stored_count"),
    )


def downgrade():
    op.drop_table("stored_count")
    op.drop_column("alert_name", "regular")
