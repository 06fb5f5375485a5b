"""security events, where and when a sign-in was used, and the number in links to reset a password

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "security_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("email_hash", sa.String(length=16), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["by_id"], ["user.id"], name="fk_security_event_by_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user.id"], name="fk_security_event_user_id", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_security_event"),
    )
    op.create_index("ix_security_event_at", "security_event", ["at"])
    op.create_index("ix_security_event_by_id", "security_event", ["by_id"])
    op.create_index("ix_security_event_event", "security_event", ["event", "id"])
    op.create_index("ix_security_event_address", "security_event", ["address", "id"])
    op.create_index("ix_security_event_user_id", "security_event", ["user_id", "id"])
    # Defaults, so that the tables need not be rebuilt on SQLite.
    op.add_column(
        "sign_in",
        sa.Column("last_used_at", INSTANT, nullable=False, server_default="2000-01-01 00:00:00"),
    )
    op.execute("UPDATE sign_in SET last_used_at = created_at")
    op.add_column(
        "sign_in", sa.Column("address", sa.String(length=45), nullable=False, server_default="")
    )
    op.add_column(
        "sign_in", sa.Column("user_agent", sa.String(length=255), nullable=False, server_default="")
    )
    op.add_column(
        "user", sa.Column("reset_epoch", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade():
    op.drop_column("user", "reset_epoch")
    for name in ("user_agent", "address", "last_used_at"):
        op.drop_column("sign_in", name)
    op.drop_table("security_event")
