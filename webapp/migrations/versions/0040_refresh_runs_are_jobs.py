"""a background job works on a refresh run: the run itself has no owner any more

A run that is under way gets its job from the next tick of the scheduler.

Revision ID: 0040
Revises: 0039
"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade():
    op.drop_column("refresh_run", "owner")
    op.drop_column("refresh_run", "owned_until")


def downgrade():
    op.execute("DELETE FROM job WHERE kind = 'refresh'")
    op.add_column("refresh_run", sa.Column("owner", sa.String(32), nullable=True))
    op.add_column("refresh_run", sa.Column("owned_until", sa.DateTime(True), nullable=True))
