"""the daily refresh: runs, changes, and what a host name is claimed and ordered by

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
WORD = sa.String(length=32)


def upgrade():
    # Straight, not in a batch: that would rebuild the table, and there are rows that refer to it.
    op.add_column("hostname", sa.Column("asked_at", INSTANT, nullable=True))
    op.add_column("hostname", sa.Column("urgent_at", INSTANT, nullable=True))
    op.add_column("hostname", sa.Column("run_id", sa.Integer(), nullable=True))
    op.add_column("hostname", sa.Column("claim", WORD, nullable=True))
    op.add_column("hostname", sa.Column("claimed_until", INSTANT, nullable=True))
    op.create_index("ix_hostname_claim", "hostname", ["claim"])
    op.create_index("ix_hostname_due", "hostname", ["asked_at", "urgent_at"])
    # What is in the last third of its lifetime is found at the next check.
    op.execute("UPDATE hostname SET asked_at = checked_at")
    op.execute("UPDATE hostname SET urgent_at = checked_at WHERE state = 'invalid'")
    op.create_table(
        "change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("hostname_id", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("old_state", WORD, nullable=True),
        sa.Column("new_state", WORD, nullable=False),
        sa.Column("old_reason", WORD, nullable=True),
        sa.Column("new_reason", WORD, nullable=False),
        sa.Column("old_issuer", sa.String(length=200), nullable=False),
        sa.Column("new_issuer", sa.String(length=200), nullable=False),
        sa.Column("old_fingerprint", sa.String(length=64), nullable=True),
        sa.Column("new_fingerprint", sa.String(length=64), nullable=True),
        sa.Column("old_not_after", INSTANT, nullable=True),
        sa.Column("new_not_after", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["hostname_id"], ["hostname.id"], name=op.f("fk_change_hostname_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change")),
    )
    op.create_index("ix_change_of", "change", ["hostname_id", "at"])
    op.create_table(
        "refresh_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("who", sa.String(length=254), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("valid", sa.Integer(), nullable=False),
        sa.Column("invalid", sa.Integer(), nullable=False),
        sa.Column("unknown", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("detail", sa.String(length=500), nullable=False),
        sa.Column("owner", WORD, nullable=True),
        sa.Column("owned_until", INSTANT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("retry_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refresh_run")),
        sa.UniqueConstraint("slot", name=op.f("uq_refresh_run_slot")),
    )
    op.create_table(
        "heartbeat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticked_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heartbeat")),
    )


def downgrade():
    op.drop_table("heartbeat")
    op.drop_table("refresh_run")
    op.drop_table("change")
    op.drop_index("ix_hostname_due", "hostname")
    op.drop_index("ix_hostname_claim", "hostname")
    for column in ("claimed_until", "claim", "run_id", "urgent_at", "asked_at"):
        op.drop_column("hostname", column)
