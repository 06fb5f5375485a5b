"""an index for what was done to one item

Revision ID: 0057
Revises: 0056
"""

from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_activity_item", "activity", ["item_id", "kind"])


def downgrade():
    op.drop_index("ix_activity_item", "activity")
