"""links that show a client's padlocks without a sign-in

Revision ID: 0047
Revises: 0046
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
TABLE = "public_link"
OWNERS = ("client", "service", "domain")


def upgrade():
    op.create_table(
        TABLE,
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("use", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        *(sa.Column(f"{owner}_id", sa.Integer(), nullable=owner != "client") for owner in OWNERS),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(254), nullable=False),
        sa.Column("ends_at", INSTANT, nullable=True),
        *(
            sa.ForeignKeyConstraint(
                [f"{owner}_id"],
                [f"{owner}.id"],
                name=f"fk_{TABLE}_{owner}_id_{owner}",
                ondelete="CASCADE",
            )
            for owner in OWNERS
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{TABLE}"),
        sa.UniqueConstraint("token_hash", name=f"uq_{TABLE}_token_hash"),
        sqlite_autoincrement=True,
    )
    for owner in OWNERS:
        op.create_index(f"ix_{TABLE}_{owner}_id", TABLE, [f"{owner}_id"])


def downgrade():
    op.drop_table(TABLE)
