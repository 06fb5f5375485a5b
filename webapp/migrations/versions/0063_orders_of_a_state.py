"""indexes have the rows of one state in the orders of expiry and of status, and what browsers may
refuse by its kind

Revision ID: 0063
Revises: 0062
"""

import sqlalchemy as sa
from alembic import op

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

TABLE = "listing_row"
REFUSED = "ix_listing_row_browsers_refuse"
BEFORE = {
    "ix_listing_row_rank_not_after": ["kind", "rank", "not_after"],
    "ix_listing_row_status_rank": ["kind", "status", "rank"],
    REFUSED: ["id"],
}
AFTER = {
    "ix_listing_row_rank_not_after": ["kind", "rank", "not_after", "id", "client_id"],
    "ix_listing_row_rank_status": ["kind", "rank", "status", "id", "client_id"],
    REFUSED: ["kind", "id"],
}


def upgrade():
    _replace(BEFORE, AFTER)


def downgrade():
    _replace(AFTER, BEFORE)


def _replace(old, new):
    refused = {
        "sqlite_where": sa.text("browsers_refuse IS 1"),
        "postgresql_where": sa.text("browsers_refuse IS true"),
    }
    for name in old:
        op.drop_index(name, TABLE)
    for name, columns in new.items():
        op.create_index(name, TABLE, columns, **(refused if name == REFUSED else {}))
    op.execute(f"ANALYZE {TABLE}")
