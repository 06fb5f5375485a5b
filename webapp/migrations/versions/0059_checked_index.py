"""the index of when items were checked has what the report's numbers are counted by

Revision ID: 0059
Revises: 0058
"""

from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

INDEX = "ix_listing_row_checked_at"
COLUMNS = ["kind", "checked_at", "id", "client_id", "status"]


def upgrade():
    _make([*COLUMNS, "rank", "not_after"])


def downgrade():
    _make(COLUMNS)


def _make(columns):
    op.drop_index(INDEX, "listing_row")
    op.create_index(INDEX, "listing_row", columns)
    op.execute("ANALYZE listing_row")
