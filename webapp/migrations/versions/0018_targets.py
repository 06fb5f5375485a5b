"""a host name becomes a target: with its port and its protocol

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from webapp.probe import HTTPS_PORT, NotCheckable, understand

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEXES = {
    "browsers_refuse": ["browsers_refuse"],
    "changed": ["changed_at", "id"],
    "checked": ["checked_at", "id"],
    "claim": ["claim"],
    "due": ["asked_at", "urgent_at", "id"],
    "issuer_sorted": [sa.text("lower(issuer)"), "id", "issuer"],
    "next_at": ["next_at"],
    "not_after": ["not_after", "id"],
    "reason": ["reason", "not_after"],
}
REFERRING = ("service", "domain", "change")
TEXTS = {"service": "domain", "domain": "name"}
NEW = (
    "INSERT INTO target (hostname, port, detail, subject, issuer, serial, key, signature,"
    " problems, notes, names)"
    " VALUES (:hostname, :port, '', '', '', '', '', '', '[]', '[]', '[]')"
)


def upgrade():
    _rename("hostname", "target", {"name": "hostname", "port": "address_port"})
    # SQLite makes the table again here: its indexes are made after it.
    with op.batch_alter_table("target") as table:
        table.add_column(sa.Column("port", sa.Integer(), nullable=False, server_default="443"))
        table.add_column(
            sa.Column("protocol", sa.String(length=32), nullable=False, server_default="https")
        )
        table.drop_constraint("uq_hostname_name", type_="unique")
        table.create_unique_constraint("uq_target_hostname", ["hostname", "port", "protocol"])
    _index("target")
    _ask_at_their_ports()


def downgrade():
    """What is asked at another port than 443 is asked at 443 again, as before, and nothing is known
    of that yet."""
    _leave_other_ports()
    # Here SQLite makes the table again, too, before the columns have their old names.
    _drop_indexes("target")
    with op.batch_alter_table("target") as table:
        table.drop_constraint("uq_target_hostname", type_="unique")
        table.drop_column("protocol")
        table.drop_column("port")
        table.create_unique_constraint("uq_hostname_name", ["hostname"])
    _rename("target", "hostname", {"address_port": "port", "hostname": "name"}, indexed=False)
    _index("hostname")


def _leave_other_ports():
    others = "SELECT id FROM target WHERE port <> 443 OR protocol <> 'https'"
    texts = "detail, subject, issuer, serial, key, signature"
    lists = "problems, notes, names"
    op.execute(
        f"INSERT INTO target (hostname, {texts}, {lists})"
        " SELECT hostname, '', '', '', '', '', '', '[]', '[]', '[]'"
        f" FROM (SELECT DISTINCT hostname FROM target WHERE id IN ({others})) AS moved"
        " WHERE NOT EXISTS (SELECT 1 FROM target AS usual WHERE usual.hostname = moved.hostname"
        " AND usual.port = 443 AND usual.protocol = 'https')"
    )
    usual = (
        "SELECT usual.id FROM target AS usual, target AS other"
        " WHERE usual.hostname = other.hostname"
        " AND usual.port = 443 AND usual.protocol = 'https' AND other.id = target_id"
    )
    for table in ("service", "domain"):
        of_others = f"WHERE target_id IN ({others})"
        op.execute(f"UPDATE {table} SET target_id = ({usual}) {of_others}")
    op.execute(f"DELETE FROM change WHERE target_id IN ({others})")
    op.execute(f"DELETE FROM target WHERE id IN ({others})")


def _ask_at_their_ports():
    """Until now a port that was entered was left out, and port 443 asked."""
    connection = op.get_bind()
    left = set()
    for table, text in TEXTS.items():
        with_port = f"{text} LIKE '%:%' AND target_id IS NOT NULL"
        rows = f"SELECT id, {text}, target_id FROM {table} WHERE {with_port}"
        for item_id, entered, target_id in connection.execute(sa.text(rows)).all():
            port = _port(entered)
            if port != HTTPS_PORT:
                change = "SET target_id = :target WHERE id = :id"
                update = sa.text(f"UPDATE {table} {change}")
                target = _target(connection, target_id, port)
                connection.execute(update, {"target": target, "id": item_id})
                left.add(target_id)
    for target_id in left:
        used = " OR ".join(
            f"EXISTS (SELECT 1 FROM {table} WHERE target_id = :id)" for table in TEXTS
        )
        for statement in (
            f"DELETE FROM change WHERE target_id = :id AND NOT ({used})",
            f"DELETE FROM target WHERE id = :id AND NOT ({used})",
        ):
            connection.execute(sa.text(statement), {"id": target_id})


def _port(entered):
    try:
        return understand(entered).port
    except NotCheckable:
        return HTTPS_PORT


def _target(connection, target_id, port):
    """The id of the target with the host name of this one, at another port; made where it is
    new."""
    hostname = connection.scalar(
        sa.text("SELECT hostname FROM target WHERE id = :id"), {"id": target_id}
    )
    asked = {"hostname": hostname, "port": port}
    found = sa.text(
        "SELECT id FROM target WHERE hostname = :hostname AND port = :port AND protocol = 'https'"
    )
    known = connection.scalar(found, asked)
    if known is None:
        connection.execute(sa.text(NEW), asked)
        known = connection.scalar(found, asked)
    return known


def _rename(old, new, columns, *, indexed=True):
    if indexed:
        _drop_indexes(old)
    op.rename_table(old, new)
    for before, after in columns.items():
        op.execute(f'ALTER TABLE {new} RENAME COLUMN "{before}" TO "{after}"')
    for table in REFERRING:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old}_id TO {new}_id")
    for table in ("service", "domain"):
        op.drop_index(f"ix_{table}_{old}", table)
        rest = ["id", "status", "client_id"]
        op.create_index(f"ix_{table}_{new}", table, [f"{new}_id", *rest])
    if op.get_bind().dialect.name == "postgresql":  # SQLite cannot rename them
        op.execute(f"ALTER TABLE {new} RENAME CONSTRAINT pk_{old} TO pk_{new}")
        op.execute(f"ALTER SEQUENCE {old}_id_seq RENAME TO {new}_id_seq")
        for table in REFERRING:
            op.execute(
                f"ALTER TABLE {table} RENAME CONSTRAINT fk_{table}_{old}_id TO fk_{table}_{new}_id"
            )


def _drop_indexes(table):
    for name in INDEXES:
        op.drop_index(f"ix_{table}_{name}", table)


def _index(table):
    for name, columns in INDEXES.items():
        op.create_index(f"ix_{table}_{name}", table, columns)
