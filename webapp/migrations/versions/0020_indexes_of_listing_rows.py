"""lists read listing rows: the indexes of what they read before go

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

SERVICE = ["id", "status", "client_id", "target_id"]
DOMAIN = ["id", "status", "client_id", "target_id"]
OLD = [
    ("ix_service_domain_sorted", "service", [sa.text("lower(domain)"), *SERVICE]),
    ("ix_service_product_sorted", "service", [sa.text("lower(product)"), *SERVICE]),
    ("ix_service_due_sorted", "service", ["next_due_on", *SERVICE]),
    ("ix_service_status", "service", ["status", "id", "client_id", "target_id"]),
    ("ix_service_origin", "service", ["origin", *SERVICE]),
    ("ix_service_text", "service", ["domain", "product", "client_id", "target_id", "status"]),
    ("ix_domain_name_sorted", "domain", [sa.text("lower(name)"), *DOMAIN]),
    ("ix_domain_registered_sorted", "domain", ["registered_on", *DOMAIN]),
    ("ix_domain_expires_sorted", "domain", ["expires_on", *DOMAIN]),
    ("ix_domain_status", "domain", ["status", "id", "client_id", "target_id"]),
    ("ix_domain_text", "domain", ["name", "client_id", "target_id", "status"]),
    ("ix_target_reason", "target", ["reason", "not_after"]),
    ("ix_target_issuer_sorted", "target", [sa.text("lower(issuer)"), "id", "issuer"]),
    ("ix_target_not_after", "target", ["not_after", "id"]),
    ("ix_target_changed", "target", ["changed_at", "id"]),
    ("ix_target_browsers_refuse", "target", ["browsers_refuse"]),
]
NEW = [
    ("ix_client_created", "client", ["created_at", "id"]),
    ("ix_target_issuer", "target", ["issuer"]),
]


def upgrade():
    _replace(OLD, NEW)
    op.execute("ANALYZE")


def downgrade():
    _replace(NEW, OLD)


def _replace(old, new):
    for name, table, _ in old:
        op.drop_index(name, table)
    for name, table, columns in new:
        op.create_index(name, table, columns)
