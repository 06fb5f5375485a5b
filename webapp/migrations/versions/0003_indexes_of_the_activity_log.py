"""what the activity log is filtered by

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.drop_index(op.f("ix_activity_at"), "activity")
    op.create_index("ix_activity_kind", "activity", ["kind", "id"])
    op.create_index("ix_activity_action", "activity", ["action", "id"])
    op.create_index("ix_activity_who", "activity", ["who", "id"])


def downgrade():
    op.drop_index("ix_activity_who", "activity")
    op.drop_index("ix_activity_action", "activity")
    op.drop_index("ix_activity_kind", "activity")
    op.create_index(op.f("ix_activity_at"), "activity", ["at"])
