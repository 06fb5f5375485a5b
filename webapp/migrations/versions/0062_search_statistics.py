"""on PostgreSQL the search indexes of services and domains have statistics of their own

Revision ID: 0062
Revises: 0061
"""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

# As webapp/customers/search_index.py made them before and at that time
NAMES = [(kind, text) for kind in ("domain", "service") for text in ("client_text", "text")]
BEFORE = {
    f"listing_search_{kind}_{text}": f"({text} gin_trgm_ops) WHERE {kind}_id IS NOT NULL"
    for kind, text in NAMES
}
AFTER = {
    f"listing_search_{kind}_{text}": (
        f"((CASE WHEN {kind}_id IS NOT NULL THEN {text} END) gin_trgm_ops)"
    )
    for kind, text in NAMES
}


def upgrade():
    _replace(AFTER)


def downgrade():
    _replace(BEFORE)


def _replace(new):
    """Does nothing where one of them is missing: System Health says so."""
    if op.get_bind().dialect.name == "sqlite":
        return
    there = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("listing_row")}
    if new.keys() <= there:
        for name, rows in new.items():
            op.execute(f"DROP INDEX {name}")
            op.execute(f"CREATE INDEX {name} ON listing_row USING gin {rows}")
        op.execute("ANALYZE listing_row")
