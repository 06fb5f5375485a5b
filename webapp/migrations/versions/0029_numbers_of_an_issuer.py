"""an index by which the report counts the states and weeks of one issuer

Revision ID: 0029
Revises: 0028
"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

NAME = "ix_listing_row_issuer_rank"


def upgrade():
    op.create_index(NAME, "listing_row", ["kind", "issuer", "rank", "not_after"])
    op.execute("ANALYZE")


def downgrade():
    op.drop_index(NAME, "listing_row")
