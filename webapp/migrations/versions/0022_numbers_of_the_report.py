"""an index by which the report counts its states and weeks

Revision ID: 0022
Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

NAME = "ix_listing_row_rank_not_after"


def upgrade():
    op.create_index(NAME, "listing_row", ["kind", "rank", "not_after"])
    op.execute("ANALYZE")


def downgrade():
    op.drop_index(NAME, "listing_row")
