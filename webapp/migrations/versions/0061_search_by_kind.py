"""on PostgreSQL services and domains have an index each for searches

Revision ID: 0061
Revises: 0060
"""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

# As webapp/customers/search_index.py made them before and at that time
BEFORE = {
    f"listing_search_{text}": f"listing_row USING gin ({text} gin_trgm_ops)"
    for text in ("client_text", "text")
}
AFTER = {
    f"listing_search_{kind}_{text}": f"listing_row USING gin ({text} gin_trgm_ops)"
    f" WHERE {kind}_id IS NOT NULL"
    for kind in ("domain", "service")
    for text in ("client_text", "text")
}


def upgrade():
    _replace(BEFORE, AFTER)


def downgrade():
    _replace(AFTER, BEFORE)


def _replace(old, new):
    """Nothing where the extension is not there, or an index is not: System Health says so."""
    if op.get_bind().dialect.name == "sqlite":
        return
    there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("listing_row")}
    for name in old:
        op.execute(f"DROP INDEX IF EXISTS {name}")
    if old.keys() <= there:
        for name, rows in new.items():
            op.execute(f"CREATE INDEX {name} ON {rows}")
