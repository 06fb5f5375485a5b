"""refused addresses of clients, too, and not of users alone

Revision ID: 0052
Revises: 0051
"""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "refused_address",
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("said", sa.String(200), nullable=False),
        sa.Column("refused_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("email", name="pk_refused_address"),
    )
    op.execute(
        "INSERT INTO refused_address (email, said, refused_at)"
        " SELECT refused, MIN(refused_code), MIN(refused_at) FROM alert_reader"
        " WHERE refused <> '' AND refused_at IS NOT NULL GROUP BY refused"
    )
    for column in ("refused", "refused_code", "refused_at"):
        op.drop_column("alert_reader", column)


def downgrade():
    text = {"nullable": False, "server_default": ""}
    op.add_column("alert_reader", sa.Column("refused", sa.String(254), **text))
    op.add_column("alert_reader", sa.Column("refused_code", sa.String(20), **text))
    op.add_column("alert_reader", sa.Column("refused_at", INSTANT, nullable=True))
    op.execute("DELETE FROM job WHERE kind = 'test mail'")
    op.drop_table("refused_address")
