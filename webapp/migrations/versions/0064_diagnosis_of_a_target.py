"""the name of a diagnosis has room for a port

Revision ID: 0064
Revises: 0063
"""

import sqlalchemy as sa
from alembic import op

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None


def upgrade():
    _give_room(255, 259)


def downgrade():
    op.execute("DELETE FROM diagnosis WHERE length(name) > 255")  # none is older than 15 minutes
    _give_room(259, 255)


def _give_room(before, after):
    if op.get_bind().dialect.name == "postgresql":
        # Alembic would leave out the collation, see `extensions`
        op.execute(f'ALTER TABLE diagnosis ALTER COLUMN name TYPE varchar({after}) COLLATE "C"')
        return
    # The table is made again, and would give ids a second time without the word
    kept = {"sqlite_autoincrement": True}
    with op.batch_alter_table("diagnosis", table_kwargs=kept) as table:
        table.alter_column("name", existing_type=sa.String(before), type_=sa.String(after))
