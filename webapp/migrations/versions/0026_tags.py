"""tags of clients, services and domains

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "tag",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tag"),
        sa.UniqueConstraint("key", name="uq_tag_key"),
    )
    op.create_table(
        "item_tag",
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("row_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer()),
        sa.Column("domain_id", sa.Integer()),
        *(_owned_by("item_tag", table) for table in ("tag", "service", "domain")),
        sa.PrimaryKeyConstraint("tag_id", "row_id", name="pk_item_tag"),
    )
    op.create_index("ix_item_tag_service_id", "item_tag", ["service_id"])
    op.create_index("ix_item_tag_domain_id", "item_tag", ["domain_id"])
    op.create_table(
        "client_tag",
        sa.Column("tag_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        *(_owned_by("client_tag", table) for table in ("tag", "client")),
        sa.PrimaryKeyConstraint("tag_id", "client_id", name="pk_client_tag"),
    )
    op.create_index("ix_client_tag_client_id", "client_tag", ["client_id"])


def _owned_by(links, table):
    column = f"{table}_id"
    name = f"fk_{links}_{column}"
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name, ondelete="CASCADE")


def downgrade():
    op.drop_table("client_tag")
    op.drop_table("item_tag")
    op.drop_table("tag")
