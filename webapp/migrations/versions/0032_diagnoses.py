"""diagnoses and their steps

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "diagnosis",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("server", sa.String(45), nullable=False),
        sa.Column("viewer", sa.Integer(), nullable=False),
        sa.Column("started_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_diagnosis"),
        sa.UniqueConstraint("name", "server", name="uq_diagnosis_name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "diagnosis_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("diagnosis_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["diagnosis_id"],
            ["diagnosis.id"],
            name="fk_diagnosis_step_diagnosis_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_diagnosis_step"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_diagnosis_step_diagnosis_id", "diagnosis_step", ["diagnosis_id"])


def downgrade():
    op.drop_table("diagnosis_step")
    op.drop_table("diagnosis")
    # A release of before leaves them alone, and the ids in their keys begin again
    op.execute("DELETE FROM job WHERE kind = 'diagnosis'")
