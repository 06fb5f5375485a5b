"""contact e-mail of clients, and notes on clients, services and domains

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NOTED = ("client", "service", "domain")


def upgrade():
    op.add_column("client", sa.Column("contact_email", sa.String(254)))
    for table in NOTED:
        op.add_column(table, sa.Column("note", sa.String(2000)))


def downgrade():
    for table in NOTED:
        op.drop_column(table, "note")
    op.drop_column("client", "contact_email")
