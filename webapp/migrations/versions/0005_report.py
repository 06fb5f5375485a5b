"""what the report is sorted by, and its saved views

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name=op.f("fk_saved_view_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_view_user_id")),
    )
    op.create_index(
        "ix_hostname_issuer_sorted", "hostname", [sa.text("lower(issuer)"), "id", "issuer"]
    )
    op.create_index("ix_hostname_not_after", "hostname", ["not_after", "id"])
    op.create_index("ix_hostname_checked", "hostname", ["checked_at", "id"])
    op.create_index("ix_hostname_changed", "hostname", ["changed_at", "id"])


def downgrade():
    for name in ("changed", "checked", "not_after", "issuer_sorted"):
        op.drop_index(f"ix_hostname_{name}", "hostname")
    op.drop_table("saved_view")
