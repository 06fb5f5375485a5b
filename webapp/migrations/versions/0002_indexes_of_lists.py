"""what the lists are sorted, filtered and searched by

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SERVICE = ["id", "status", "client_id", "hostname_id"]
DOMAIN = ["id", "status", "client_id", "hostname_id"]
OLD = [
    ("ix_domain_client_id", "domain", ["client_id"]),
    ("ix_domain_hostname_id", "domain", ["hostname_id"]),
    ("ix_service_client_id", "service", ["client_id"]),
    ("ix_service_hostname_id", "service", ["hostname_id"]),
    ("ix_hostname_state", "hostname", ["state", "not_after"]),
    ("ix_service_domain_sorted", "service", [sa.text("lower(domain)"), "id"]),
    ("ix_service_product_sorted", "service", [sa.text("lower(product)"), "id"]),
    ("ix_service_status", "service", ["status", "id"]),
    ("ix_service_due_sorted", "service", [sa.text("(next_due_on IS NULL)"), "next_due_on", "id"]),
    ("ix_domain_name_sorted", "domain", [sa.text("lower(name)"), "id"]),
    ("ix_domain_status", "domain", ["status", "id"]),
    (
        "ix_domain_registered_sorted",
        "domain",
        [sa.text("(registered_on IS NULL)"), "registered_on", "id"],
    ),
    ("ix_domain_expires_sorted", "domain", [sa.text("(expires_on IS NULL)"), "expires_on", "id"]),
]
NEW = [
    ("ix_user_name_sorted", "user", [sa.text("lower(name)"), "id"]),
    ("ix_user_role", "user", ["role", "id"]),
    ("ix_hostname_reason", "hostname", ["reason", "not_after"]),
    ("ix_service_domain_sorted", "service", [sa.text("lower(domain)"), *SERVICE]),
    ("ix_service_product_sorted", "service", [sa.text("lower(product)"), *SERVICE]),
    ("ix_service_due_sorted", "service", ["next_due_on", *SERVICE]),
    ("ix_service_status", "service", ["status", "id", "client_id", "hostname_id"]),
    ("ix_service_client", "service", ["client_id", "id", "status", "hostname_id"]),
    ("ix_service_hostname", "service", ["hostname_id", "id", "status", "client_id"]),
    ("ix_service_text", "service", ["domain", "product", "client_id", "hostname_id", "status"]),
    ("ix_domain_name_sorted", "domain", [sa.text("lower(name)"), *DOMAIN]),
    ("ix_domain_registered_sorted", "domain", ["registered_on", *DOMAIN]),
    ("ix_domain_expires_sorted", "domain", ["expires_on", *DOMAIN]),
    ("ix_domain_status", "domain", ["status", "id", "client_id", "hostname_id"]),
    ("ix_domain_client", "domain", ["client_id", "id", "status", "hostname_id"]),
    ("ix_domain_hostname", "domain", ["hostname_id", "id", "status", "client_id"]),
    ("ix_domain_text", "domain", ["name", "client_id", "hostname_id", "status"]),
]


def upgrade():
    _replace(OLD, NEW)


def downgrade():
    _replace(NEW, OLD)


def _replace(old, new):
    for name, table, _ in old:
        op.drop_index(name, table)
    for name, table, columns in new:
        op.create_index(name, table, columns)
